@testable import FlowSimulation

/// Choices of a seed, but for those that a test plans: at which of its chances the engine dies,
/// how, and what a power loss takes.
final class PlannedChoices: ChoiceSource {
  private let seeded = SeededChoices(seed: 1)
  private let fatalChance: Int
  private let death: Coverage.Death
  private let keepsUnsynced: Bool
  /// How many chances to die there were.
  private(set) var chances = 0

  init(dyingAt chance: Int, by death: Coverage.Death, keepingUnsynced: Bool) {
    fatalChance = chance
    self.death = death
    keepsUnsynced = keepingUnsynced
  }

  func choose(_ site: ChoiceSite, below count: Int) -> Int {
    switch site {
    case .crash:
      chances += 1
      return chances == fatalChance ? count - 1 : 0
    case .death: return death == .powerLoss ? count - 1 : 0
    case .lostBytes, .lostNames: return keepsUnsynced ? 0 : count - 1
    case .tornBytes: return 0
    default: return seeded.choose(site, below: count)
    }
  }
}
