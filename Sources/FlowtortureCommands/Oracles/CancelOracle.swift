enum CancelOracle {
  static func judge(_ record: RoundRecord, _ story: Story) -> [String] {
    requests(record, story) + starts(record, story) + graces(record, story)
  }

  /// Each request acts once, and none is forgotten.
  private static func requests(_ record: RoundRecord, _ story: Story) -> [String] {
    var problems: [String] = []
    var seen: Set<String> = []
    var isStopping = false
    var isCancelled = false
    for event in story.history {
      switch event.body {
      case .cancelRequested(let id, _):
        if !seen.insert(id).inserted { problems.append("request \(id) was taken in twice") }
        isCancelled = true
      case .scheduled(let attempt):
        if isStopping { problems.append("\(attempt) was scheduled while the run was stopping") }
        if isCancelled { problems.append("\(attempt) was scheduled behind a request to cancel") }
      case .runStopping: isStopping = true
      case .runReopened:
        isStopping = false
        isCancelled = false
      case .engineStarted, .launched, .deadlinePassed, .ended, .withdrawn, .found, .retryScheduled,
        .rerunScheduled, .probeScheduled, .stopRequested, .stepFinished, .stepSkipped,
        .runFinished, .other:
        break
      }
    }
    return problems + forgotten(record, seen)
  }

  /// The engine looks at the requests once a second, so that one which came within the last moments
  /// of a run may have come too late.
  private static func forgotten(_ record: RoundRecord, _ seen: Set<String>) -> [String] {
    // A round that begins anew is done with all requests that came before, seen or not.
    guard record.plan.beatsAgain == nil, let end = record.history.last?.microseconds else {
      return []
    }
    return record.requests.compactMap { request in
      let madeAt = record.endedAt - request.ageMicroseconds
      guard !seen.contains(request.id), madeAt + 2 * record.slackMicroseconds < end else {
        return nil
      }
      return "request \(request.id) was made \(end - madeAt) us before the run's end, and forgotten"
    }
  }

  /// What had not been launched when the run was to stop is not launched any more.
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
      if attempt.isWithdrawn { return "\(line.attempt) ran, and the history says it was withdrawn" }
      let late = line.microseconds - stop.microseconds
      if let found = attempt.foundUnlaunched, found.sequence > stop.sequence {
        return "\(line.attempt) was found unlaunched in a run that was stopping, and ran"
      }
      return late > record.slackMicroseconds
        ? "\(line.attempt) started \(late) us after the run was to stop" : nil
    }
  }

  /// From the moment that somebody could stop it.
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
      // A force that came later does not count here; its own event does.
      let limit = grace + record.slackMicroseconds
      return took > limit
        ? "\(name) ended \(took) us after it was to stop, with a limit of \(limit)" : nil
    }
  }
}
