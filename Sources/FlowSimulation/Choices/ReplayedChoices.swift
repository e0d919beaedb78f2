/// Choices that a schedule names; all others are zero.
package final class ReplayedChoices: ChoiceSource {
  private var rest = BySite<ArraySlice<ChoiceSchedule.Entry>>([])
  /// How many choices each site has made.
  private var counts = BySite<Int>(0)

  package init(_ schedule: ChoiceSchedule) {
    let entries = schedule.entries
    var start = entries.startIndex
    while start < entries.endIndex {
      let site = entries[start].site
      let end = entries[start...].firstIndex { $0.site != site } ?? entries.endIndex
      rest[site] = entries[start..<end]
      start = end
    }
  }

  /// A value that is too large, as in a schedule for another world, is lowered.
  package func choose(_ site: ChoiceSite, below count: Int) -> Int {
    precondition(count > 0, "a choice among \(count) at \(site)")
    return min(next(at: site), count - 1)
  }

  package func weigh(_ site: ChoiceSite, perMille chances: Int) -> Bool {
    // Whatever the chances are: a schedule says what happens, not how likely it was.
    next(at: site) > 0
  }

  private func next(at site: ChoiceSite) -> Int {
    let index = counts.countOne(site)
    guard let entry = rest[site].first, entry.index == index else { return 0 }
    rest[site].removeFirst()
    return entry.value
  }
}
