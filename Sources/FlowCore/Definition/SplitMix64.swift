/// The finalizer of SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number
/// Generators", 2014): a stable mixing of 64 bits. It must never change, because
/// recorded histories are re-decided with it.
package enum SplitMix64 {
  package static func mix(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Mixes several values into one; the order matters.
  package static func hash(_ first: UInt64, _ second: UInt64) -> UInt64 {
    mix(mix(first) ^ second)
  }

  package static func hash(_ first: UInt64, _ second: UInt64, _ third: UInt64) -> UInt64 {
    mix(hash(first, second) ^ third)
  }

  package static func hash(_ values: [UInt64]) -> UInt64 {
    var state: UInt64 = 0
    for value in values { state = mix(state ^ value) }
    return state
  }
}
