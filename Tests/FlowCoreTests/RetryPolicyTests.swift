import FlowCore
import Testing

@Suite struct RetryPolicyTests {
  @Test func delaysDoubleUpToFiveMinutesByDefault() {
    let seconds = (1...11).map { RetryPolicy().delayCeilingMilliseconds(afterFailures: $0) / 1_000 }
    #expect(seconds == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
  }

  @Test(
    arguments: [
      // initial, multiplier, maximum, delays in milliseconds
      (1_000, 1_000, 300_000, [1_000, 1_000, 1_000, 1_000]),
      (1_000, 1_500, 3_000, [1_000, 1_500, 2_250, 3_000, 3_000]),
      (1, 1_500, 300_000, [1, 1, 2, 3, 5, 7]),
      (1_000, 1_001, 300_000, [1_000, 1_001, 1_002, 1_003]),
      (1_000, 500, 300_000, [1_000, 500, 250, 125, 62]),
      (1_000, 1, 300_000, [1_000, 1, 0, 0]),
      (1_000, 0, 300_000, [1_000, 0, 0]),
      (0, 2_000, 300_000, [0, 0, 0]),
      (9_000, 2_000, 5_000, [5_000, 5_000]),
      (1_000, 2_000, 0, [0, 0]),
      (1_000, .max, 300_000, [1_000, 300_000, 300_000]),
    ] as [(Int64, Int64, Int64, [Int64])])
  func ceilingsFollowTheMultiplier(
    initial: Int64, multiplier: Int64, maximum: Int64, delays: [Int64]
  ) {
    let policy = RetryPolicy(
      initialDelayMilliseconds: initial, multiplierThousandths: multiplier,
      maxDelayMilliseconds: maximum)
    for (index, delay) in delays.enumerated() {
      #expect(policy.delayCeilingMilliseconds(afterFailures: Int32(index + 1)) == delay)
    }
  }

  @Test(arguments: [0, 1, 999, 1_000, 1_001, 2_000, .max] as [Int64])
  func noPolicyOverflowsOrTakesForEver(multiplier: Int64) {
    for initial in [0, 1, 1_000, .max] as [Int64] {
      for maximum in [0, 1, 1_000, .max] as [Int64] {
        let policy = RetryPolicy(
          maxAttempts: .max, initialDelayMilliseconds: initial,
          multiplierThousandths: multiplier, maxDelayMilliseconds: maximum)
        for failures in [1, 2, .max] as [Int32] {
          let ceiling = policy.delayCeilingMilliseconds(afterFailures: failures)
          #expect((0...maximum).contains(ceiling))
          let delay = policy.delayMilliseconds(afterFailures: failures, seed: .max, step: 0)
          #expect((0...ceiling).contains(delay))
        }
      }
    }
  }

  @Test func withoutJitterTheDelayIsTheCeiling() {
    let policy = RetryPolicy(jitter: .none)
    #expect(policy.delayMilliseconds(afterFailures: 3, seed: 1, step: 2) == 4_000)
  }

  @Test func fullJitterIsDrawnFromZeroToTheCeiling() {
    let policy = RetryPolicy(initialDelayMilliseconds: 3, jitter: .full)
    var counts = [0, 0, 0, 0]
    for seed in 0..<4_000 as Range<UInt64> {
      counts[Int(policy.delayMilliseconds(afterFailures: 1, seed: seed, step: 0))] += 1
    }
    // Evenly: the standard deviation of each count is 27.
    for count in counts { #expect((900...1_100).contains(count)) }
  }

  @Test func equalJitterIsDrawnFromTheUpperHalf() {
    let policy = RetryPolicy(initialDelayMilliseconds: 5)
    var counts = [0, 0, 0, 0, 0, 0]
    for seed in 0..<4_000 as Range<UInt64> {
      counts[Int(policy.delayMilliseconds(afterFailures: 1, seed: seed, step: 0))] += 1
    }
    #expect(counts[..<2] == [0, 0])
    for count in counts[2...] { #expect((900...1_100).contains(count)) }
  }

  /// Recorded histories are re-decided: these may never change.
  @Test(
    arguments: [
      (1, 0, 0, 184), (1, 42, 0, 713), (1, 42, 1, 340), (2, 42, 0, 1_732), (9, 42, 0, 137_420),
      (30, .max, 999_999, 83_163),
    ] as [(Int32, UInt64, Int, Int64)])
  func jitterIsStable(failures: Int32, seed: UInt64, step: Int, delay: Int64) {
    let policy = RetryPolicy(jitter: .full)
    #expect(policy.delayMilliseconds(afterFailures: failures, seed: seed, step: step) == delay)
  }

  @Test(arguments: [(1, 0, 592), (1, 42, 857), (9, 42, 196_710)] as [(Int32, UInt64, Int64)])
  func equalJitterIsStable(failures: Int32, seed: UInt64, delay: Int64) {
    #expect(RetryPolicy().delayMilliseconds(afterFailures: failures, seed: seed, step: 0) == delay)
  }
}
