/// Whether and when a failed attempt is retried.
///
/// The delay before attempt n + 1 is `initialDelay × multiplier^(n − 1)`, at most `maxDelay`; with
/// full jitter it is drawn uniformly from zero to that, with equal jitter from half of it on. All arithmetic is on integers, so that the
/// delays of a run are the same on every machine.
package struct RetryPolicy: Hashable, Sendable {
  package var maxAttempts: Int32
  package var initialDelayMilliseconds: Int64
  /// The multiplier in thousandths: 2000 doubles.
  package var multiplierThousandths: Int64
  package var maxDelayMilliseconds: Int64
  package var jitter: Jitter
  /// The kinds of failure that are retried.
  package var on: FailureKinds
  /// The exit codes that count as `.exit`, ascending; nil means all but zero.
  package var exitCodes: [UInt8]?

  package init(
    maxAttempts: Int32 = 1, initialDelayMilliseconds: Int64 = 1_000,
    multiplierThousandths: Int64 = 2_000, maxDelayMilliseconds: Int64 = 300_000,
    jitter: Jitter = .equal, on: FailureKinds = .all, exitCodes: [UInt8]? = nil
  ) {
    self.maxAttempts = maxAttempts
    self.initialDelayMilliseconds = initialDelayMilliseconds
    self.multiplierThousandths = multiplierThousandths
    self.maxDelayMilliseconds = maxDelayMilliseconds
    self.jitter = jitter
    self.on = on
    self.exitCodes = exitCodes
  }

  /// The longest delay that may follow the given number of failed attempts (1 or more).
  package func delayCeilingMilliseconds(afterFailures failures: Int32) -> Int64 {
    precondition(failures >= 1, "a delay follows at least one failure, not \(failures)")
    // Milliseconds would lose the fractions: 1 ms × 1.5 would remain 1 ms.
    let ceiling = Self.microseconds(maxDelayMilliseconds)
    var delay = min(Self.microseconds(initialDelayMilliseconds), ceiling)
    var remaining = failures - 1
    // A multiplier of at most one never reaches the ceiling, so stop when the value is stable.
    while remaining > 0 && delay < ceiling {
      let (product, overflow) = delay.multipliedReportingOverflow(by: multiplierThousandths)
      let next = overflow ? ceiling : min(product / 1_000, ceiling)
      if next == delay { break }
      delay = next
      remaining -= 1
    }
    return delay / 1_000
  }

  private static func microseconds(_ milliseconds: Int64) -> Int64 {
    let (product, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000)
    return overflow ? .max : product
  }

  /// The delay after the given number of failed attempts. It depends only on the run's seed, the
  /// step and that number, so that replay reproduces it.
  package func delayMilliseconds(afterFailures failures: Int32, seed: UInt64, step: Int) -> Int64 {
    let ceiling = delayCeilingMilliseconds(afterFailures: failures)
    switch jitter {
    case .none: return ceiling
    case .full:
      return Self.draw(0...ceiling, SplitMix64.hash(seed, UInt64(step), UInt64(failures)))
    case .equal:
      return Self.draw(
        ceiling / 2...ceiling, SplitMix64.hash(seed, UInt64(step), UInt64(failures)))
    }
  }

  /// Maps a random number uniformly onto a range of numbers above zero.
  private static func draw(_ range: ClosedRange<Int64>, _ random: UInt64) -> Int64 {
    let count = UInt64(range.upperBound - range.lowerBound) + 1
    // The high half of the product.
    return range.lowerBound + Int64(random.multipliedFullWidth(by: count).high)
  }

  /// Of a recorded definition that says nothing of retries.
  package static let implied = RetryPolicy(jitter: .full)
}

package enum Jitter: UInt8, CaseIterable, Sendable {
  case none = 0
  case full = 1
  /// Since flow 0.2.
  case equal = 2
}

/// The kinds of failure that a retry policy distinguishes.
package struct FailureKinds: OptionSet, Hashable, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// The command exited with a code that counts as failure.
  package static let exit = FailureKinds(rawValue: 1)
  /// The command was killed by a signal that the engine did not send.
  package static let signal = FailureKinds(rawValue: 2)
  /// The attempt was stopped at its deadline.
  package static let timeout = FailureKinds(rawValue: 4)
  /// The command could not be started.
  package static let launch = FailureKinds(rawValue: 8)
  /// The command exited 0, and its outputs are not what its step declares.
  package static let output = FailureKinds(rawValue: 16)
  /// Any kind: what recorded definitions leave out. It is spelled without the kinds that came later.
  package static let all: FailureKinds = [.exit, .signal, .timeout, .launch]

  /// Whether a failure of this kind is one of them.
  package func covers(_ kind: FailureKinds) -> Bool {
    self == .all || isSuperset(of: kind)
  }

  /// As definitions name them; word i is bit i.
  package static let words = ["exit", "signal", "timeout", "launch", "output"]
}
