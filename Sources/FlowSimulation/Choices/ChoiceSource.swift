import FlowCore

/// Where the world decides something.
package enum ChoiceSite: UInt8, CaseIterable, Sendable {
  case options = 1
  case workflow = 2
  case commandBehaviour = 3
  case commandDuration = 4
  case syncLatency = 5
  case wakeUpDelay = 6
  case crash = 7
  case storageFault = 8
  case lostBytes = 9
  case lostNames = 10
  case cancel = 11
  case wallClock = 12
  case death = 13
  case downTime = 14
  case reader = 15
  case disk = 16
  case echo = 17
}

/// Makes every decision of a simulated world. The same choices make the same world.
package protocol ChoiceSource: AnyObject {
  /// A number from zero up to, but not including, `count`, which is at least one.
  func choose(_ site: ChoiceSite, below count: Int) -> Int
}

extension ChoiceSource {
  /// True in about `chances` of a thousand cases.
  func happens(_ site: ChoiceSite, perMille chances: Int) -> Bool {
    // Without a draw where the answer is known: an option that is off takes nothing from a stream.
    chances > 0 && choose(site, below: 1_000) < chances
  }

  func choose(_ site: ChoiceSite, in range: ClosedRange<Int>) -> Int {
    range.lowerBound + choose(site, below: range.count)
  }
}

/// Choices that follow from a seed. Each site has a stream of its own, so that a new site, or one
/// more choice at one, leaves the choices at all others as they were.
package final class SeededChoices: ChoiceSource {
  private let seed: UInt64
  /// How many choices each site has made.
  private var counts: [UInt64]

  package init(seed: UInt64) {
    self.seed = seed
    counts = [UInt64](
      repeating: 0, count: (ChoiceSite.allCases.map { Int($0.rawValue) }.max() ?? 0) + 1)
  }

  package func choose(_ site: ChoiceSite, below count: Int) -> Int {
    precondition(count > 0, "a choice among \(count) at \(site)")
    let index = Int(site.rawValue)
    let draw = SplitMix64.hash(seed, UInt64(site.rawValue), counts[index])
    counts[index] += 1
    // The high half of the product maps the draw evenly onto 0..<count.
    return Int(draw.multipliedFullWidth(by: UInt64(count)).high)
  }
}
