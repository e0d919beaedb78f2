import FlowStorage

/// How a segment comes into its folder: built and synced under another name, then renamed, then the
/// folder synced. A crash leaves no segment, or a whole one.
enum SegmentBirth {
  /// A new file under its temporary name, with its room. Takes the place of what a crash left there.
  static func begin<Store>(
    _ header: SegmentHeader, in directory: String, _ storage: Store
  ) throws(StorageError) -> File<Store> {
    let path = SegmentName.path(header.number, in: directory) + SegmentName.unfinished
    try storage.removeLeftover(path)
    do throws(StorageError) {
      let file = try File(path, .create, in: storage)
      if header.reservationBytes > 0 { try file.reserve(upTo: header.bornSize) }
      let (bytes, _) = header.encoded()
      try file.write(bytes.span, at: 0)
      return file
    } catch {
      // It may hold room that others wait for.
      try? storage.removeLeftover(path)
      throw error
    }
  }

  /// The same, and durable but for its name. If anything fails, nothing is left of it.
  static func beginSynced<Store>(
    _ header: SegmentHeader, in directory: String, _ storage: Store
  ) throws(StorageError) -> File<Store> {
    let file = try begin(header, in: directory, storage)
    do throws(StorageError) { try file.sync() } catch {
      try? storage.removeLeftover(file.path)
      throw error
    }
    return file
  }

  /// The file must be synced.
  static func publish<Store>(
    _ file: inout File<Store>, _ number: UInt64, in directory: String, _ storage: Store
  ) throws(StorageError) {
    try file.rename(to: SegmentName.path(number, in: directory))
    try storage.syncNames(of: directory)
  }
}

extension Storage {
  func syncNames(of directory: String) throws(StorageError) {
    do throws(Errno) { try syncDirectory(directory) } catch {
      throw StorageError(.syncDirectory, directory, error)
    }
  }

  func removeLeftover(_ path: String) throws(StorageError) {
    do throws(Errno) { try removeFile(path) } catch .noSuchFile {
      return
    } catch {
      throw StorageError(.remove, path, error)
    }
  }
}

extension SegmentHeader {
  /// The header of the segment that goes on after `cursor` in the segment before `number`.
  init(
    _ number: UInt64, after cursor: LogCursor, salt: UInt32, engineLife: UInt32,
    carrying carriedLength: Int64 = 0, holding commitLength: Int64 = 0, _ options: LogOptions
  ) {
    precondition(number > 1 || cursor == .start, "the first segment has no predecessor")
    precondition(
      options.rotationBytes >= 0 && options.largestCommitBytes >= 0
        && options.reservationBytes >= 0, "a size is not negative")
    self.init(
      salt: salt, number: number, predecessorLength: cursor.offset,
      predecessorSequence: cursor.sequence, predecessorChain: cursor.chain,
      engineLife: engineLife, rotationBytes: options.rotationBytes,
      largestCommitBytes: max(options.largestCommitBytes, commitLength),
      reservationBytes: options.reservationBytes,
      bornLength: Int64(LogFormat.segmentHeaderLength) + carriedLength,
      dictionaryChecksum: options.dictionary.checksum)
  }
}

extension LogCursor {
  static let start = LogCursor(offset: 0, chain: 0, sequence: 0)
}
