/// A file of the simulated disk: what a reader sees, and what a power loss would leave.
struct SimulatedFile {
  /// Changes that are not known to be durable, in the order in which they were made.
  enum Change {
    case write(offset: Int, bytes: [UInt8])
    case extend(length: Int)
    case truncate(length: Int)
  }

  static let sectorByteCount = 512

  private(set) var bytes: [UInt8] = []
  var durable: [UInt8] = []
  private(set) var unsynced: [Change] = []
  /// The durable bytes before the last sync, where the disk may bring them back.
  private(set) var durableBefore: [UInt8] = []
  /// The bytes before the last power loss took some of them; nil if the file was changed since.
  private(set) var bytesBeforeLoss: [UInt8]?

  mutating func apply(_ change: Change) {
    bytesBeforeLoss = nil
    Self.apply(change, to: &bytes)
    unsynced.append(change)
  }

  /// The first `count` changes are durable now.
  ///
  /// - Parameter remembers: whether the disk may bring back what was there before.
  mutating func sync(_ count: Int, remembers: Bool = false) {
    if remembers { durableBefore = durable }
    for change in unsynced.prefix(count) { Self.apply(change, to: &durable) }
    unsynced.removeFirst(min(count, unsynced.count))
  }

  /// A sync of the first `count` changes failed. Only the first `landed` of them were written, and
  /// the system takes all of them for written. Until a crash they may still be read.
  mutating func drop(_ count: Int, landed: Int, reverting: Bool) {
    for change in unsynced.prefix(min(count, landed)) { Self.apply(change, to: &durable) }
    unsynced.removeFirst(min(count, unsynced.count))
    guard reverting else { return }
    let size = bytes.count
    bytes = durable
    for change in unsynced { Self.apply(change, to: &bytes) }
    Self.apply(.extend(length: size), to: &bytes)
  }

  /// What is left if everything is lost that can be lost.
  var leastRemains: SimulatedFile {
    var file = SimulatedFile()
    file.bytes = durable
    file.durable = durable
    return file
  }

  /// The machine loses power, and what is left depends on the tier.
  ///
  /// - Returns: what happened to the bytes; nil if none were at stake or all survived.
  mutating func losePower(
    _ tier: StorageTier, _ choose: (_ site: ChoiceSite, _ count: Int) -> Int
  ) -> Fault? {
    var loss: Fault?
    if !unsynced.isEmpty {
      bytesBeforeLoss = bytes
      switch tier {
      case .ordered: loss = cut(choose)
      case .weak, .hostile: loss = scatter(choose)
      }
    }
    // Dropped pages are lost, too.
    bytes = durable
    unsynced = []
    return loss
  }

  /// Changes what the disk holds, without an operation. No process has the old bytes in memory.
  mutating func corrupt(_ body: (inout [UInt8]) -> Void) {
    body(&durable)
    bytes = durable
    for change in unsynced { Self.apply(change, to: &bytes) }
  }

  /// The first `count` changes are reported as durable, and are not. Until a crash they can be
  /// read.
  mutating func pretendToSync(_ count: Int) {
    unsynced.removeFirst(min(count, unsynced.count))
  }

  static func apply(_ change: Change, to content: inout [UInt8]) {
    switch change {
    case .write(let offset, let written):
      let end = offset + written.count
      if content.count < end {
        content.append(contentsOf: repeatElement(0, count: end - content.count))
      }
      content.replaceSubrange(offset..<end, with: written)
    case .extend(let length):
      if content.count < length {
        content.append(contentsOf: repeatElement(0, count: length - content.count))
      }
    case .truncate(let length):
      if content.count > length { content.removeSubrange(length...) }
    }
  }
}
