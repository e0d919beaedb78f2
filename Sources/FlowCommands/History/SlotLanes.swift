package import FlowCore

/// Gives each launched attempt the lowest free lane, in which no other attempt runs at that time.
/// There are as many lanes as were in use at once: the run's `jobs`, or more where attempts
/// survived an engine.
package struct SlotLanes {
  package struct Entry {
    package let attempt: AttemptHistory
    /// From 0.
    package let lane: Int
    /// In the run's own time, microseconds.
    package let from: Int64
    package let until: Int64
  }

  /// In the order of their launches.
  package let entries: [Entry]
  package let count: Int

  private struct Busy: Comparable {
    let until: Int64
    let lane: Int

    static func < (left: Self, right: Self) -> Bool {
      (left.until, left.lane) < (right.until, right.lane)
    }
  }

  /// - Parameter now: until when an open attempt keeps its lane.
  package init(_ history: RunHistory, now: Int64) {
    var launched: [(attempt: AttemptHistory, from: Int64)] = history.allAttempts.compactMap {
      attempt in attempt.launchedAt.map { (attempt, $0.elapsed) }
    }
    launched.sort { ($0.from, $0.attempt.id) < ($1.from, $1.attempt.id) }
    var entries: [Entry] = []
    var busy = BinaryHeap<Busy>()
    var free = BinaryHeap<Int>()
    var count = 0
    for (attempt, from) in launched {
      let until = max(from, attempt.endedAt?.elapsed ?? now)
      while let first = busy.min, first.until <= from {
        _ = busy.removeMin()
        free.insert(first.lane)
      }
      let lane: Int
      if let lowest = free.removeMin() {
        lane = lowest
      } else {
        lane = count
        count += 1
      }
      busy.insert(Busy(until: until, lane: lane))
      entries.append(Entry(attempt: attempt, lane: lane, from: from, until: until))
    }
    self.entries = entries
    self.count = count
  }
}
