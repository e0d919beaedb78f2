import FlowCore

/// Chance that depends on nothing but a seed: the plan of a round must come out the same again.
struct Dice {
  private let seed: UInt64
  private var throwsMade: UInt64 = 0

  init(seed: UInt64) {
    self.seed = seed
  }

  /// From zero up to `limit`, which is left out.
  mutating func below(_ limit: Int) -> Int {
    precondition(limit > 0, "a choice among nothing")
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

  /// One of some values, each as often as its share says.
  mutating func weighted<Value>(_ choices: [(share: Int, value: Value)]) -> Value {
    var rest = below(choices.reduce(0) { $0 + $1.share })
    for choice in choices {
      rest -= choice.share
      if rest < 0 { return choice.value }
    }
    preconditionFailure("shares do not add up")
  }

  /// Short times as often as long ones: from each doubling of `least` to `most` alike.
  mutating func scaled(_ least: Int, _ most: Int) -> Int {
    var bounds = [least]
    while let last = bounds.last, last * 2 < most { bounds.append(last * 2) }
    bounds.append(most)
    let index = below(bounds.count - 1)
    return within(bounds[index]...bounds[index + 1])
  }
}
