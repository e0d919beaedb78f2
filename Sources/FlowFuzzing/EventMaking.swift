import FlowCore

extension EventsTarget {
  /// Makes events until the bytes are used up.
  static func made(of supply: inout ByteSupply) -> [Event] {
    var events: [Event] = []
    var moment = supply.moment()
    while !supply.isEmpty {
      let startsWakeUp = supply.bool()
      if startsWakeUp { moment = supply.moment() }
      let kind = supply.pick(EventKind.allCases)
      events.append(
        Event(
          sequence: Int64(events.count) + 1, moment: moment, startsWakeUp: startsWakeUp,
          body: supply.body(of: kind)))
    }
    return events
  }
}

/// Any values, possible in a run or not.
extension ByteSupply {
  fileprivate mutating func moment() -> Moment {
    Moment(
      monotonic: Instant(microseconds: Int64(bitPattern: number())),
      wall: WallTime(microseconds: Int64(bitPattern: number())))
  }

  fileprivate mutating func body(of kind: EventKind) -> Event.Body {
    switch kind {
    case .runCreated: .runCreated(runCreated())
    case .definitionPart: .definitionPart(bytes(below(100)))
    case .engineStarted:
      .engineStarted(
        EngineStarted(
          life: count(), processID: count(),
          host: HostContext(bootID: string(), mountID: number(), processNamespace: number())))
    case .attemptLaunched: .attemptLaunched(attempt(), processID: count())
    case .deadlinePassed: .deadlinePassed(attempt())
    case .attemptEnded: .attemptEnded(attempt(), end())
    case .outputsPublished:
      .outputsPublished(
        attempt(),
        (0..<below(4)).map { _ in OutputPart(output: count(), bytes: bytes(below(100))) })
    case .attemptWithdrawn: .attemptWithdrawn(attempt())
    case .cancelRequested: .cancelRequested(CancelRequest(id: number(), force: bool()))
    case .answered: .answered(step: count(), answer())
    case .asked: .asked(step: count())
    case .timerFired:
      .timerFired(
        pick([
          .runTimeout, .retry(step: count()), .question(step: count()), .slow(step: count()),
        ]))
    case .attemptFound:
      .attemptFound(
        attempt(),
        pick([
          .neverLaunched, .unsynced, .running(processID: count(), forMicroseconds: count()),
        ]))
    case .clockJumped: .clockJumped(microseconds: Int64(bitPattern: number()))
    case .workSynced: .workSynced(through: count(), failure: bool() ? nil : max(1, count()))
    case .roomReturned:
      .roomReturned(waitedMicroseconds: count(), of: bool() ? .space : .processes)
    case .runReopened:
      .runReopened(
        ignoring: (0..<below(4)).map { _ in number() }, scope: scope())
    case .attemptScheduled: .attemptScheduled(attempt())
    case .retryScheduled: .retryScheduled(attempt(), delayMilliseconds: count())
    case .rerunScheduled: .rerunScheduled(attempt())
    case .probeScheduled: .probeScheduled(attempt())
    case .publishScheduled: .publishScheduled(attempt(), completes: bool())
    case .stopRequested: .stopRequested(attempt(), force: bool())
    case .stepExpanded:
      .stepExpanded(
        step: count(),
        bool()
          ? .children(count: count(), added: count())
          : .fault(ItemFault(pick(ItemFault.Kind.allCases), count())))
    case .stepFinished: .stepFinished(step: count(), pick(StepOutcome.allCases))
    case .stepSkipped:
      .stepSkipped(
        step: count(),
        pick([
          .runStopping, .need(step: count()), .notSelected,
          .condition([ConditionInput(name: string(), value: string())]),
          .noItems, .removed, .siblingsFailed,
        ]))
    case .runConcluding: .runConcluding(pick(RunOutcome.allCases))
    case .runConcluded: .runConcluded(pick(RunOutcome.allCases))
    case .runStopping:
      .runStopping(
        pick([.cancelled, .timedOut, .failFast(step: count()), .workNotSynced, .workLost]))
    case .runFinished: .runFinished(pick(RunOutcome.allCases))
    }
  }

  private mutating func runCreated() -> RunCreated {
    var created = RunCreated(
      runID: string(), seed: number(), policyVersion: count(), programVersion: string(),
      jobs: count(), definitionFolder: string(), definitionByteCount: count())
    if bool() {
      created.group = string()
      created.onConflict = pick(OnConflict.allCases)
    }
    if bool() { created.unselected = steps() }
    if bool() {
      let named = ItemSelection.Named(key: string(), steps: bool() ? steps() : StepSet())
      created.items = [ItemSelection(node: count(), hasOthers: bool(), named: [named])]
    }
    if bool() { created.definitionFile = string() }
    created.syncsWork = bool()
    created.ignoresResults = bool()
    if bool() { created.previousOutcome = pick(RunOutcome.allCases) }
    return created
  }

  /// At least one.
  private mutating func steps() -> StepSet {
    StepSet((0...below(6)).map { _ in count() as Int32 % .max })
  }

  private mutating func scope() -> ReopenScope {
    let scope: ReopenScope = pick([.unsuccessful, .withDependents, .only(steps()), .from(steps())])
    return pick([scope, scope.holdingOrder])
  }

  private mutating func answer() -> Answer {
    Answer(
      id: number(), asked: count(), pick(Verdict.allCases), by: count(),
      at: WallTime(microseconds: Int64(bitPattern: number())), note: string(),
      values: (0..<below(3)).map { _ in OutputPart(output: count(), bytes: bytes(below(100))) })
  }

  private mutating func attempt() -> AttemptID { AttemptID(step: count(), number: count()) }

  private mutating func end() -> AttemptEnd {
    let failure = LaunchFailure(operation: pick(LaunchFailure.Operation.allCases), errno: count())
    let result: AttemptEnd.Result = pick([
      .exited(code: byte()), .signalled(signal: byte()), .lost, .launchFailed(failure),
    ])
    var end = AttemptEnd(
      result: result, cause: pick(AttemptEnd.Cause.allCases), durationMicroseconds: count(),
      cpuMicroseconds: count(), peakMemoryKibibytes: count(), stragglers: count(),
      unkillable: count(),
      output: AttemptOutput(
        byteCount: bool() ? count() : nil, discardedBytes: bool() ? count() : 0,
        wasDiskFull: bool(), isUnscrubbed: bool()))
    let faults = OutputFault.allCases.filter { $0.fits(end.result) }
    if !faults.isEmpty, end.cause == .byItself, bool() {
      end.refusal = OutputRefusal(pick(faults), string())
    }
    if bool() && bool() { end.look = look() }
    return end
  }

  private mutating func look() -> CacheLook {
    if bool() { return .hit(run: string(), attempt: count()) }
    return .miss(
      CacheMiss(pick(CacheMiss.Reason.allCases), string(), count: count(), of: count()))
  }
}
