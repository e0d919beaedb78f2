import FlowCore

/// What is going to happen, ordered by time, then by when it was arranged.
struct Schedule<Happening> {
  private struct Entry: Comparable, Sendable {
    let time: Instant
    let order: Int

    static func < (left: Self, right: Self) -> Bool {
      left.time == right.time ? left.order < right.order : left.time < right.time
    }
  }

  private var heap = BinaryHeap<Entry>()
  private var happenings: [Int: Happening] = [:]
  private var arranged = 0

  var nextTime: Instant? { heap.min?.time }

  mutating func arrange(_ happening: Happening, at time: Instant) {
    heap.insert(Entry(time: time, order: arranged))
    happenings[arranged] = happening
    arranged += 1
  }

  mutating func removeNext() -> Happening? {
    heap.removeMin().flatMap { happenings.removeValue(forKey: $0.order) }
  }

  /// Takes out all happenings for which `condition` holds.
  mutating func removeAll(where condition: (Happening) -> Bool) {
    var kept = BinaryHeap<Entry>()
    while let entry = heap.removeMin() {
      guard let happening = happenings[entry.order] else { continue }
      if condition(happening) {
        happenings[entry.order] = nil
      } else {
        kept.insert(entry)
      }
    }
    heap = kept
  }
}
