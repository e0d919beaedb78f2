import FlowCore

/// Makes every decision of a simulated world. The same choices make the same world.
///
/// Zero is the least trouble at every site: nothing happens, nothing is lost, the smallest, the
/// simplest. A world whose choices are all zero is small and quiet. What is left when a failure is
/// shrunk are the choices that it needs.
package protocol ChoiceSource: AnyObject {
  /// A number from zero up to, but not including, `count`, which is at least one.
  func choose(_ site: ChoiceSite, below count: Int) -> Int

  /// True in about `chances` of a thousand cases, more than none and not all. Only `happens` asks
  /// it.
  func weigh(_ site: ChoiceSite, perMille chances: Int) -> Bool

  /// The machine loses power: the next choices are what that leaves of each file and folder of the
  /// disk. Only a source that goes through all of them looks at it.
  func losesPower(_ disk: SimulatedStorage)
}

extension ChoiceSource {
  package func losesPower(_ disk: SimulatedStorage) {}

  package func weigh(_ site: ChoiceSite, perMille chances: Int) -> Bool {
    // From the top, so that a choice of zero is false.
    choose(site, below: 1_000) >= 1_000 - chances
  }

  /// True in about `chances` of a thousand cases.
  func happens(_ site: ChoiceSite, perMille chances: Int) -> Bool {
    // Without a draw where the answer is known: an option that is off takes nothing from a stream.
    if chances <= 0 { return false }
    if chances >= 1_000 { return true }
    return weigh(site, perMille: chances)
  }

  func choose(_ site: ChoiceSite, in range: ClosedRange<Int>) -> Int {
    range.lowerBound + choose(site, below: range.count)
  }
}
