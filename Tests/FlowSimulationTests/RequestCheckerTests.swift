import FlowCore
import FlowRuntime
import FlowStorage
import Testing

@testable import FlowSimulation

/// Requests to cancel that are left in the run's folder.
struct RequestCheckerTests {
  private let request = CancelRequest(id: 7, force: false)

  private func fired(
    _ bodies: [Event.Body], leftAt left: Int64? = nil, endedAt end: Int64 = 5_000
  ) -> Property? {
    let checker = RequestChecker(noticeMicroseconds: 1_000)
    if let left { checker.left(request, at: WorldTime(microseconds: left)) }
    do throws(Violation) {
      for (index, body) in bodies.enumerated() {
        let moment = Moment(
          monotonic: Instant(microseconds: 0), wall: WallTime(microseconds: 0))
        try checker.learn(
          Event(sequence: Int64(index) + 1, moment: moment, startsWakeUp: true, body: body))
      }
      try checker.check(endedAt: WorldTime(microseconds: end))
      return nil
    } catch {
      return error.property
    }
  }

  private var cancelled: [Event.Body] {
    [
      .cancelRequested(request), .runStopping(.cancelled), .stepFinished(step: 0, .cancelled),
      .runFinished(.cancelled),
    ]
  }

  @Test func aRequestThatIsForgottenFiresCancel() {
    let finished: [Event.Body] = [.runFinished(.succeeded)]
    #expect(fired(finished, leftAt: 3_999) == .cancel)
    #expect(fired(finished, leftAt: 4_000) == nil, "it may not have been seen in time")
    #expect(fired(cancelled, leftAt: 0) == nil)
  }

  @Test func aRequestThatActsTwiceFiresCancel() {
    #expect(fired(cancelled) == nil)
    #expect(fired([.cancelRequested(request), .cancelRequested(request)]) == .cancel)
    let ignored: [Event.Body] = [
      .runFinished(.failed), .runReopened(ignoring: [7]), .cancelRequested(request),
    ]
    #expect(fired(ignored) == .cancel)
    #expect(fired(cancelled + [.runReopened(ignoring: []), .cancelRequested(request)]) == .cancel)
    #expect(fired(cancelled + [.runReopened(ignoring: [7])], leftAt: 0) == nil)
  }

  @Test func aCancelThatIsFeltAndNotSaidFiresCancel() {
    #expect(fired(cancelled.dropLast() + [.runFinished(.failed)]) == .cancel)
    #expect(fired([.cancelRequested(request), .runFinished(.succeeded)]) == .cancel)
    // It came too late to change anything.
    let late: [Event.Body] = [
      .cancelRequested(request), .runStopping(.cancelled), .stepFinished(step: 0, .succeeded),
      .runFinished(.succeeded),
    ]
    #expect(fired(late) == nil)
    // Another reason came first.
    let other: [Event.Body] = [
      .runStopping(.timedOut), .cancelRequested(request), .stepFinished(step: 0, .cancelled),
      .runFinished(.failed),
    ]
    #expect(fired(other) == nil)
  }

  @Test func aRequestThatACrashCanTakeFiresCancel() throws {
    try RequestChecker.check(request, among: [request])
    for durable in [[], [CancelRequest(id: 7, force: true)], [CancelRequest(id: 8, force: false)]] {
      #expect(throws: Violation.self) { try RequestChecker.check(request, among: durable) }
    }
  }

  /// The name of the run may not be durable when a request is left: the canceller syncs it.
  @Test func aRequestBelowANameThatIsNotDurableFiresCancel() throws {
    let world = World(SimulationOptions(), choices: ReplayedChoices(.empty), trace: Trace())
    let created = RunCreated(
      runID: "run", seed: 1, policyVersion: Policy.current.rawValue, programVersion: "0", jobs: 1,
      definitionFolder: "/", definitionByteCount: 1)
    let home = RunHome("/home", in: world.storage)
    let folder = home.folder(of: "run")
    let definition = WorkflowDefinition(name: "", steps: [], settings: [])
    world.begin(SimulatedRun(definition, created, in: home))
    for path in ["/home", "/home/runs", folder.path, folder.requests] {
      try world.storage.makeDirectory(path)
    }
    for path in ["/", "/home"] { try world.storage.syncDirectory(path) }
    world.leave(request)
    #expect(world.checkers.violation == nil)
    let other = CancelRequest(id: 8, force: false)
    let file = try world.storage.open("\(folder.requests)/0000000000000008.cancel", .create)
    try world.storage.close(file)
    world.checkers.left(other)
    #expect(world.checkers.violation?.property == .cancel)
  }

  // MARK: In worlds

  /// Engines and cancellers may die at any time: all worlds in which requests are left hold.
  @Test func requestsAreLeftAtAnyTime() {
    var coverage = Coverage()
    for seed in 1...60 as ClosedRange<UInt64> {
      let choices = SeededChoices(seed: seed)
      var options = SimulationOptions.draw(from: choices)
      options.requests = 3
      options.crashPerMille = 20
      options.maxCrashes = 5
      let report = Simulation.run(seed: seed, options, choices)
      #expect(report.violation == nil, "seed \(seed)")
      coverage.add(report.coverage)
    }
    for fault in [Fault.requestLeft, .forcedRequestLeft, .requestLeftToNobody, .cancellerDies] {
      #expect(coverage.count(fault) > 0, "no \(fault)")
    }
    #expect(coverage.count(.cancelRequested) > 20)
  }

  /// An attempt in another host context is never taken over, and never runs twice at once.
  @Test func theFolderIsMountedElsewhere() {
    var coverage = Coverage()
    for seed in 1...60 as ClosedRange<UInt64> {
      let choices = SeededChoices(seed: seed)
      var options = SimulationOptions.draw(from: choices)
      options.remountPercent = 50
      options.crashPerMille = 20
      options.maxCrashes = 5
      options.powerLossPercent = 0
      options.hangPercent = 15
      let report = Simulation.run(seed: seed, options, choices)
      #expect(report.violation == nil, "seed \(seed)")
      coverage.add(report.coverage)
    }
    #expect(coverage.count(Fault.remounted) > 0 && coverage.count(Fault.runsElsewhere) > 0)
  }
}
