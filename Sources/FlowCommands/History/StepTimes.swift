package import FlowCore

/// Where the time of a step went, from the start of the run to the step's end or to now, in
/// microseconds. The parts add up to the whole.
package struct StepTimes: Equatable, Sendable {
  package enum Kind: String, CaseIterable, Sendable {
    /// For the steps that it needs.
    case waiting
    /// For a slot, ready to run.
    case queued
    /// For disk space, ready to run.
    case lackingSpace
    /// For a process, ready to run.
    case lackingProcesses

    static func lacking(_ shortage: Shortage) -> Kind {
      switch shortage {
      case .space: .lackingSpace
      case .processes: .lackingProcesses
      }
    }
    /// Of a node, while its children run or wait.
    case running
    case backingOff
    /// For a person's answer.
    case asking
    /// Settled by an earlier round of the run.
    case resting
    /// No engine drove the run; running attempts may have continued.
    case undriven
  }

  private var spans: [Int64] = Array(repeating: 0, count: Kind.allCases.count)

  package subscript(kind: Kind) -> Int64 {
    get { spans[Self.place(of: kind)] }
    set { spans[Self.place(of: kind)] = newValue }
  }

  private static func place(of kind: Kind) -> Int {
    switch kind {
    case .waiting: 0
    case .queued: 1
    case .running: 2
    case .backingOff: 3
    case .resting: 4
    case .undriven: 5
    case .lackingSpace: 6
    case .lackingProcesses: 7
    case .asking: 8
    }
  }

  package var total: Int64 { spans.reduce(0, +) }
}

/// A stretch of a step's time.
package struct StepSpan: Equatable, Sendable {
  package let kind: StepTimes.Kind
  /// Of the run's own time, in microseconds.
  package let from: Int64
  package let until: Int64
  /// The number of the attempt that it leads to or is part of; zero for none.
  package let attempt: Int32
}

extension RunHistory {
  /// The stretches of a step's time, in order and without gaps, up to its end or `now`. Empty
  /// stretches are left out.
  ///
  /// - Parameter now: of the run's own time, for a step that has no end.
  package func spans(ofStep step: Int, now: Int64) -> [StepSpan] {
    var spans: [StepSpan] = []
    var reached: Int64 = 0
    func reach(_ until: Int64, _ kind: StepTimes.Kind, _ attempt: Int32) {
      guard until > reached else { return }
      spans.append(StepSpan(kind: kind, from: reached, until: until, attempt: attempt))
      reached = until
    }
    var idle = StepTimes.Kind.waiting
    /// Another round may have begun since.
    func crossRounds(before end: Int64) {
      guard let round = rounds.last(where: { $0.from.elapsed <= end })?.from.elapsed,
        round > reached
      else { return }
      if let before = settledBefore(step: step)?.elapsed, before < round { reach(before, idle, 0) }
      reach(round, .resting, 0)
      idle = .waiting
    }
    for attempt in attempts(ofStep: step) {
      let number = attempt.id.number
      crossRounds(before: attempt.readyAt.elapsed)
      reach(attempt.readyAt.elapsed, idle, number)
      let started = attempt.launchedAt ?? attempt.endedAt
      reach(started?.elapsed ?? now, .queued, number)
      if started == nil { return spans }
      reach(attempt.endedAt?.elapsed ?? now, .running, number)
      switch attempt.next {
      case .retry: idle = .backingOff
      case .rerun, .probe, .publication: idle = .queued
      case .none: idle = .waiting
      }
    }
    for items in itemsTimes(ofStep: step) {
      crossRounds(before: items.from.elapsed)
      reach(items.from.elapsed, idle, 0)
      reach(items.until?.elapsed ?? now, .running, 0)
    }
    let end = settledAt(step: step)?.elapsed ?? now
    let ready = readySince(step: step)?.elapsed
    let asked = askedAt(step: step)?.elapsed
    crossRounds(before: asked ?? ready ?? end)
    if let asked {
      reach(asked, idle, 0)
      idle = .asking
    }
    if let ready {
      reach(ready, idle, 0)
      idle = .queued
    }
    reach(end, idle, 0)
    return spans
  }

  /// Where a step's time went. While no engine drove the run a step's waiting counts as `undriven`
  /// alone, and so does an attempt that was lost: how long it ran is unknown.
  ///
  /// - Parameters:
  ///   - now: of the run's own time, for a step that has no end.
  ///   - since: earlier time does not count.
  package func times(ofStep step: Int, now: Int64, since: Int64 = 0) -> StepTimes {
    var times = StepTimes()
    let attempts = attempts(ofStep: step)
    for span in spans(ofStep: step, now: now) {
      let isLost = attempts.contains { $0.id.number == span.attempt && $0.outcome == .lost }
      let parts = parts(of: span, isLost: isLost, since: since)
      for kind in StepTimes.Kind.allCases { times[kind] += parts[kind] }
    }
    return times
  }

  /// Where the time of a stretch went, by its kind; waits for a slot without the time in which the
  /// machine lacked something.
  func parts(of span: StepSpan, isLost: Bool = false, since: Int64 = 0) -> StepTimes {
    let mayBeUndriven =
      switch span.kind {
      case .waiting, .queued, .backingOff: true
      case .running: isLost
      case .lackingSpace, .lackingProcesses, .asking, .resting, .undriven: false
      }
    let from = min(max(span.from, since), span.until)
    let whole = span.until - from
    let undriven = mayBeUndriven ? undrivenTime(from: from, until: span.until) : 0
    var times = StepTimes()
    var rest = whole - undriven
    if span.kind == .queued {
      for shortage in Shortage.allCases {
        let time = min(rest, self.time(lacking: shortage, from: from, until: span.until))
        times[.lacking(shortage)] = time
        rest -= time
      }
    }
    times[span.kind] = rest
    times[.undriven] += undriven
    return times
  }

  /// How much of a stretch of time a commit or a launch waited for that. Both can wait at once.
  private func time(lacking shortage: Shortage, from: Int64, until: Int64) -> Int64 {
    var (sum, begin): (Int64, Int64) = (0, until)
    // The latest first.
    for mark in marks.reversed() {
      guard case .roomReturned(let waited, shortage) = mark.body else { continue }
      let end = min(begin, mark.point.elapsed)
      let start = max(from, mark.point.elapsed - waited)
      if start < end {
        sum += end - start
        begin = start
      }
    }
    return sum
  }

  /// How much of a stretch of time no engine drove the run.
  private func undrivenTime(from: Int64, until: Int64) -> Int64 {
    var sum: Int64 = 0
    for (life, next) in zip(lives, lives.dropFirst()) {
      sum += max(0, min(until, next.from.elapsed) - max(from, life.until.elapsed))
    }
    return sum
  }
}
