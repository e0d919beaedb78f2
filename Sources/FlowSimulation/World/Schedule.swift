import FlowCore

/// The time of a world, and what is going to happen in it: ordered by time, then by when it was
/// arranged.
struct Schedule<Happening> {
  private struct Entry: Comparable, Sendable {
    let time: WorldTime
    let order: Int
    let slot: Int

    static func < (left: Self, right: Self) -> Bool {
      left.time == right.time ? left.order < right.order : left.time < right.time
    }
  }

  private(set) var now = WorldTime(microseconds: 0)
  private var heap = BinaryHeap<Entry>()
  /// By slot; spent slots are used again.
  private var happenings: [Happening?] = []
  private var freeSlots: [Int] = []
  private var arranged = 0

  var nextTime: WorldTime? { heap.min?.time }

  mutating func arrange(_ happening: Happening, at time: WorldTime) {
    let slot: Int
    if let free = freeSlots.popLast() {
      slot = free
      happenings[slot] = happening
    } else {
      slot = happenings.count
      happenings.append(happening)
    }
    heap.insert(Entry(time: time, order: arranged, slot: slot))
    arranged += 1
  }

  /// Goes on to the next happening.
  ///
  /// - Returns: nil if there is none until `end`: then that is the time now.
  mutating func advance(until end: WorldTime) -> Happening? {
    guard let next = nextTime, next <= end, let happening = removeNext() else {
      now = end
      return nil
    }
    now = max(now, next)
    return happening
  }

  private mutating func removeNext() -> Happening? {
    guard let entry = heap.removeMin() else { return nil }
    freeSlots.append(entry.slot)
    defer { happenings[entry.slot] = nil }
    return happenings[entry.slot]
  }
}
