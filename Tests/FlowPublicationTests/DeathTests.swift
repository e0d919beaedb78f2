import FlowStorage
import Testing

@testable import FlowPublication

/// Whoever dies at whatever moment: a path is the old or the new, and in the end all is new.
struct DeathTests {
  /// What is published where each moment of one publisher meets many of another.
  private static let few = ["out/a", "out/site/"]

  /// Publishes, and dies before an operation.
  ///
  /// - Returns: whether it was not through before.
  private func dies(
    at operation: Int, _ step: StagedStep, token: String, _ paths: [String] = StagedStep.paths
  ) throws -> Bool {
    let publisher = step.publisher()
    publisher.before = { (number, _, _) throws(Errno) in
      if number == operation { throw MemoryPublisher.death }
    }
    watch(publisher, step)
    do throws(PublicationError) { try step.publish(by: publisher, token: token, paths) } catch {
      #expect(publisher.isDead, "\(error)")
    }
    return publisher.isDead
  }

  private func watch(_ publisher: MemoryPublisher, _ step: StagedStep) {
    publisher.after = {
      let violation = step.violation()
      #expect(violation == nil)
    }
  }

  private func expectCompletion(
    _ step: StagedStep, token: String, _ paths: [String] = StagedStep.paths
  ) throws {
    try publishAll(step, token, paths)
    try expectEnd(step, paths)
  }

  private func publishAll(_ step: StagedStep, _ token: String, _ paths: [String]) throws {
    let publisher = step.publisher()
    watch(publisher, step)
    try step.publish(by: publisher, token: token, paths)
  }

  private func expectEnd(_ step: StagedStep, _ paths: [String]) throws {
    try expectFiles(of: step, paths, try step.disk.contents("/work"))
  }

  /// The end where another publisher has died later: what it made beside the places may be left.
  private func expectEndBesidesCopies(_ step: StagedStep, _ paths: [String]) throws {
    let found = try step.disk.contents("/work")
    try expectFiles(of: step, paths, found.filter { !$0.contains("/.flow-publish-") })
  }

  private func expectFiles(of step: StagedStep, _ paths: [String], _ found: [String]) throws {
    let isAll = paths == StagedStep.paths
    #expect(found == StagedStep.end.filter { isAll || !$0.hasPrefix("/new") })
    let manifest = try Manifest.decode(try step.publisher().read(StagedStep.manifest))
    #expect(
      manifest.roots.map(\.path) == (isAll ? ["new/deep/site"] : []) + ["out/a", "out/site"])
  }

  @Test(arguments: StagedStep.machines)
  func undisturbedItIsPublished(machine: StagedStep.Machine) throws {
    try expectCompletion(try StagedStep(machine), token: "A")
  }

  @Test(arguments: StagedStep.machines)
  func theNextCompletesIt(machine: StagedStep.Machine) throws {
    var operation = 0
    while case let step = try StagedStep(machine), try dies(at: operation, step, token: "A") {
      try expectCompletion(step, token: "B")
      operation += 1
    }
    #expect(operation > 60)
  }

  @Test(arguments: StagedStep.machines)
  func theNextCompletesItAfterAPowerCut(machine: StagedStep.Machine) throws {
    var operation = 0
    while case let step = try StagedStep(machine), try dies(at: operation, step, token: "A") {
      step.disk.cutPower()
      #expect(step.violation() == nil)
      // Without a manifest the step runs again: its stage is not what it was.
      if try step.disk.node(StagedStep.manifest) != nil {
        try expectCompletion(step, token: "B")
      }
      operation += 1
    }
  }

  @Test(arguments: StagedStep.machines)
  func theOneAfterTheNextCompletesIt(machine: StagedStep.Machine) throws {
    let paths = Self.few
    var first = 0
    while case let step = try StagedStep(machine), try dies(at: first, step, token: "A", paths) {
      var second = first % Self.pace
      while case let step = try StagedStep(machine),
        try dies(at: first, step, token: "A", paths), try dies(at: second, step, token: "B", paths)
      {
        try expectCompletion(step, token: "C", paths)
        second += Self.pace
      }
      first += 1
    }
  }

  /// How many moments of the second are between two that are tried for one moment of the first.
  private static let pace = 61

  /// A second one does all its work before any operation of the first.
  @Test(arguments: StagedStep.machines)
  func twoAtOnceDoNoHarm(machine: StagedStep.Machine) throws {
    let paths = StagedStep.paths
    var operation = 0
    while case let step = try StagedStep(machine),
      try publish(step, "A", paths, meeting: operation, { try publishAll(step, "B", paths) })
    {
      operation += 1
    }
    #expect(operation > 60)
  }

  /// The second one dies in the middle of the first, or does no more until the first is through.
  @Test(arguments: StagedStep.machines)
  func oneOfTwoAtOnceDies(machine: StagedStep.Machine) throws {
    let paths = Self.few
    var first = 0
    var hasMet = true
    while hasMet {
      var second = first % Self.pace
      var isDead = true
      while hasMet && isDead {
        let step = try StagedStep(machine)
        isDead = false
        hasMet = try publish(step, "A", paths, meeting: first, isEnd: false) {
          isDead = try dies(at: second, step, token: "B", paths)
        }
        try expectEndBesidesCopies(step, paths)
        second += Self.pace
      }
      first += 1
    }
    #expect(first > 50)
  }

  /// The second one meets a third, which does all its work in the middle of it.
  @Test(arguments: StagedStep.machines)
  func threeAtOnceDoNoHarm(machine: StagedStep.Machine) throws {
    let paths = Self.few
    var first = 0
    var hasMet = true
    while hasMet {
      var second = first % Self.pace
      var hasMetAgain = true
      while hasMet && hasMetAgain {
        let step = try StagedStep(machine)
        hasMetAgain = false
        hasMet = try publish(step, "A", paths, meeting: first) {
          hasMetAgain = try publish(step, "B", paths, meeting: second) {
            try publishAll(step, "C", paths)
          }
        }
        second += Self.pace
      }
      first += 1
    }
    #expect(first > 50)
  }

  /// - Returns: whether there was a meeting.
  private func publish(
    _ step: StagedStep, _ token: String, _ paths: [String], meeting operation: Int,
    isEnd: Bool = true,
    _ other: () throws -> Void
  ) throws -> Bool {
    let publisher = step.publisher()
    var hasMet = false
    try withoutActuallyEscaping(other) { other in
      publisher.before = { (number, _, _) throws(Errno) in
        guard number == operation else { return }
        hasMet = true
        #expect(throws: Never.self) { try other() }
      }
      watch(publisher, step)
      defer { publisher.before = { _, _, _ in } }
      try step.publish(by: publisher, token: token, paths)
    }
    if isEnd { try expectEnd(step, paths) }
    return hasMet
  }
}
