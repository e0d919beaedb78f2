import FlowCore

/// Random draws that follow from a seed alone, so that a seed always gives the same plan.
struct Dice {
  private let seed: UInt64
  private var throwsMade: UInt64 = 0

  init(seed: UInt64) {
    self.seed = seed
  }

  /// Draws from `0..<limit`.
  mutating func below(_ limit: Int) -> Int {
    precondition(limit > 0, "no values to choose from")
    throwsMade += 1
    let draw = SplitMix64.hash(seed, throwsMade)
    return Int(draw.multipliedFullWidth(by: UInt64(limit)).high)
  }

  mutating func within(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + below(range.count)
  }

  mutating func happens(_ percent: Int) -> Bool {
    below(100) < percent
  }

  mutating func pick<Value>(_ values: [Value]) -> Value {
    values[below(values.count)]
  }

  /// Draws one of the values, each with the probability of its share.
  mutating func weighted<Value>(_ choices: [(share: Int, value: Value)]) -> Value {
    var rest = below(choices.reduce(0) { $0 + $1.share })
    for choice in choices {
      rest -= choice.share
      if rest < 0 { return choice.value }
    }
    preconditionFailure("shares do not add up")
  }

  /// Draws each order of magnitude with the same probability: every doubling from `least` to `most`.
  mutating func scaled(_ least: Int, _ most: Int) -> Int {
    var bounds = [least]
    while let last = bounds.last, last * 2 < most { bounds.append(last * 2) }
    bounds.append(most)
    let index = below(bounds.count - 1)
    return within(bounds[index]...bounds[index + 1])
  }
}
