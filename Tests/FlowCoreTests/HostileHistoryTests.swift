import FlowCore
import Testing

/// Whatever events come: they are refused, or the state after them is whole. Nothing traps.
@Suite struct HostileHistoryTests {
  @Test func randomEventsAreRefusedOrLegal() throws {
    var taken: Set<EventKind> = [.runCreated, .definitionPart]
    for seed in 0..<300 as Range<UInt64> {
      var generator = Generator(seed: seed)
      var state = try #require(try RandomRun(seed: seed).harness.replayedPrologue())
      for _ in 0..<300 {
        let event = Event(
          sequence: state.lastSequence + (generator.chance(in: 50) ? 0 : 1),
          moment: generator.moment(), startsWakeUp: generator.chance(in: 2),
          body: generator.body(for: state))
        // A state that has refused an event is of no more use.
        var next = state
        do throws(HistoryError) {
          try next.apply(event)
        } catch {
          continue
        }
        state = next
        taken.insert(event.body.kind)
        expectWhole(state, "seed \(seed), event \(event.sequence)")
      }
    }
    // Else the events would not be worth refusing.
    #expect(taken == Set(EventKind.allCases))
  }

  @Test(arguments: 0..<5 as Range<UInt64>)
  func damagedHistoriesAreRefusedOrLegal(block: UInt64) throws {
    for seed in block * 10..<(block + 1) * 10 {
      var run = try RandomRun(seed: seed)
      run.play(steps: 60)
      var generator = Generator(seed: seed)
      for _ in 0..<20 {
        let events = generator.damaged(run.harness.durable)
        var replay = Replay()
        var redecision = Redecision()
        var differs = false
        do throws(HistoryError) {
          for event in events {
            if !differs { differs = try redecision.apply(event) != nil }
            try replay.apply(event)
            if let state = replay.state { expectWhole(state, "seed \(seed)") }
          }
        } catch {
          continue
        }
      }
    }
  }

  private func expectWhole(_ state: RunState, _ comment: Comment) {
    var open = 0
    var ready = 0
    var unsettled = 0
    var ended = 0
    var doomed = 0
    for (index, step) in state.steps.enumerated() {
      open += step.hasOpenAttempt ? 1 : 0
      unsettled += step.isSettled ? 0 : 1
      switch step.phase {
      case .waiting(let needs):
        let most =
          (state.definition.isChild(index) ? 0 : state.graph.needsCount(of: index))
          + (index >= state.definition.firstFinally ? 1 : 0)
        #expect(needs >= 1 && needs <= most, comment)
      case .ready:
        let waits =
          state.definition.question(ofStep: index) != nil
          || state.definition.forEach(ofStep: index) != nil
        if !waits { ready += 1 }
      case .expanded:
        // Its end is decided when the last child has settled.
        if state.expanded(index)?.unsettled == 0 { ended += 1 }
      case .ended, .answered: ended += 1
      case .doomed: doomed += 1
      case .starting, .running, .stopping, .backingOff, .asking, .succeeded, .failed, .skipped,
        .cancelled:
        break
      }
      #expect(min(step.attempt, step.failures, step.losses) >= 0, comment)
    }
    #expect(state.openAttempts == open, comment)
    #expect(state.unsettledSteps == unsettled, comment)
    let held = state.definition.declaredSteps.reduce(0) {
      $0 + (state.expanded($1)?.held.count ?? 0)
    }
    #expect(
      state.ready.count + held + state.rollbacks.ready.count + state.publications.ready.count
        == ready, comment)
    #expect(state.undecided.count == ended, comment)
    #expect(state.doomed.count == doomed, comment)
    // To decide does not trap either.
    for wakeUpEnds in [false, true] {
      let decision = Decider.next(state, wakeUpEnds: wakeUpEnds)
      #expect(decision?.kind.isFact != true, comment)
    }
  }
}

extension EngineHarness {
  /// The state of the run before anything happened in it.
  fileprivate func replayedPrologue() throws -> RunState? {
    var replay = Replay()
    for event in durable + written where replay.state == nil { try replay.apply(event) }
    return replay.state
  }
}

extension Generator {
  /// The decision of the policy, a possible event of a step, or an arbitrary event.
  fileprivate mutating func body(for state: RunState) -> Event.Body {
    if chance(in: 3), let decision = Decider.next(state, wakeUpEnds: true) { return decision }
    // A run that stops has little left that could happen to it.
    let stops: [EventKind] = [.cancelRequested, .runStopping]
    let kind = pick(EventKind.allCases.filter { !stops.contains($0) || chance(in: 10) })
    if chance(in: 8) { return body(of: kind) }
    let step = Int32(below(state.steps.count + 2) - 1)
    var number = Int32(below(4) - 1)
    if state.steps.indices.contains(Int(step)), !chance(in: 4) {
      number = state.steps[Int(step)].attempt + (kind == .attemptScheduled ? 1 : 0)
    }
    let attempt = AttemptID(step: step, number: number)
    switch kind {
    case .runCreated, .definitionPart: return body(of: kind)
    case .engineStarted:
      let life = state.lives + Int32(below(3))
      return .engineStarted(EngineStarted(life: life, processID: -1, host: HostContext(bootID: "")))
    case .attemptLaunched: return .attemptLaunched(attempt, processID: -1)
    case .deadlinePassed: return .deadlinePassed(attempt)
    case .attemptEnded:
      return .attemptEnded(attempt, chance(in: 4) ? .success : attemptEnd())
    case .attemptWithdrawn: return .attemptWithdrawn(attempt)
    case .cancelRequested:
      return .cancelRequested(CancelRequest(id: next(), force: chance(in: 2)))
    case .timerFired:
      return .timerFired(
        state.timers.nextTimer.flatMap { chance(in: 2) ? $0 : nil } ?? .retry(step: step))
    case .attemptFound:
      return .attemptFound(
        attempt,
        pick([.neverLaunched, .unsynced, .running(processID: -1, forMicroseconds: -1)]))
    case .workSynced:
      return .workSynced(
        through: state.lastSequence + Int64(below(3)) - 1, failure: chance(in: 4) ? 5 : nil)
    case .asked: return .asked(step: step)
    case .outputsPublished:
      guard let open = state.openAttemptIDs.first else { return body(of: kind) }
      return .outputsPublished(open, [OutputPart(output: 0, bytes: [])])
    case .answered:
      var answer = answer()
      guard let asking = state.askingSteps.first, !chance(in: 4) else {
        return .answered(step: step, answer)
      }
      answer.asked = state.asked(byStep: asking)?.sequence ?? 0
      if chance(in: 2) { (answer.verdict, answer.values) = (.rejected, []) }
      return .answered(step: Int32(asking), answer)
    case .probeScheduled: return .probeScheduled(attempt)
    case .publishScheduled:
      let due = state.undecided.first.map {
        AttemptID(step: $0, number: state.steps[Int($0)].attempt)
      }
      let attempt = due ?? attempt
      let completes = chance(in: 4) ? chance(in: 2) : state.hasLostStage(attempt.step)
      return .publishScheduled(attempt, completes: completes)
    case .attemptScheduled: return .attemptScheduled(attempt)
    case .retryScheduled: return .retryScheduled(attempt, delayMilliseconds: signed())
    case .rerunScheduled: return .rerunScheduled(attempt)
    case .stopRequested: return .stopRequested(attempt, force: chance(in: 2))
    case .stepFinished: return .stepFinished(step: step, pick(StepOutcome.allCases))
    case .stepExpanded:
      return .stepExpanded(step: step, .children(count: number, added: Int32(below(4) - 1)))
    case .stepSkipped:
      return .stepSkipped(
        step: step,
        pick([.runStopping, .need(step: attempt.number), .noItems, .removed, .siblingsFailed]))
    case .runStopping: return .runStopping(pick([.cancelled, .timedOut, .failFast(step: step)]))
    case .runConcluding: return .runConcluding(pick(RunOutcome.allCases))
    case .runConcluded: return .runConcluded(pick(RunOutcome.allCases))
    case .runFinished: return .runFinished(pick(RunOutcome.allCases))
    default: return body(of: kind)
    }
  }

  /// The history with a few events dropped, doubled, swapped or changed, and numbered anew.
  fileprivate mutating func damaged(_ history: [Event]) -> [Event] {
    var events = history
    for _ in 0...below(3) where events.count > 4 {
      // The definition is left alone, mostly: without it nothing happens at all.
      let index = chance(in: 10) ? below(events.count) : 2 + below(events.count - 2)
      switch below(5) {
      case 0: events.remove(at: index)
      case 1: events.insert(events[index], at: 2 + below(events.count - 1))
      case 2: events.swapAt(index, 2 + below(events.count - 2))
      case 3: events[index].body = pick(history).body
      default: events[index].moment = moment()
      }
    }
    for index in events.indices { events[index].sequence = Int64(index) + 1 }
    return events
  }
}
