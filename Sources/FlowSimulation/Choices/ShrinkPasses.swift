/// The ways in which a schedule can become simpler. Each pass continues from what the last one
/// found.
extension Shrinker {
  // MARK: Fewer

  /// All choices of a site become zero.
  mutating func removeSites() {
    for site in ChoiceSite.allCases where schedule.entries.contains(where: { $0.site == site }) {
      _ = consider(schedule.filter { $0.site != site })
    }
  }

  /// Runs of choices become zero, ever shorter ones (delta debugging, Zeller and Hildebrandt 2002).
  mutating func removeChunks() {
    var size = max(schedule.count / 2, 1)
    while size > 0 && !isExhausted {
      var start = 0
      while start < schedule.count {
        let end = min(start + size, schedule.count)
        if !consider(schedule.removing(start..<end)) { start = end }
      }
      size /= 2
    }
  }

  /// Two choices that only make sense together become zero, or both become smaller.
  mutating func removePairs() {
    var second = 1
    while second < schedule.count && !isExhausted {
      var first = 0
      while first < second && second < schedule.count {
        let (one, other) = (schedule.entries[first], schedule.entries[second])
        let isSimpler =
          consider(schedule.removing(second..<second + 1).removing(first..<first + 1))
          || consider(schedule.replacing(one, by: one.lowered).replacing(other, by: other.lowered))
        if !isSimpler { first += 1 }
      }
      second += 1
    }
  }

  // MARK: Smaller

  /// Each value becomes the least that still fails, as far as a binary search finds it.
  mutating func lowerValues() {
    for entry in schedule.entries where entry.value > 1 && !isExhausted {
      if consider(schedule.replacing(entry, by: .init(entry.site, entry.index, 1))) { continue }
      var tooLow = 1
      while let value = value(of: entry), value - tooLow > 1, !isExhausted {
        let middle = tooLow + (value - tooLow) / 2
        if !consider(schedule.replacing(entry, by: .init(entry.site, entry.index, middle))) {
          tooLow = middle
        }
      }
    }
  }

  private func value(of entry: ChoiceSchedule.Entry) -> Int? {
    schedule.entries.first { $0.site == entry.site && $0.index == entry.index }?.value
  }

  // MARK: Earlier

  /// Zeros before a choice are taken out, so that it and later ones at its site come earlier.
  mutating func moveTails() {
    var position = 0
    while position < schedule.count && !isExhausted {
      let entries = schedule.entries
      let entry = entries[position]
      let before = position > 0 ? entries[position - 1] : nil
      var step = entry.index - (before?.site == entry.site ? (before?.index ?? 0) + 1 : 0)
      while step > 0 {
        let isEarlier = consider(
          ChoiceSchedule(
            entries.map {
              $0.site == entry.site && $0.index >= entry.index ? $0.moved(to: $0.index - step) : $0
            }))
        if isEarlier { break }
        step /= 2
      }
      if step == 0 { position += 1 }
    }
  }

  /// Each choice by itself becomes an earlier one of its site.
  mutating func moveSingles() {
    for entry in schedule.entries where entry.index > 0 && !isExhausted {
      for index in Self.places(below: entry.index) {
        if consider(schedule.replacing(entry, by: entry.moved(to: index))) { break }
      }
    }
  }

  // MARK: Together

  /// A choice becomes zero or smaller, and another one moves: in a world with less to do, the same
  /// thing happens earlier.
  mutating func lowerAndMove() {
    for entry in schedule.entries where !isExhausted {
      for lowered in [nil, entry.halved, entry.lowered] {
        let candidate = schedule.replacing(entry, by: lowered)
        guard candidate.count < schedule.count || lowered != nil,
          candidate != schedule
        else { continue }
        if moveAny(of: candidate, but: entry) { break }
      }
    }
  }

  /// - Returns: whether it fails with one of its choices at another place.
  private mutating func moveAny(
    of candidate: ChoiceSchedule, but lowered: ChoiceSchedule.Entry
  ) -> Bool {
    for entry in candidate.entries where entry.site.isMoment && entry.site != lowered.site {
      // A later moment seldom helps.
      for index in Self.places(below: entry.index + entry.index / 4 + 8) {
        if isExhausted { return false }
        if consider(candidate.replacing(entry, by: entry.moved(to: index))) { return true }
      }
    }
    return false
  }

  /// Indices to try: all, or where there are many, some that lie evenly.
  private static func places(below count: Int) -> StrideTo<Int> {
    stride(from: 0, to: count, by: max(1, count / 128))
  }
}

extension ChoiceSchedule.Entry {
  /// By one; nil if it is zero then.
  fileprivate var lowered: Self? { value > 1 ? Self(site, index, value - 1) : nil }
  fileprivate var halved: Self? { value > 3 ? Self(site, index, value / 2) : nil }

  fileprivate func moved(to index: Int) -> Self { Self(site, index, value) }
}
