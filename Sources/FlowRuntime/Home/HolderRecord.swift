package import FlowCore
package import FlowLog
package import FlowStorage

/// The content of a run's lock file, in which the engine says which process it is and how much of
/// the log is durable: 64 bytes (`CheckedNumbers`). It is overwritten in place, so a read can be
/// torn.
package struct HolderRecord: Hashable, Sendable {
  package var processID: Int32
  package var boot: BootMark
  package var durable: LogPosition
  package var lastSequence: Int64
  /// What a commit or a launch waits for.
  package var lacking: Shortages

  private static let magic: UInt64 = 0x6b63_6f6c_776f_6c66  // "flowlock"
  private static let byteCount = CheckedNumbers.byteCount(7)

  package init(
    processID: Int32, boot: BootMark, durable: LogPosition, lastSequence: Int64,
    lacking: Shortages = []
  ) {
    self.processID = processID
    self.boot = boot
    self.durable = durable
    self.lastSequence = lastSequence
    self.lacking = lacking
  }

  private var numbers: [UInt64] {
    [
      Self.magic, UInt64(processID), boot.rawValue, durable.segment, UInt64(durable.length),
      UInt64(lastSequence), lacking.rawValue,
    ]
  }

  package func encoded() -> [UInt8] { CheckedNumbers.encode(numbers) }

  /// Nil if there is none, or it is incomplete.
  package static func decode(_ bytes: [UInt8]) -> HolderRecord? {
    guard let numbers = CheckedNumbers.decode(bytes, count: 7), numbers[0] == magic,
      let processID = Int32(exactly: numbers[1]), let length = Int64(exactly: numbers[4]),
      let lastSequence = Int64(exactly: numbers[5])
    else { return nil }
    return HolderRecord(
      processID: processID, boot: BootMark(rawValue: numbers[2]),
      durable: LogPosition(segment: numbers[3], length: length), lastSequence: lastSequence,
      lacking: Shortages(rawValue: numbers[6]))
  }

  /// Reads until the read is not torn; nil if the holder has written nothing yet.
  static func read<Store: Storage>(
    _ file: borrowing File<Store>
  ) throws(RunError) -> HolderRecord? {
    // A write of 64 bytes takes less time than a read: after a hundred reads, nothing was written.
    for _ in 0..<100 {
      let bytes = try wrapping { () throws(StorageError) in
        try file.read(at: 0, count: byteCount)
      }
      if bytes.isEmpty { return nil }
      if let record = decode(bytes) { return record }
    }
    return nil
  }

  /// Reads which engine drives the run in a folder, without taking the lock.
  ///
  /// - Returns: `.free` if the lock is free, with the record of the last engine; also if the file
  ///   is missing, since then no engine can hold it.
  package static func holder<Store: Storage>(
    of folder: RunFolder, in storage: Store
  ) throws(RunError) -> Holder {
    guard let file = try open(folder.lock, in: storage) else { return .free(last: nil) }
    guard try wrapping({ () throws(StorageError) in try file.isLockedByAnother() }) else {
      return .free(last: try read(file))
    }
    return .engine(try read(file))
  }

  /// - Returns: nil if the file does not exist.
  private static func open<Store: Storage>(
    _ path: String, in storage: Store
  ) throws(RunError) -> File<Store>? {
    do throws(StorageError) { return try File(path, .read, in: storage) } catch {
      if error.errno == .noSuchFile { return nil }
      throw .storage(error)
    }
  }

  package enum Holder: Hashable, Sendable {
    case free(last: HolderRecord?)
    /// A process drives the run; nil if it has written no record yet.
    case engine(HolderRecord?)
  }
}

/// Identifies a boot of the machine by a hash.
package struct BootMark: Hashable, Sendable {
  package let rawValue: UInt64

  package init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  /// - Parameter bootID: as in `HostContext`.
  package init(_ bootID: String) {
    rawValue = SplitMix64.hash(bootID.utf8.map(UInt64.init))
  }
}
