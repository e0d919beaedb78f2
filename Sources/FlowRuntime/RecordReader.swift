import FlowCore
import FlowLog

/// An attempt's record as it was found, and whether a monitor held its lock just before.
struct RecordSighting: Equatable {
  /// Nil if there is none.
  var record: AttemptRecord?
  var isLocked: Bool

  var kind: Settlement.Record {
    guard let record else { return .absent }
    if record.end != nil { return .ended }
    return record.isUnreadable ? .unreadable : .open
  }
}

/// Reads the records of attempts. A storage that fails now may not a moment later, and what depends
/// on a record is grave: so it is asked several times.
struct RecordReader<Store: Storage> {
  let storage: Store

  private static var tries: Int { 4 }

  /// What can be seen of an attempt. A record that cannot be read is unreadable, and if not even its
  /// lock can be asked for, it counts as locked: nothing may be done beside what may still run.
  func look(at request: LaunchRequest) -> RecordSighting {
    var sighting = look(atPath: request.recordPath)
    if let start = sighting.record?.start, start.id != request.attempt {
      sighting.record = .decode([])
    }
    return sighting
  }

  /// The same of a record that may be of any attempt.
  func look(atPath path: String) -> RecordSighting {
    var isLocked = true
    for _ in 0..<Self.tries {
      do throws(StorageError) {
        let file = try File(path, .read, in: storage)
        // First the lock: if it is free, what is read behind it is final.
        isLocked = try file.isLockedByAnother()
        let record = AttemptRecord.decode(try file.read(at: 0, count: AttemptRecord.byteCount))
        return RecordSighting(record: record, isLocked: isLocked)
      } catch {
        if error.errno == .noSuchFile { return RecordSighting(record: nil, isLocked: false) }
      }
    }
    return RecordSighting(record: .decode([]), isLocked: isLocked)
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
  func intent(at path: String) -> Int64? {
    for _ in 0..<Self.tries {
      do throws(StorageError) {
        let file = try File(path, .read, in: storage)
        return AttemptRecord.decode(try file.read(at: 0, count: AttemptRecord.byteCount))
          .start?.intent
      } catch {
        if error.errno == .noSuchFile { return nil }
      }
    }
    return nil
  }
}
