import FlowCore
import Testing

@Suite struct SplitMix64Tests {
  /// What the reference implementation (Vigna, `splitmix64.c`) draws from a seed.
  @Test(
    arguments: [
      (0, [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F]),
      (
        1_234_567,
        [
          6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
          4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
        ]
      ),
    ] as [(UInt64, [UInt64])])
  func mixesAsTheReferenceDoes(seed: UInt64, draws: [UInt64]) {
    var state = seed
    for draw in draws {
      #expect(SplitMix64.mix(state) == draw)
      state &+= 0x9E37_79B9_7F4A_7C15
    }
  }

  @Test func hashesAreStable() {
    #expect(SplitMix64.hash([]) == 0)
    #expect(SplitMix64.hash([0]) == 0xE220_A839_7B1D_CDAF)
    #expect(SplitMix64.hash(1, 2) == SplitMix64.hash([1, 2]))
    #expect(SplitMix64.hash(1, 2, 3) == SplitMix64.hash([1, 2, 3]))
    #expect(SplitMix64.hash([1, 2, 3]) == SplitMix64.mix(SplitMix64.hash([1, 2]) ^ 3))
  }

  @Test func orderMatters() {
    #expect(SplitMix64.hash(1, 2) != SplitMix64.hash(2, 1))
  }
}
