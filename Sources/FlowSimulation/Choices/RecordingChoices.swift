/// All choices that were made in a world, zeros included.
package struct ChoiceRecording: Equatable, Sendable {
  package struct Choice: Equatable, Sendable {
    /// Among how many it was.
    package let count: Int
    package let value: Int
  }

  private var choices = BySite<[Choice]>([])
  /// The site of each choice, in the order in which they were made.
  private var sites: [ChoiceSite] = []

  package init() {}

  /// The choices of a site, in order. Whether something happens is a choice among two.
  package subscript(site: ChoiceSite) -> [Choice] { choices[site] }

  /// How many choices there were at all sites.
  package var total: Int { sites.count }

  /// The schedule that makes the same choices again.
  package var schedule: ChoiceSchedule {
    var entries: [ChoiceSchedule.Entry] = []
    for site in ChoiceSite.allCases {
      for (index, choice) in choices[site].enumerated() where choice.value > 0 {
        entries.append(.init(site, index, choice.value))
      }
    }
    return ChoiceSchedule(entries)
  }

  fileprivate mutating func append(_ choice: Choice, at site: ChoiceSite) {
    choices[site].append(choice)
    sites.append(site)
  }
}

// MARK: In words

extension ChoiceRecording {
  /// In the order in which they were made.
  package var lines: [ChoiceLine] {
    var made = BySite<Int>(0)
    return sites.map { site in
      let index = made[site]
      made[site] += 1
      let choice = choices[site][index]
      return ChoiceLine(site: "\(site)", index: index, value: choice.value, count: choice.count)
    }
  }

  /// Nil if all choices are the same.
  package func firstDifference(from other: ChoiceRecording) -> ChoiceDifference? {
    .first(of: lines, other.lines)
  }
}

/// Passes choices on from another source, and remembers them.
package final class RecordingChoices: ChoiceSource {
  package private(set) var recording = ChoiceRecording()
  private let source: any ChoiceSource

  package init(_ source: any ChoiceSource) {
    self.source = source
  }

  package func choose(_ site: ChoiceSite, below count: Int) -> Int {
    let value = source.choose(site, below: count)
    recording.append(.init(count: count, value: value), at: site)
    return value
  }

  package func weigh(_ site: ChoiceSite, perMille chances: Int) -> Bool {
    let isTrue = source.weigh(site, perMille: chances)
    recording.append(.init(count: 2, value: isTrue ? 1 : 0), at: site)
    return isTrue
  }

  package func losesPower(_ disk: SimulatedStorage) { source.losesPower(disk) }
}
