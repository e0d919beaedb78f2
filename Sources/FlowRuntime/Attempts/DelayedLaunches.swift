import FlowCore

/// Launches that came to nothing, mostly since the machine lacked something, and are tried again
/// after a second.
///
/// While processes lack, one launch is tried at a time: many at once would take each other the
/// processes that one of them could have. One that succeeds lets the next be tried at once.
struct DelayedLaunches {
  private struct Entry {
    var due: Instant
    let attempt: AttemptID
  }

  /// Ordered by time; some may be settled.
  private var waiting: [Entry] = []
  private var lacks: [AttemptID: Shortage] = [:]
  /// Since when a launch has lacked each.
  private var since: [Shortage: Instant] = [:]
  /// The one that is tried while processes lack.
  private var trial: AttemptID?

  /// Nothing reports that there is room again.
  static let delayMicroseconds: Int64 = 1_000_000

  /// When `takeDue` has something at the latest; nil for never.
  var nextDue: Instant? { waiting.first { !isHeldBack($0) }?.due }

  var lacking: Shortages {
    since.keys.reduce(into: []) { $0.formUnion(Shortages($1)) }
  }

  /// - Parameter shortage: nil if the machine did not lack anything.
  mutating func add(_ attempt: AttemptID, lacking shortage: Shortage?, at now: Instant) {
    if trial == attempt { trial = nil }
    waiting.append(
      Entry(due: now.advanced(byMicroseconds: Self.delayMicroseconds), attempt: attempt))
    guard let shortage else { return }
    let before = lacks.updateValue(shortage, forKey: attempt)
    if since[shortage] == nil { since[shortage] = now }
    // It has got what it lacked before.
    if let before, before != shortage, !lacks.values.contains(before) { since[before] = nil }
  }

  /// Takes the next launch whose delay is over.
  mutating func takeDue(at now: Instant) -> AttemptID? {
    guard let index = waiting.firstIndex(where: { !isHeldBack($0) }), waiting[index].due <= now
    else { return nil }
    let attempt = waiting.remove(at: index).attempt
    if lacks[attempt] == .processes { trial = attempt }
    return attempt
  }

  private func isHeldBack(_ entry: Entry) -> Bool {
    trial != nil && lacks[entry.attempt] == .processes
  }

  /// The attempt was launched, or is over.
  ///
  /// - Parameter isLaunched: false if it was withdrawn, which says nothing of the machine.
  /// - Returns: what no launch lacks any more, and since when one did.
  mutating func settle(
    _ attempt: AttemptID, isLaunched: Bool, at now: Instant
  ) -> (Shortage, since: Instant)? {
    if trial == attempt {
      trial = nil
      if isLaunched { tryNext(at: now) }
    }
    guard let shortage = lacks.removeValue(forKey: attempt) else { return nil }
    waiting.removeAll { $0.attempt == attempt }
    if lacks.values.contains(shortage) { return nil }
    let begin = since.removeValue(forKey: shortage)
    return isLaunched ? begin.map { (shortage, since: $0) } : nil
  }

  private mutating func tryNext(at now: Instant) {
    guard let next = waiting.firstIndex(where: { lacks[$0.attempt] == .processes }) else { return }
    var entry = waiting.remove(at: next)
    entry.due = min(entry.due, now)
    waiting.insert(entry, at: 0)
  }
}
