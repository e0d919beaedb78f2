/// Checks `Property.cancel`.
enum CancelChecker {
  static func check(_ record: RoundRecord, _ story: Story) -> [String] {
    requests(record, story) + starts(record, story) + graces(record, story)
  }

  /// Each request acts exactly once.
  private static func requests(_ record: RoundRecord, _ story: Story) -> [String] {
    var problems: [String] = []
    var seen: Set<String> = []
    var phase = RunPhase(record.plan)
    for event in story.history {
      phase.take(event.body)
      switch event.body {
      case .cancelRequested(let id, _):
        if !seen.insert(id).inserted { problems.append("request \(id) was recorded twice") }
      case .scheduled(let attempt):
        let step = record.plan.step(attempt.step)
        if phase.isStopping(step) {
          problems.append("\(attempt) was scheduled while the run was stopping")
        }
        if phase.isCancelled(step) {
          problems.append("\(attempt) was scheduled after a request to cancel")
        }
      case .engineStarted, .launched, .deadlinePassed, .ended, .withdrawn, .found, .unsynced,
        .retryScheduled,
        .rerunScheduled, .probeScheduled, .stopRequested, .stepFinished, .stepSkipped, .expanded,
        .refusedItems,
        .runStopping, .runConcluding, .runConcluded, .runReopened, .runFinished, .asked, .answered,
        .timePassed, .other:
        break
      }
    }
    return problems + forgotten(record, seen)
  }

  /// The engine looks for requests once a second: a request in the last moments of a run may be too late.
  private static func forgotten(_ record: RoundRecord, _ seen: Set<String>) -> [String] {
    // A reopened run ignores all requests that came before, seen or not.
    guard record.plan.beatsAgain == nil, let end = record.history.last?.microseconds else {
      return []
    }
    return record.requests.compactMap { request in
      let madeAt = record.endedAt - request.ageMicroseconds
      guard !seen.contains(request.id), madeAt + 2 * record.slackMicroseconds < end else {
        return nil
      }
      return "request \(request.id), made \(end - madeAt) us before the run's end, was ignored"
    }
  }

  /// Attempts that were not launched when the run began to stop must not start.
  private static func starts(_ record: RoundRecord, _ story: Story) -> [String] {
    var stops: [HistoryEvent] = []
    var reopenings: [HistoryEvent] = []
    for event in story.history {
      if case .runStopping = event.body { stops.append(event) }
      if case .runReopened = event.body { reopenings.append(event) }
    }
    return record.ledger.compactMap { line in
      guard line.isStart, let attempt = story.attempts[line.attempt],
        let stop = stops.first(where: { $0.sequence > attempt.scheduled.sequence }),
        !reopenings.contains(where: {
          $0.sequence > attempt.scheduled.sequence && $0.sequence < stop.sequence
        })
      else { return nil }
      if attempt.isWithdrawn {
        return "\(line.attempt) ran, but the history says that it was withdrawn"
      }
      // What stops the others does not keep it from starting.
      if let step = record.plan.step(line.attempt.step), step.isFinally || !step.isOwn {
        return nil
      }
      let late = line.microseconds - stop.microseconds
      if let found = attempt.foundUnlaunched, found.sequence > stop.sequence {
        return "\(line.attempt) was found unlaunched in a stopping run, but ran"
      }
      return late > record.slackMicroseconds
        ? "\(line.attempt) started \(late) us after the run began to stop" : nil
    }
  }

  /// The grace period begins when an engine could enforce it.
  private static func graces(_ record: RoundRecord, _ story: Story) -> [String] {
    let lives = story.history.filter { if case .engineStarted = $0.body { true } else { false } }
    return story.names.compactMap { name in
      guard let step = record.plan.step(name.step), let attempt = story.attempts[name],
        let stop = attempt.stopRequested, let end = attempt.ended
      else { return nil }
      let lastLife = lives.last { $0.sequence < end.sequence }?.microseconds ?? 0
      let since = max(stop.microseconds, lastLife)
      let grace = attempt.isForced ? 0 : step.killGrace * 1_000
      let took = end.microseconds - since
      // A later force does not count here: its own event does.
      let limit = grace + record.slackMicroseconds
      return took > limit
        ? "\(name) ended \(took) us after it was told to stop, with a limit of \(limit)" : nil
    }
  }
}
