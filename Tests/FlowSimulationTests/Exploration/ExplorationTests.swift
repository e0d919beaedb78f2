import FlowCore
import Testing

@testable import FlowSimulation

struct ExplorationTests {
  private static let oneStep = Exploration.Subject(shape: WorkflowShape(needs: [[]]), jobs: 1)

  private func bounds(
    crashes: Int = 1, _ tier: StorageTier = .ordered, apart: Int = 0
  ) -> Exploration.Bounds {
    var bounds = Exploration.Bounds()
    bounds.crashes = crashes
    bounds.tier = tier
    bounds.apart = apart
    return bounds
  }

  @Test func withoutDeathsThereIsOneWorld() throws {
    var exploration = Exploration(Self.oneStep, bounds(crashes: 0))
    let first = exploration.next()
    let second = exploration.next()
    let report = try #require(first)
    #expect(second == nil)
    #expect(exploration.isDone)
    #expect(exploration.worlds == 1)
    #expect(report.outcome == .succeeded)
    #expect(report.launches == 1)
    #expect(exploration.counts == ExploringChoices.Counts())
  }

  @Test(arguments: [StorageTier.ordered, .weak])
  func aDeathAtAnyMomentOfOneStepLosesNothing(tier: StorageTier) {
    var exploration = Exploration(Self.oneStep, bounds(tier))
    var coverage = Coverage()
    while let report = exploration.next() {
      #expect(report.violation == nil)
      #expect(report.outcome == .succeeded)
      coverage.add(report.coverage)
    }
    let moments = exploration.counts.moments
    #expect(moments.count == 1 && moments[0] > 40)
    #expect(exploration.counts.images > moments[0])
    // The world without a death, two for each kill, and one for each image.
    #expect(exploration.worlds == 1 + 2 * moments[0] + exploration.counts.images)
    #expect(coverage.count(.processStop) == 2 * moments[0])
    #expect(coverage.count(.powerLoss) == exploration.counts.images)
    for fault in [Fault.bytesLost, .namesLost] { #expect(coverage.count(fault) > 0) }
    #expect(coverage.count(EventKind.rerunScheduled) > 0)
  }

  @Test func theSameBoundsAreTheSameWorlds() {
    var (one, other) = (Exploration(Self.oneStep, bounds()), Exploration(Self.oneStep, bounds()))
    while let report = one.next() {
      let same = other.next()
      #expect(same == report)
    }
    let none = other.next()
    #expect(none == nil)
    #expect(one.traceHash == other.traceHash)
    #expect(one.counts == other.counts)
  }

  @Test func theNextEngineDiesToo() {
    var exploration = Exploration(Self.oneStep, bounds(crashes: 2))
    var lives: Set<Int> = []
    for _ in 0..<300 {
      guard let report = exploration.next() else { break }
      #expect(report.violation == nil)
      lives.insert(report.lives)
    }
    #expect(lives == [1, 2, 3])
    #expect(exploration.counts.moments.count == 2)
  }

  /// Either of two commands can fail, or both; the failure of one does not stop the other.
  @Test func whicheverCommandsFailTheRunEnds() {
    var bounds = bounds(crashes: 0)
    bounds.failures = 2
    let apart = Exploration.Subject(shape: WorkflowShape(needs: [[], []]), jobs: 2)
    let chain = Exploration.Subject(shape: WorkflowShape(needs: [[], [0]]), jobs: 1)
    for (subject, launches) in [(apart, [2, 2, 2, 2]), (chain, [2, 2, 1])] {
      var exploration = Exploration(subject, bounds)
      var reports: [Simulation.Report] = []
      while let report = exploration.next() { reports.append(report) }
      #expect(reports.map(\.launches) == launches)
      #expect(reports.map(\.outcome) == [.succeeded] + launches.dropFirst().map { _ in .failed })
      #expect(reports.allSatisfy { $0.violation == nil })
    }
  }

  /// Each step puts out a list of two, and has a condition that holds or does not; that of the second can be
  /// one over the list of the first, too.
  @Test func everyValueDecides() {
    var bounds = bounds(crashes: 0)
    bounds.hasValues = true
    let chain = Exploration.Subject(shape: WorkflowShape(needs: [[], [0]]), jobs: 1)
    var exploration = Exploration(chain, bounds)
    var launches: [Int: Int] = [:]
    while let report = exploration.next() {
      #expect(report.violation == nil && report.outcome == .succeeded)
      launches[report.launches, default: 0] += 1
    }
    // Of the first step's conditions one holds, and of the second's four each holds for half of the lists:
    // with the first skipped, its list is as one without the text.
    #expect(Set(launches.keys) == [0, 1, 2])
    #expect((launches[2] ?? 0) > 4 && (launches[0] ?? 0) >= 2)
    #expect(exploration.worlds > 12)
  }

  /// A step runs for no item, one, or two: of a list of the workflow, or of one that the step before it puts out.
  @Test(arguments: [false, true]) func everyListOfUpToTwoItemsIsTried(isChain: Bool) {
    var bounds = bounds(crashes: 0)
    (bounds.hasNode, bounds.hasChain) = (true, isChain)
    let perItem = isChain ? 2 : 1
    let one = Exploration.Subject(shape: WorkflowShape(needs: [[]]), jobs: 2)
    let chain = Exploration.Subject(shape: WorkflowShape(needs: [[], [0]]), jobs: 2)
    for (subject, others) in [(one, 0), (chain, 1)] {
      var exploration = Exploration(subject, bounds)
      var launches: Set<Int> = []
      while let report = exploration.next() {
        #expect(report.violation == nil)
        launches.insert(report.launches)
      }
      // An empty list can also fail the step, so that what needs it is skipped.
      let all = Set((0...2).map { $0 * perItem + others })
      #expect(launches.subtracting(all) == (others == 1 ? [0] : []))
      #expect(all.isSubset(of: launches))
    }
    #expect(Exploration.Subject.all(steps: 1, bounds).map(\.jobs) == [1, 2])
  }

  /// A property that does not hold, of this test only: power is never lost while a command runs.
  @Test func whatFailsCanBeMadeAgainAndMadeSimpler() throws {
    let run: WorldRunner = { seed, options, choices, trace in
      let report = Simulation.run(seed: seed, options, choices, trace)
      return report.coverage.count(EventKind.rerunScheduled) == 0
        ? report : report.with(Violation(.again, "a lost attempt is run again"))
    }
    let chain = Exploration.Subject(shape: WorkflowShape(needs: [[], [0]]), jobs: 1)
    var exploration = Exploration(chain, bounds(), run: run)
    var last: Simulation.Report?
    while let report = exploration.next() {
      last = report
      if report.violation != nil { break }
    }
    let failing = try #require(last)
    #expect(failing.violation?.property == .again)
    let counts = exploration.counts
    let (report, world) = exploration.recordFailure()
    #expect(report == failing)
    #expect(exploration.counts == counts)
    #expect(world.run(by: run) == failing)
    let read = try TraceText.world(from: Array(TraceText.of(world).utf8))
    #expect(read == world)

    let shrunk = world.shrunk(by: run)
    #expect(shrunk.choicesAfter < shrunk.choicesBefore)
    #expect(shrunk.world.schedule.count == shrunk.choicesAfter)
    let again = shrunk.world.run(by: run)
    #expect(again.violation?.property == .again)
    #expect(again.traceHash == shrunk.world.traceHash)
  }
}
