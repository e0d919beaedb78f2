package import FlowCore

/// What really happened to the commands, whatever the history says: the truth that oracles compare
/// with.
package struct Ledger: Equatable, Sendable {
  package struct Entry: Equatable, Sendable {
    package let attempt: AttemptID
    package let isProbe: Bool
    /// Which of the engine's lives started it.
    package let life: Int
    package let startedAt: Instant
    package fileprivate(set) var endedAt: Instant?
    /// Nil while it runs, and for ever where it died with the engine.
    package fileprivate(set) var end: AttemptEnd?
    /// When somebody first wanted it to stop.
    package fileprivate(set) var stopAskedAt: Instant?
  }

  package struct Mishap: Equatable, Sendable {
    package let cause: HazardCause
    package let time: Instant
  }

  /// In the order in which they were started.
  package private(set) var entries: [Entry] = []
  /// What befell the machine and its processes, in order.
  package private(set) var mishaps: [Mishap] = []

  /// - Returns: the index of the entry.
  mutating func started(
    _ attempt: AttemptID, isProbe: Bool = false, life: Int, at now: Instant
  ) -> Int {
    entries.append(Entry(attempt: attempt, isProbe: isProbe, life: life, startedAt: now))
    return entries.count - 1
  }

  mutating func ended(_ index: Int, _ end: AttemptEnd?, at now: Instant) {
    entries[index].endedAt = now
    entries[index].end = end
  }

  mutating func stopAsked(_ index: Int, at now: Instant) {
    if entries[index].stopAskedAt == nil { entries[index].stopAskedAt = now }
  }

  mutating func befell(_ cause: HazardCause, at now: Instant) {
    mishaps.append(Mishap(cause: cause, time: now))
  }

  /// How many commands run now.
  package var running: Int { entries.count { $0.endedAt == nil } }
}
