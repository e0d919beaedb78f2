/// The choices of a world that are not zero: enough to make it again.
package struct ChoiceSchedule: Hashable, Sendable {
  /// One choice that is not zero.
  package struct Entry: Hashable, Sendable {
    package let site: ChoiceSite
    /// Which choice of its site it is, from 0.
    package let index: Int
    /// At least one.
    package let value: Int

    package init(_ site: ChoiceSite, _ index: Int, _ value: Int) {
      precondition(index >= 0 && value > 0, "choice \(index) at \(site) cannot be \(value)")
      self.site = site
      self.index = index
      self.value = value
    }
  }

  /// By site in the order of the sites, then by index; one an index.
  package private(set) var entries: [Entry]

  package static let empty = ChoiceSchedule([])

  /// - Parameter entries: in any order. Of several for the same choice the last counts.
  package init(_ entries: [Entry]) {
    self.entries = []
    self.entries.reserveCapacity(entries.count)
    for (_, entry) in entries.enumerated().sorted(by: {
      Self.isBefore($0.element, $1.element) ?? ($0.offset < $1.offset)
    }) {
      if let last = self.entries.last, Self.isBefore(last, entry) == nil {
        self.entries.removeLast()
      }
      self.entries.append(entry)
    }
  }

  /// How many choices are not zero.
  package var count: Int { entries.count }

  package func filter(_ isKept: (Entry) -> Bool) -> ChoiceSchedule {
    var schedule = self
    schedule.entries = entries.filter(isKept)
    return schedule
  }

  package func removing(_ range: Range<Int>) -> ChoiceSchedule {
    var schedule = self
    schedule.entries.removeSubrange(range)
    return schedule
  }

  /// One choice becomes another, in place of what was chosen there.
  ///
  /// - Parameter other: nil for zero.
  package func replacing(_ entry: Entry, by other: Entry?) -> ChoiceSchedule {
    var schedule = self
    schedule.entries.removeAll { $0 == entry }
    guard let other else { return schedule }
    let place = schedule.entries.firstIndex { Self.isBefore($0, other) != true }
    if let place, Self.isBefore(other, schedule.entries[place]) == nil {
      schedule.entries[place] = other
    } else {
      schedule.entries.insert(other, at: place ?? schedule.entries.endIndex)
    }
    return schedule
  }

  /// Nil for two entries for the same choice.
  private static func isBefore(_ left: Entry, _ right: Entry) -> Bool? {
    if left.site != right.site { return left.site.rawValue < right.site.rawValue }
    return left.index == right.index ? nil : left.index < right.index
  }
}

extension ChoiceSchedule: Comparable {
  /// Whether the left one is simpler: it has fewer choices that are not zero, or else, at the first
  /// difference, an earlier or a smaller one. No schedule can be simplified for ever.
  package static func < (left: Self, right: Self) -> Bool {
    if left.count != right.count { return left.count < right.count }
    for (one, other) in zip(left.entries, right.entries) where one != other {
      return isBefore(one, other) ?? (one.value < other.value)
    }
    return false
  }
}
