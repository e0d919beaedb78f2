/// How a log ends that is not damaged. What is torn or ambiguous is not part of the history.
package struct LogTail: Hashable, Sendable {
  package enum Verdict: Hashable, Sendable {
    /// Every byte is accounted for.
    case intact(isSealed: Bool)
    /// A commit whose end never reached the disk: legal after a crash, and never acknowledged.
    case torn
    /// The last commit is all there and wrong. A crash or rot did it, and the bytes allow no more
    /// to be said: it may have been acknowledged.
    case ambiguous
  }

  package let verdict: Verdict
  package let path: String
  /// Where the commit begins that does not count; where the history ends if all is well.
  package let offset: Int64
  /// How many bytes do not count.
  package let bytes: Int64
  /// The last sequence number of the history.
  package let lastSequence: UInt64
  /// The last sequence number that the bad commit is known to hold; `lastSequence` if none is.
  package let lastAtStake: UInt64
}
