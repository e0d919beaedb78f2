import FlowtortureCommands
import Testing

/// What torture says of items.
struct ForEachCheckerTests {
  private typealias Sample = SampleRound
  private static let good = AttemptResult("exited", exitCode: 0)

  @Test func roundsThatWentWellAreLeftAlone() {
    #expect(Sample.node().violations == [])
    #expect(Sample.chain().violations == [])
  }

  // MARK: Items

  @Test(arguments: [["y", "y"], ["x", "y"], ["y", "x"], ["x"], []])
  func aCommandIsToldItsOwnItem(items: [String]) {
    var sample = Sample.node()
    sample.record.ledger[3] = LedgerLine(10_000, .start, Sample.x1, items: items)
    #expect(sample.violated == [.forEach])
  }

  @Test func whatRunsForNoItemIsToldNone() {
    var sample = Sample.node()
    sample.record.ledger[0] = LedgerLine(1_000, .start, AttemptName("s", 1), items: ["x", "x"])
    #expect(sample.violated == [.forEach])
  }

  @Test func theItemsAreThoseOfTheList() {
    var sample = Sample.node()
    sample.replace(6, .expanded("n", items: 3))
    #expect(sample.violated == [.forEach])
    sample = Sample.node()
    sample.record.plan.steps[0].behaviours = [Behaviour([.list(["x", "w"]), .exit(code: 0)])]
    #expect(sample.violated.contains(.forEach))
  }

  @Test func itemsComeAfterTheListAndOnce() {
    var sample = Sample.node()
    sample.insert(at: 4, (0, .expanded("n", items: 2)))
    sample.remove(7...7)
    #expect(sample.violated.contains(.forEach))
    sample = Sample.node()
    sample.insert(at: 7, (9_000, .expanded("n", items: 2)))
    #expect(sample.violated == [.forEach])
  }

  @Test func aListThatIsNoneOfItemsRunsNothing() {
    var sample = Sample.node { $0.most = 1 }
    #expect(sample.violated == [.forEach])
    sample.remove(6...12)
    sample.insert(at: 6, (9_000, .refusedItems("n", fault: "tooMany")))
    sample.record.ledger.removeAll { $0.attempt.step != "s" }
    sample.fail([], node: "failed")
    #expect(sample.violations == [])
    sample.replace(6, .refusedItems("n", fault: "repeated"))
    #expect(sample.violated == [.forEach])
  }

  @Test(arguments: [
    (NodePlan.WhenEmpty.succeed, "succeeded"), (.fail, "failed"), (.skip, "skipped"),
  ])
  func aNodeWithoutItems(whenEmpty: NodePlan.WhenEmpty, end: String) {
    for found in ["succeeded", "failed", "skipped"] {
      var sample = Sample.node {
        $0.source = .literal([])
        $0.whenEmpty = whenEmpty
      }
      sample.remove(6...13)
      let event: HistoryEvent.Body =
        found == "skipped"
        ? .stepSkipped("n", reason: "noItems") : .stepFinished("n", outcome: found)
      sample.insert(at: 6, (9_000, .expanded("n", items: 0)), (9_000, event))
      sample.replace(8, .runFinished(outcome: found == "failed" ? "failed" : "succeeded"))
      sample.record.ledger.removeAll { $0.attempt.step != "s" }
      sample.show()
      #expect(sample.violated == (found == end ? [] : [.forEach]), "\(found)")
    }
  }

  /// It counts as done, in later rounds too.
  @Test func aNodeThatIsSkippedSinceItHasNoItems() {
    var sample = Sample.node { $0.source = .literal([]) }
    var z = StepPlan(id: "z")
    z.needs = [1]
    sample.record.plan.steps.append(z)
    sample.remove(6...13)
    let (z1, z2) = (AttemptName("z", 1), AttemptName("z", 2))
    let failed = AttemptResult("launchFailed")
    sample.record.plan.steps[2].program = .missing
    sample.insert(
      at: 6, (9_000, .expanded("n", items: 0)), (9_000, .stepSkipped("n", reason: "noItems")),
      (9_000, .scheduled(z1)), (9_000, .ended(z1, failed)),
      (9_000, .stepFinished("z", outcome: "failed")))
    sample.replace(11, .runFinished(outcome: "failed"))
    sample.record.ledger.removeAll { $0.attempt.step != "s" }
    sample.show()
    #expect(sample.violations == [])
    sample.playAgain(
      (110_000, .scheduled(z2)), (110_000, .ended(z2, failed)),
      (110_000, .stepFinished("z", outcome: "failed")))
    sample.replace(16, .runFinished(outcome: "failed"))
    sample.show()
    #expect(sample.violations == [])
    sample.replace(7, .stepSkipped("n", reason: "need"))
    #expect(sample.violated.isSuperset(of: [.forEach, .order]))
  }

  // MARK: Children

  @Test func aChildThatRunsAgainAfterItsSuccess() {
    var sample = Sample.node()
    sample.insert(at: 11, (19_000, .scheduled(AttemptName("n/x", 2))))
    #expect(sample.violated.isSuperset(of: [.forEach, .again]))
    sample = Sample.node()
    sample.record.ledger.append(
      LedgerLine(20_000, .start, AttemptName("n/x", 2), items: ["x", "x"]))
    #expect(sample.violated.contains(.forEach))
  }

  @Test func aChildBesideItself() {
    var sample = Sample.node()
    sample.record.ledger.append(
      LedgerLine(12_000, .start, AttemptName("n/x", 2), items: ["x", "x"]))
    #expect(sample.violated.isSuperset(of: [.intent, .again]))
  }

  @Test func moreAtOnceThanJobsOfTheNode() {
    #expect(Sample.node { $0.jobs = 2 }.violations == [])
    #expect(Sample.node { $0.jobs = 1 }.violated == [.forEach])
  }

  @Test func aChildWithoutAnItem() {
    var sample = Sample.node()
    sample.replace(8, .scheduled(AttemptName("n/z", 1)))
    #expect(sample.violated.contains(.forEach))
  }

  @Test func aNodeHasNoAttempts() {
    var sample = Sample.node()
    sample.insert(at: 9, (9_000, .scheduled(AttemptName("n", 1))))
    #expect(sample.violated.contains(.forEach))
  }

  @Test(arguments: ["removed", "siblingsFailed", "runStopping", "need", "notSelected"])
  func aChildThatIsLeftOutForNoReason(reason: String) {
    var sample = Sample.node()
    sample.remove(11...12)
    sample.replace(8, .stepSkipped("n/y", reason: reason))
    sample.record.ledger.removeAll { $0.attempt == Sample.y1 }
    sample.show()
    #expect(sample.violated.contains(.forEach))
  }

  // MARK: The node

  @Test func aNodeThatEndsBeforeItsChildren() {
    var sample = Sample.node()
    sample.remove(13...13)
    sample.insert(at: 11, (19_000, .stepFinished("n", outcome: "succeeded")))
    #expect(sample.violated == [.forEach])
  }

  @Test(arguments: [
    (NodePlan.Tolerance?.none, 1, "failed"), (.count(0), 1, "failed"), (.count(1), 1, "succeeded"),
    (.count(1), 2, "failed"), (.percent(49), 1, "failed"), (.percent(50), 1, "succeeded"),
    (.percent(99), 2, "failed"),
  ])
  func whatIsToleratedIsExact(tolerance: NodePlan.Tolerance?, failures: Int, end: String) {
    for found in ["succeeded", "failed"] {
      var sample = Sample.node { $0.tolerance = tolerance }
      sample.fail(failures == 1 ? [Sample.y1] : [Sample.x1, Sample.y1], node: found)
      #expect(sample.violated == (found == end ? [] : [.forEach]), "\(found)")
    }
  }

  @Test func oneFailureMoreStopsTheOthers() {
    var sample = Sample.node { $0.tolerance = .count(0) }
    sample.fail([Sample.x1], node: "failed")
    sample.replace(11, .ended(Sample.y1, AttemptResult("cancelled")))
    sample.replace(12, .stepFinished("n/y", outcome: "cancelled"))
    sample.show()
    #expect(sample.violations == [])
    sample.insert(at: 11, (19_000, .stepFinished("n/x", outcome: "failed")))
    #expect(!sample.violations.isEmpty)
    sample = Sample.node { $0.tolerance = .count(0) }
    sample.fail([Sample.x1], node: "failed")
    sample.remove(8...8)
    sample.insert(at: 10, (19_000, .scheduled(Sample.y1)))
    #expect(sample.violated.contains(.cancel))
  }

  @Test func whatStopsTheOthersHasFailedItself() {
    var sample = Sample.node { $0.tolerance = .count(0) }
    for index in sample.record.plan.steps.indices { sample.record.plan.steps[index].onLost = .fail }
    sample.fail([Sample.x1], node: "failed")
    sample.replace(9, .ended(Sample.x1, AttemptResult("lost")))
    sample.record.killedMonitors = [Sample.x1]
    sample.replace(11, .ended(Sample.y1, AttemptResult("lost")))
    sample.record.killedMonitors.insert(Sample.y1)
    sample.replace(12, .stepFinished("n/y", outcome: "cancelled"))
    sample.show()
    #expect(sample.violations == [])
    sample.replace(12, .stepFinished("n/y", outcome: "failed"))
    sample.show()
    #expect(sample.violated == [.retry])
  }

  @Test func aFailureIsRetriedUnlessTheOthersAreStopped() {
    var sample = Sample.node { $0.tolerance = .count(0) }
    for index in sample.record.plan.steps.indices {
      sample.record.plan.steps[index].retry.maxAttempts = 2
    }
    sample.fail([Sample.x1, Sample.y1], node: "failed")
    // `x` has one retry left, and nothing stops it yet.
    #expect(sample.violated == [.retry])
    for index in sample.record.plan.steps.indices {
      sample.record.plan.steps[index].retry.maxAttempts = 1
    }
    #expect(sample.violations == [])
  }

  // MARK: Chains

  @Test func aChainIsInOrder() {
    var sample = Sample.chain()
    sample.record.ledger[4] = LedgerLine(
      17_999, .start, AttemptName("n/x/t1", 1), items: ["x", "x"])
    #expect(sample.violated.isSuperset(of: [.forEach, .intent]))
    sample = Sample.chain()
    sample.remove(10...10)
    sample.insert(at: 8, (9_000, .scheduled(AttemptName("n/x/t1", 1))))
    #expect(sample.violated == [.order])
  }

  @Test func whatFollowsAFailureIsSkipped() {
    var sample = Sample.chain()
    sample.remove(10...12)
    sample.insert(at: 10, (19_000, .stepSkipped("n/x/t1", reason: "need")))
    sample.record.ledger.removeLast(2)
    sample.show()
    #expect(sample.violated == [.forEach])
    sample.fail([AttemptName("n/x/t0", 1)], node: "failed")
    #expect(sample.violations == [])
  }

  @Test func anItemFailsOnceAndNotByWhatMayFail() {
    var sample = Sample.chain { $0.chain[0].allowFailure = true }
    sample.fail([AttemptName("n/x/t0", 1)], node: "succeeded")
    #expect(sample.violations == [])
    sample.fail([AttemptName("n/x/t1", 1)], node: "succeeded")
    #expect(sample.violated == [.forEach])
  }

  // MARK: Later rounds

  private static let x2 = AttemptName("n/x", 2)
  private static let y2 = AttemptName("n/y", 2)

  /// `y` has failed, and the node runs again for the same list.
  private func again(_ attempt: AttemptName, _ events: (at: Int, HistoryEvent.Body)...) -> Sample {
    var sample = Sample.node { $0.tolerance = .count(1) }
    sample.fail([Sample.y1], node: "succeeded")
    sample.playAgain(
      (110_000, .expanded("n", items: 2)), (110_000, .scheduled(attempt)),
      (120_000, .ended(attempt, Self.good)),
      (120_000, .stepFinished(attempt.step, outcome: "succeeded")),
      (120_000, .stepFinished("n", outcome: "succeeded")))
    let item = String(attempt.step.dropFirst(2))
    sample.record.ledger += [
      LedgerLine(111_000, .start, attempt, items: [item, item]),
      LedgerLine(119_000, .exit(code: 0), attempt),
    ]
    return sample
  }

  @Test func whatFailedRunsAgain() {
    #expect(again(Self.y2).violations == [])
    #expect(again(Self.x2).violated.contains(.forEach))
  }

  /// What comes before the list has failed and may, so that there is another list.
  private func list(_ items: [String], _ events: [HistoryEvent.Body]) -> Sample {
    var sample = Sample.node()
    var plan = RoundPlan(seed: 1, mode: .engine, steps: Array(sample.record.plan.steps.prefix(2)))
    plan.steps[0].behaviours.append(Behaviour([.list(items), .exit(code: 0)]))
    plan.steps[0].needs = [2]
    plan.steps.append(StepPlan(id: "p"))
    plan.steps[2].allowFailure = true
    plan.steps.swapAt(0, 2)
    plan.steps.swapAt(1, 2)
    plan.steps[1].needs = [0]
    plan.steps[2].needs = [1]
    plan.steps[2].node?.source = .step(1)
    sample.record.plan = plan.withChildren
    let (p1, p2, s2) = (AttemptName("p", 1), AttemptName("p", 2), AttemptName("s", 2))
    sample.insert(
      at: 3, (0, .scheduled(p1)), (0, .ended(p1, AttemptResult("launchFailed"))),
      (0, .stepFinished("p", outcome: "failed")))
    sample.record.plan.steps[0].program = .missing
    let begin: [HistoryEvent.Body] = [
      .scheduled(p2), .ended(p2, AttemptResult("launchFailed")),
      .stepFinished("p", outcome: "failed"), .scheduled(s2), .ended(s2, Self.good),
      .stepFinished("s", outcome: "succeeded"), .expanded("n", items: items.count),
    ]
    sample.playAgain()
    for (place, event) in (begin + events + [.stepFinished("n", outcome: "succeeded")]).enumerated()
    {
      sample.insert(at: 19 + place, (110_000, event))
    }
    sample.record.ledger += [
      LedgerLine(110_000, .start, s2), LedgerLine(110_000, .list, s2),
      LedgerLine(110_000, .exit(code: 0), s2),
    ]
    sample.show()
    return sample
  }

  @Test func anItemIsKnownByItsKey() {
    let z1 = AttemptName("n/z", 1)
    let runs: [HistoryEvent.Body] = [
      .scheduled(z1), .ended(z1, Self.good), .stepFinished("n/z", outcome: "succeeded"),
    ]
    let removed = HistoryEvent.Body.stepSkipped("n/y", reason: "removed")
    var sample = list(["z", "x"], [removed] + runs)
    sample.record.ledger += [
      LedgerLine(110_000, .start, z1, items: ["z", "z"]),
      LedgerLine(110_000, .exit(code: 0), z1),
    ]
    #expect(sample.violations == [])
    // What is gone is not removed; what stays is; what is new does not run.
    #expect(!list(["z", "x"], runs).violated.intersection([.terminal, .forEach]).isEmpty)
    let stays = HistoryEvent.Body.stepSkipped("n/x", reason: "removed")
    #expect(list(["z", "x"], [removed, stays] + runs).violated.contains(.forEach))
    #expect(list(["z", "x"], [removed]).violated.contains(.forEach))
  }
}
