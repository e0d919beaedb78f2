import FlowCore

/// Choices that follow from a seed. Each site has a stream of its own, so that a new site, or one
/// more choice at one, leaves the choices at all others as they were.
package final class SeededChoices: ChoiceSource {
  private let seed: UInt64
  /// How many choices each site has made.
  private var counts = BySite<UInt64>(0)

  package init(seed: UInt64) {
    self.seed = seed
  }

  package func choose(_ site: ChoiceSite, below count: Int) -> Int {
    precondition(count > 0, "a choice among \(count) at \(site)")
    let draw = SplitMix64.hash(seed, UInt64(site.rawValue), counts.countOne(site))
    // The high half of the product maps the draw evenly onto 0..<count.
    return Int(draw.multipliedFullWidth(by: UInt64(count)).high)
  }
}
