/// The file system of a round whose power is cut: ext4 in a file of its own.
package struct ImagePlan: Equatable, Sendable {
  package enum Data: String, CaseIterable, Sendable {
    case ordered, writeback, journal
  }

  package let blockSize: Int
  package let data: Data
  /// How often the journal is committed without a sync.
  package let commitSeconds: Int
  /// Whether a file that replaces another is written early, which hides a missing sync.
  package let guardsRenames: Bool
  package let delaysAllocation: Bool
  /// Whether the file is in memory, where syncs take no time.
  package let isInMemory: Bool

  static func draw(_ dice: inout Dice) -> ImagePlan {
    ImagePlan(
      blockSize: dice.pick([1_024, 4_096]), data: dice.pick(Data.allCases),
      commitSeconds: dice.pick([1, 5]), guardsRenames: dice.happens(50),
      delaysAllocation: dice.happens(75), isInMemory: dice.happens(70))
  }

  package var mountOptions: String {
    var options = ["data=\(data.rawValue)", "commit=\(commitSeconds)"]
    if !guardsRenames { options.append("noauto_da_alloc") }
    if !delaysAllocation { options.append("nodelalloc") }
    return options.joined(separator: ",")
  }
}

/// The power goes: all processes die, and then the disk keeps what it has got.
package struct PowerCut: Equatable, Sendable {
  /// How long the file system still writes after the last process has died.
  package let milliseconds: Int

  static func draw(_ dice: inout Dice) -> PowerCut {
    PowerCut(milliseconds: dice.happens(50) ? 0 : dice.scaled(1, 1_500))
  }
}
