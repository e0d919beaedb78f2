import FlowCommandLine
package import FlowCore

/// A sign of life for those who end what is silent, such as CI servers: at fixed times, what still
/// runs. It keeps no state of the run, which would have to be copied with every commit.
package struct Heartbeat: Sendable {
  private struct Active {
    let attempt: AttemptID
    let launchedAt: Instant
  }

  /// Nil turns it off.
  private let microseconds: Int64?
  private var start: Instant?
  /// When the next is due; nil while there is no run.
  package private(set) var next: Instant?
  /// The longest running first.
  private var active: [Active] = []
  private var backingOff: Set<Int32> = []
  private var asking: Set<Int32> = []
  private var done = 0
  private var total = 0
  private var wording = StepWording(nil)

  package static let defaultMilliseconds: Int64 = 5 * 60_000
  private static let mostNames = 4

  /// - Parameter milliseconds: between two; zero for none.
  package init(everyMilliseconds milliseconds: Int64) {
    microseconds = milliseconds == 0 ? nil : milliseconds * 1_000
  }

  /// Takes in events that are shown now.
  package mutating func take(_ events: [Event], _ state: RunState, at now: Instant) {
    guard let microseconds else { return }
    if next == nil {
      start = now
      next = now.advanced(byMicroseconds: microseconds)
      wording = StepWording(state)
    }
    for event in events { apply(event) }
    // What backs off, and is ended by that: rollbacks may go on.
    if state.isStopping {
      backingOff = backingOff.filter { state.steps[Int($0)].phase == .backingOff }
    }
    (total, done, _) = state.countedSteps
    if state.isFinished { next = nil }
  }

  private mutating func apply(_ event: Event) {
    let now = event.moment.monotonic
    switch event.body {
    case .attemptLaunched(let attempt, _): begin(attempt, at: now)
    case .attemptFound(let attempt, .running(_, let forMicroseconds)):
      begin(attempt, at: now.advanced(byMicroseconds: -forMicroseconds))
    case .attemptEnded(let attempt, _): active.removeAll { $0.attempt == attempt }
    case .retryScheduled(let attempt, _): backingOff.insert(attempt.step)
    case .asked(let step): asking.insert(step)
    case .stepFinished(let step, _): asking.remove(step)
    case .timerFired(.retry(let step)): backingOff.remove(step)
    default: break
    }
  }

  private mutating func begin(_ attempt: AttemptID, at now: Instant) {
    active.removeAll { $0.attempt == attempt }
    active.append(Active(attempt: attempt, launchedAt: now))
  }

  /// The line that is due, with its line feed; nil where none is.
  package mutating func line(at now: Instant) -> String? {
    guard let microseconds, let start, let next, next <= now else { return nil }
    // After a pause, such as of a suspended process, one is enough.
    let beats = (now.microseconds - start.microseconds) / microseconds + 1
    self.next = start.advanced(byMicroseconds: beats * microseconds)
    let time = Self.whole(now.microseconds - start.microseconds)
    return "after \(time): \(what(at: now)); \(done) of \(total) steps done\n"
  }

  private func what(at now: Instant) -> String {
    if active.isEmpty {
      let rest = backingOff.isEmpty ? "" : ", \(backingOff.count) backing off"
      guard let first = asking.min() else { return "nothing runs\(rest)" }
      let more = asking.count == 1 ? "" : " and \(asking.count - 1) more"
      return "waiting for an answer to \(wording.id(first))\(more)\(rest)"
    }
    let names = active.prefix(Self.mostNames).map { active in
      let span = now.microseconds - active.launchedAt.microseconds
      return "\(wording.id(active.attempt.step)) (\(Self.whole(span)))"
    }
    let more = active.count - names.count
    return "still running: \(names.joined(separator: ", "))" + (more > 0 ? " and \(more) more" : "")
  }

  /// In whole seconds, from one on.
  private static func whole(_ microseconds: Int64) -> String {
    microseconds < 1_000_000
      ? DurationText.of(microseconds: max(0, microseconds))
      : DurationText.of(milliseconds: microseconds / 1_000_000 * 1_000)
  }
}
