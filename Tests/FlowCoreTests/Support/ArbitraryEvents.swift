import FlowCore

/// Values of every type that an event is made of, with no regard to what can happen in a run.
extension Generator {
  private mutating func runCreated() -> RunCreated {
    var created = RunCreated(
      runID: string(), seed: next(), policyVersion: count(), programVersion: string(),
      jobs: count(), definitionFolder: string(), definitionByteCount: count())
    created.group = optional { $0.string() }
    if created.group != nil { created.onConflict = pick(OnConflict.allCases) }
    created.parameters = list(upTo: 2) {
      ParameterValue(name: $0.string(), texts: $0.list(upTo: 2) { $0.string() })
    }
    if chance(in: 4) { created.unselected = stepSet() }
    created.items = list(upTo: 2) {
      ItemSelection(
        node: $0.count(), hasOthers: $0.chance(in: 2),
        named: $0.list(upTo: 2) {
          ItemSelection.Named(key: $0.string(), steps: $0.chance(in: 2) ? StepSet() : $0.stepSet())
        })
    }
    created.definitionFile = optional { $0.string() }
    created.previousOutcome = optional { $0.pick(RunOutcome.allCases) }
    return created
  }

  /// At least one step.
  private mutating func stepSet() -> StepSet {
    StepSet((0...below(6)).map { _ in (count() as Int32) % .max })
  }

  private mutating func scope() -> ReopenScope {
    let scope: ReopenScope = pick([
      .unsuccessful, .withDependents, .only(stepSet()), .from(stepSet()),
    ])
    return pick([scope, scope.holdingOrder])
  }

  mutating func body(of kind: EventKind) -> Event.Body {
    switch kind {
    case .runCreated: .runCreated(runCreated())
    case .definitionPart: .definitionPart(bytes(upTo: 200))
    case .engineStarted:
      .engineStarted(EngineStarted(life: count(), processID: count(), host: hostContext()))
    case .attemptLaunched: .attemptLaunched(attempt(), processID: count())
    case .deadlinePassed: .deadlinePassed(attempt())
    case .attemptEnded: .attemptEnded(attempt(), attemptEnd())
    case .attemptWithdrawn: .attemptWithdrawn(attempt())
    case .outputsPublished:
      .outputsPublished(
        attempt(), list(upTo: 3) { OutputPart(output: $0.count(), bytes: $0.bytes(upTo: 20)) })
    case .cancelRequested:
      .cancelRequested(CancelRequest(id: count(), force: chance(in: 2)))
    case .answered: .answered(step: count(), answer())
    case .asked: .asked(step: count())
    case .timerFired:
      .timerFired(
        pick([
          .runTimeout, .launchPause, .retry(step: count()), .question(step: count()),
          .slow(step: count()),
        ]))
    case .attemptFound:
      .attemptFound(
        attempt(),
        pick([
          .neverLaunched, .unsynced, .running(processID: count(), forMicroseconds: count()),
        ]))
    case .clockJumped: .clockJumped(microseconds: signed())
    case .workSynced: .workSynced(through: count(), failure: chance(in: 2) ? nil : max(1, count()))
    case .roomReturned:
      .roomReturned(waitedMicroseconds: count(), of: chance(in: 2) ? .space : .processes)
    case .runReopened:
      .runReopened(
        ignoring: (0..<below(4)).map { _ in next() }, scope: scope())
    case .probeScheduled: .probeScheduled(attempt())
    case .publishScheduled: .publishScheduled(attempt(), completes: chance(in: 2))
    case .attemptScheduled: .attemptScheduled(attempt())
    case .retryScheduled: .retryScheduled(attempt(), delayMilliseconds: count())
    case .rerunScheduled: .rerunScheduled(attempt())
    case .stopRequested: .stopRequested(attempt(), force: chance(in: 2))
    case .stepExpanded:
      .stepExpanded(
        step: count(),
        chance(in: 2)
          ? .children(count: count(), added: count())
          : .fault(ItemFault(pick(ItemFault.Kind.allCases), count())))
    case .stepFinished: .stepFinished(step: count(), pick(StepOutcome.allCases))
    case .stepSkipped:
      .stepSkipped(
        step: count(),
        pick([
          .runStopping, .need(step: count()), .notSelected, .nothingFailed, .nothingToTell,
          .noItems, .removed, .siblingsFailed,
          .condition(list(upTo: 2) { ConditionInput(name: $0.string(), value: $0.string()) }),
        ]))
    case .runStopping:
      .runStopping(
        pick([.cancelled, .timedOut, .failFast(step: count()), .workNotSynced, .workLost]))
    case .runConcluding: .runConcluding(pick(RunOutcome.allCases))
    case .runConcluded: .runConcluded(pick(RunOutcome.allCases))
    case .runFinished: .runFinished(pick(RunOutcome.allCases))
    }
  }

  mutating func answer() -> Answer {
    Answer(
      id: next(), asked: count(), pick(Verdict.allCases), by: count(),
      at: WallTime(microseconds: signed()), note: string(),
      values: list(upTo: 3) { OutputPart(output: $0.count(), bytes: $0.bytes(upTo: 20)) })
  }

  mutating func hostContext() -> HostContext {
    HostContext(bootID: string(), mountID: next(), processNamespace: next())
  }

  mutating func attempt() -> AttemptID {
    AttemptID(step: count(), number: count())
  }

  mutating func attemptEnd() -> AttemptEnd {
    let result: AttemptEnd.Result = pick([
      .exited(code: count()), .signalled(signal: count()), .lost,
      .launchFailed(
        LaunchFailure(
          operation: pick(LaunchFailure.Operation.allCases), errno: count(),
          secret: optional { $0.string() }, fault: optional { $0.pick(SecretFault.allCases) })),
    ])
    var end = AttemptEnd(
      result: result, cause: pick(AttemptEnd.Cause.allCases), durationMicroseconds: count(),
      cpuMicroseconds: count(), peakMemoryKibibytes: count(),
      stragglers: chance(in: 2) ? 0 : count(), unkillable: chance(in: 2) ? 0 : count(),
      output: AttemptOutput(isUnscrubbed: chance(in: 4)), wasInterrupted: chance(in: 4),
      shellSignal: chance(in: 4) ? count() : nil)
    let faults = OutputFault.allCases.filter { $0.fits(end.result) }
    if !faults.isEmpty, end.cause == .byItself, chance(in: 2) {
      end.refusal = OutputRefusal(pick(faults), string())
    }
    if chance(in: 4) { end.look = look() }
    return end
  }

  mutating func look() -> CacheLook {
    if chance(in: 2) { return .hit(run: string(), attempt: count()) }
    return .miss(
      CacheMiss(pick(CacheMiss.Reason.allCases), string(), count: count(), of: count()))
  }

  mutating func moment() -> Moment {
    Moment(
      monotonic: Instant(microseconds: signed()), wall: WallTime(microseconds: signed()))
  }

  /// Consecutive events of a log: those of a wake-up share its moment.
  mutating func events(count: Int, first: Int64) -> [Event] {
    var moment = moment()
    return (0..<count).map { index in
      let startsWakeUp = chance(in: 2)
      if startsWakeUp { moment = self.moment() }
      return Event(
        sequence: first + Int64(index), moment: moment, startsWakeUp: startsWakeUp,
        body: body(of: pick(EventKind.allCases)))
    }
  }
}
