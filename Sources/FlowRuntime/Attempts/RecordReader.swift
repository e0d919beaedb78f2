import FlowCore
import FlowStorage

/// An attempt record as it was read once.
struct RecordSighting: Equatable {
  /// Nil if there is none.
  var record: AttemptRecord?
  /// Whether a monitor held the lock just before the record was read. A record that is read after
  /// its lock was seen free is final.
  var isLocked: Bool
}

/// Reads attempt records.
///
/// Invariant: a storage failure is never taken for the absence of a record. Records decide whether
/// a command is run again, so the storage is asked again later.
struct RecordReader<Store: Storage> {
  let storage: Store

  /// Reads the record of an attempt.
  ///
  /// - Throws: if the storage fails.
  func look(at request: LaunchRequest) throws(StorageError) -> RecordSighting {
    var sighting = try look(atPath: request.recordPath)
    if let start = sighting.record?.start, start.id != request.attempt {
      sighting.record = .decode([])
    }
    return sighting
  }

  /// Reads a record that may belong to any attempt.
  func look(atPath path: String) throws(StorageError) -> RecordSighting {
    do throws(StorageError) {
      let file = try File(path, .read, in: storage)
      // The lock first: if it is free, the record that is read after it is final.
      let isLocked = try file.isLockedByAnother()
      let record = AttemptRecord.decode(try file.read(at: 0, count: AttemptRecord.byteCount))
      return RecordSighting(record: record, isLocked: isLocked)
    } catch {
      guard error.errno == .noSuchFile else { throw error }
      return RecordSighting(record: nil, isLocked: false)
    }
  }

  /// The paths of all attempt records of a run, sorted.
  func paths(in folder: RunFolder) throws(RunError) -> [String] {
    let names = try wrapping { () throws(StorageError) in
      try Folder(folder.attempts, in: storage).namesIfPresent()
    }
    return names.filter { $0.utf8.suffix(4).elementsEqual(".rec".utf8) }
      .map { "\(folder.attempts)/\($0)" }
  }

  /// The intent that a record names; nil if it names none.
  func intent(at path: String) throws(StorageError) -> Int64? {
    try look(atPath: path).record?.start?.intent
  }
}
