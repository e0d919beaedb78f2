import FlowCore

/// Draws integers from a seed; the same for ever, so that a failing case can be named by its seed.
struct Generator {
  private var state: UInt64

  init(seed: UInt64) {
    state = SplitMix64.mix(seed)
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return SplitMix64.mix(state)
  }

  mutating func below(_ bound: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// True in one of `odds` draws.
  mutating func chance(in odds: Int) -> Bool {
    below(odds) == 0
  }

  mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[below(elements.count)]
  }

  /// A number of 0 to all bits, so that every length of a varint comes up.
  mutating func count<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) -> Number {
    let bits = Number.bitWidth - (Number.isSigned ? 1 : 0)
    let width = below(bits + 1)
    return width == 0 ? 0 : Number(next() >> (64 - width))
  }

  mutating func signed() -> Int64 {
    chance(in: 2) ? count() : -count() - 1
  }

  mutating func bytes(upTo limit: Int) -> [UInt8] {
    (0..<below(limit + 1)).map { _ in UInt8(truncatingIfNeeded: next()) }
  }

  mutating func string() -> String {
    (0..<below(6)).map { _ in pick(["", "a", "Z9", "é", "水", "🪣", "\0", "\u{1B}[2J"]) }.joined()
  }

  mutating func optional<Value>(_ body: (inout Generator) -> Value) -> Value? {
    chance(in: 2) ? nil : body(&self)
  }

  mutating func list<Value>(upTo limit: Int, _ body: (inout Generator) -> Value) -> [Value] {
    (0..<below(limit + 1)).map { _ in body(&self) }
  }
}
