package import FlowCore

/// Where a run stands, as it is shown.
package enum RunStatus: String, CaseIterable, Sendable {
  case running
  case stopping
  case succeeded
  case failed
  case cancelled
  /// The history has no end, and no engine drives the run: no state of the history itself.
  case interrupted
  /// No engine drives the run, and the rest of its history can be read by a newer flow only.
  case newer
  /// No engine drives the run, and the rest of its history cannot be read.
  case unreadable

  /// - Parameters:
  ///   - phase: nil while the definition is incomplete.
  ///   - isHeld: whether an engine holds the run's lock.
  ///   - problem: why the history could not be read to its end; nil if it was.
  package init(_ phase: RunState.Phase?, isHeld: Bool, problem: HistoryProblem? = nil) {
    switch phase {
    case .finished(let outcome): self = Self(outcome)
    // Whatever becomes of its notices.
    case .concluded(let outcome) where isHeld: self = Self(outcome)
    case .running where isHeld, .concluding where isHeld, nil where isHeld: self = .running
    case .stopping where isHeld: self = .stopping
    case .running, .stopping, .concluding, .concluded, nil:
      switch problem {
      case nil: self = .interrupted
      case .newer: self = .newer
      case .unreadable: self = .unreadable
      }
    }
  }

  private init(_ outcome: RunOutcome) {
    self =
      switch outcome {
      case .succeeded: .succeeded
      case .failed: .failed
      case .cancelled: .cancelled
      }
  }

  /// Whether the run has no end that is known, and no engine to bring it there.
  var isUndriven: Bool {
    switch self {
    case .interrupted, .newer, .unreadable: true
    case .running, .stopping, .succeeded, .failed, .cancelled: false
    }
  }

  var glyph: String {
    switch self {
    case .running: StepStatus.running.glyph
    case .stopping: StepStatus.stopping.glyph
    case .succeeded: StepStatus.succeeded.glyph
    case .failed: StepStatus.failed.glyph
    case .cancelled: StepStatus.cancelled.glyph
    case .interrupted: StepStatus.interrupted.glyph
    case .newer, .unreadable: "!"
    }
  }
}

/// Why a history could not be read to its end.
package enum HistoryProblem: Sendable {
  case newer
  case unreadable
}

/// Where a step stands, as it is shown. The names are those of `status --json`.
package enum StepStatus: String, CaseIterable, Sendable {
  case waiting
  case ready
  case starting
  case running
  case stopping
  case backingOff
  /// It waits for a person's answer.
  case asking
  case succeeded
  case failed
  case skipped
  case cancelled
  /// An attempt is open and no engine drives the run. Whether it was started, runs or has ended is
  /// unknown; to call it `running` would be a guess.
  case interrupted

  /// The two phases that last no longer than a wake-up are shown as the phase before.
  package init(_ phase: StepLifecycle.Phase, in run: RunStatus) {
    switch phase {
    case .starting where run.isUndriven, .running where run.isUndriven,
      .stopping where run.isUndriven:
      self = .interrupted
    case .waiting, .doomed: self = .waiting
    case .ready: self = .ready
    case .starting: self = .starting
    case .running, .ended, .expanded: self = .running
    case .asking, .answered: self = .asking
    case .stopping: self = .stopping
    case .backingOff: self = .backingOff
    case .succeeded: self = .succeeded
    case .failed: self = .failed
    case .skipped: self = .skipped
    case .cancelled: self = .cancelled
    }
  }

  /// For people.
  var word: String { self == .backingOff ? "backing off" : rawValue }

  /// One column wide. It never stands without the word.
  var glyph: String {
    switch self {
    case .waiting: "·"
    case .ready: "○"
    case .starting, .running: "▶"
    case .stopping: "■"
    case .backingOff: "↻"
    case .asking: "◆"
    case .succeeded: "✓"
    case .failed: "✗"
    case .skipped: "–"
    case .cancelled: "⊘"
    case .interrupted: "?"
    }
  }
}

extension RunState {
  /// The open attempts that hold a slot, and the steps whose attempt is scheduled and waits for one,
  /// the next first. Rollbacks and notices need none.
  var slots: (holders: [AttemptID], queue: [Int32]) {
    let open = openAttemptIDs.filter { !definition.needsNoSlot(Int($0.step)) }
    let queue = open.map(\.step).filter { steps[Int($0)].phase == .starting }
    return (
      open.filter { steps[Int($0.step)].phase != .starting },
      queue.sorted { precedence(of: $0) < precedence(of: $1) }
    )
  }

  /// Steps whose attempt is scheduled, and that wait for a slot: the engine makes intents durable
  /// ahead of their slots. They are shown as ready.
  func stepsWithoutSlot(in run: RunStatus) -> Set<Int32> {
    if isFinished || run.isUndriven { return [] }
    let (holders, queue) = slots
    return Set(queue.dropFirst(max(0, Int(created.jobs) - holders.count)))
  }
}

/// How many steps stand where.
package struct StepTally: CustomStringConvertible, Equatable, Sendable {
  private var counts: [StepStatus: Int] = [:]
  private var allowedFailures = 0
  private var unselected = 0

  init(_ state: RunState, in run: RunStatus) {
    self.init(state, in: run, withoutSlot: state.stepsWithoutSlot(in: run))
  }

  init(_ state: RunState, in run: RunStatus, withoutSlot: Set<Int32>) {
    for index in state.definition.declaredSteps {
      let step = state.steps[index]
      if state.definition.isNotify(index) || state.isIdleRollback(index) { continue }
      if !state.isSelected(index) {
        unselected += 1
      } else if step.phase == .failed && state.definition.settings(ofStep: index).allowFailure {
        allowedFailures += 1
      } else if withoutSlot.contains(Int32(index)) {
        counts[.ready, default: 0] += 1
      } else {
        counts[StepStatus(step.phase, in: run), default: 0] += 1
      }
    }
  }

  /// `2 succeeded, 1 failed, 1 failed (allowed), 4 not selected`.
  package var description: String {
    var parts = StepStatus.allCases.compactMap { status in
      counts[status].map { "\($0) \(status.word)" }
    }
    if allowedFailures > 0 { parts.append("\(allowedFailures) failed (allowed)") }
    if unselected > 0 { parts.append("\(unselected) not selected") }
    return parts.joined(separator: ", ")
  }
}
