import FlowCore
import FlowStorage

/// An attempt's record as it was found.
struct RecordSighting: Equatable {
  /// Nil if there is none.
  var record: AttemptRecord?
  /// Whether a monitor held the lock just before the record was read: a record that is read after
  /// its lock was seen free is final.
  var isLocked: Bool
}

/// Reads the records of attempts. What they say decides whether something is run again: a storage that
/// fails is asked again later, and never taken for an answer.
struct RecordReader<Store: Storage> {
  let storage: Store

  /// What can be seen of an attempt.
  ///
  /// - Throws: if the storage does not tell.
  func look(at request: LaunchRequest) throws(StorageError) -> RecordSighting {
    var sighting = try look(atPath: request.recordPath)
    if let start = sighting.record?.start, start.id != request.attempt {
      sighting.record = .decode([])
    }
    return sighting
  }

  /// The same of a record that may be of any attempt.
  func look(atPath path: String) throws(StorageError) -> RecordSighting {
    do throws(StorageError) {
      let file = try File(path, .read, in: storage)
      // First the lock: if it is free, what is read behind it is final.
      let isLocked = try file.isLockedByAnother()
      let record = AttemptRecord.decode(try file.read(at: 0, count: AttemptRecord.byteCount))
      return RecordSighting(record: record, isLocked: isLocked)
    } catch {
      guard error.errno == .noSuchFile else { throw error }
      return RecordSighting(record: nil, isLocked: false)
    }
  }

  /// Where all records of a run are, sorted.
  func paths(in folder: RunFolder) throws(RunError) -> [String] {
    let names = try wrapping(.list, folder.attempts) { () throws(Errno) in
      do throws(Errno) { return try storage.entries(of: folder.attempts) } catch .noSuchFile {
        return []
      }
    }
    return names.filter { $0.utf8.suffix(4).elementsEqual(".rec".utf8) }
      .map { "\(folder.attempts)/\($0)" }
  }

  /// The intent that a record names; nil where it names none.
  func intent(at path: String) throws(StorageError) -> Int64? {
    try look(atPath: path).record?.start?.intent
  }
}
