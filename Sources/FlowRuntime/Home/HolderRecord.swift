import FlowCore
package import FlowLog
package import FlowStorage

/// What the engine of a run says of itself in the lock file: 64 bytes (`CheckedNumbers`). It is
/// written over and over, so a reader may see it half old and half new.
package struct HolderRecord: Hashable, Sendable {
  package var processID: Int32
  package var boot: BootMark
  package var durable: LogPosition
  package var lastSequence: Int64
  /// Whether a commit or a launch waits for room on the disk, and the run with it.
  package var waitsForRoom: Bool

  private static let magic: UInt64 = 0x6b63_6f6c_776f_6c66  // "flowlock"
  private static let waitsForRoomFlag: UInt64 = 1
  private static let byteCount = CheckedNumbers.byteCount(7)

  package init(
    processID: Int32, boot: BootMark, durable: LogPosition, lastSequence: Int64,
    waitsForRoom: Bool = false
  ) {
    self.processID = processID
    self.boot = boot
    self.durable = durable
    self.lastSequence = lastSequence
    self.waitsForRoom = waitsForRoom
  }

  private var numbers: [UInt64] {
    [
      Self.magic, UInt64(processID), boot.rawValue, durable.segment, UInt64(durable.length),
      UInt64(lastSequence), waitsForRoom ? Self.waitsForRoomFlag : 0,
    ]
  }

  package func encoded() -> [UInt8] { CheckedNumbers.encode(numbers) }

  /// Nil where there is none, or not a whole one.
  package static func decode(_ bytes: [UInt8]) -> HolderRecord? {
    guard let numbers = CheckedNumbers.decode(bytes, count: 7), numbers[0] == magic,
      let processID = Int32(exactly: numbers[1]), let length = Int64(exactly: numbers[4]),
      let lastSequence = Int64(exactly: numbers[5])
    else { return nil }
    return HolderRecord(
      processID: processID, boot: BootMark(rawValue: numbers[2]),
      durable: LogPosition(segment: numbers[3], length: length), lastSequence: lastSequence,
      waitsForRoom: numbers[6] & waitsForRoomFlag != 0)
  }

  /// Reads until it is whole; nil if the holder has not said anything yet.
  static func read<Store: Storage>(
    _ file: borrowing File<Store>
  ) throws(RunError) -> HolderRecord? {
    // A write of 64 bytes is over long before a second look; more looks mean that nothing is there.
    for _ in 0..<100 {
      let bytes = try wrapping { () throws(StorageError) in
        try file.read(at: 0, count: byteCount)
      }
      if bytes.isEmpty { return nil }
      if let record = decode(bytes) { return record }
    }
    return nil
  }

  /// What the engine of the run in the folder says, without taking anything.
  ///
  /// - Returns: `.nobody` if the lock is free, with what the last engine said; or if its file is
  ///   gone, which is as good as free.
  package static func holder<Store: Storage>(
    of folder: RunFolder, in storage: Store
  ) throws(RunError) -> Holder {
    guard let file = try open(folder.lock, in: storage) else { return .nobody(last: nil) }
    guard try wrapping({ () throws(StorageError) in try file.isLockedByAnother() }) else {
      return .nobody(last: try read(file))
    }
    return .engine(try read(file))
  }

  /// - Returns: nil if there is no such file.
  private static func open<Store: Storage>(
    _ path: String, in storage: Store
  ) throws(RunError) -> File<Store>? {
    do throws(StorageError) { return try File(path, .read, in: storage) } catch {
      if error.errno == .noSuchFile { return nil }
      throw .storage(error)
    }
  }

  package enum Holder: Hashable, Sendable {
    case nobody(last: HolderRecord?)
    /// A process drives the run; nil if it has not said which and how far.
    case engine(HolderRecord?)
  }
}

/// Tells boots of the machine apart.
package struct BootMark: Hashable, Sendable {
  package let rawValue: UInt64

  package init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  /// - Parameter bootID: as `EngineStarted` has it.
  package init(_ bootID: String) {
    rawValue = SplitMix64.hash(bootID.utf8.map(UInt64.init))
  }
}
