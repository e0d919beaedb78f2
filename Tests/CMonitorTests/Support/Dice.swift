/// Choices that are the same for a seed, everywhere and forever (SplitMix64).
struct Dice {
  private var state: UInt64

  init(seed: Int) {
    state = UInt64(seed)
  }

  private mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func below(_ limit: Int) -> Int {
    Int(next() % UInt64(limit))
  }

  mutating func percent(_ chance: Int) -> Bool {
    below(100) < chance
  }

  mutating func pick<Item>(_ items: [Item]) -> Item {
    items[below(items.count)]
  }
}
