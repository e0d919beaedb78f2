import FlowCore
import Testing

@testable import FlowSimulation

/// Violations of `files` that are made by hand.
@Suite struct FilesCheckerTests {
  private static let command = AttemptID(step: 0, number: 1)
  private static let publication = AttemptID(step: 0, number: 2)
  private static let made: [UInt8] = [1, 2, 3]

  private static let workflow = {
    var workflow = WorkflowDefinition(
      name: "n", steps: [StepDefinition(id: "a", command: .program(["x"]))])
    var extras = StepExtras()
    extras.files = ["x"]
    workflow.give(extras, toStep: 0)
    return workflow
  }()

  private static var files: WorldFiles {
    var files = WorldFiles()
    files.made(["x": made], by: command)
    return files
  }

  private static let whole: [Event.Body] = [
    .attemptScheduled(command), .publishScheduled(command, completes: false),
    .attemptScheduled(publication), .stepFinished(step: 0, .succeeded),
  ]

  /// - Returns: whether the checker objects.
  private func fires(
    after bodies: [Event.Body], _ files: WorldFiles = Self.files, finding content: [UInt8]?
  ) -> Bool {
    let checker = FilesChecker(Self.workflow)
    do throws(Violation) {
      for (index, body) in bodies.enumerated() {
        try checker.learn(
          Event(
            sequence: Int64(index + 1),
            moment: Moment(monotonic: Instant(microseconds: 0), wall: WallTime(microseconds: 0)),
            startsWakeUp: true, body: body),
          files
        ) { _ in content }
      }
      try checker.checkAll(files) { _ in content }
      return false
    } catch {
      #expect(error.property == .files)
      return true
    }
  }

  @Test func whatTheLastCommandHasMadeIsInPlace() {
    #expect(!fires(after: Self.whole, finding: Self.made))
  }

  @Test(arguments: [nil, [1, 2], [9]] as [[UInt8]?])
  func anythingElseFires(content: [UInt8]?) {
    #expect(fires(after: Self.whole, finding: content))
  }

  @Test func successWithoutAPublicationFires() {
    let bodies: [Event.Body] = [
      .attemptScheduled(Self.command), .stepFinished(step: 0, .succeeded),
    ]
    #expect(fires(after: bodies, finding: Self.made))
  }

  @Test func successOfACommandThatHasNotMadeItsFilesFires() {
    #expect(fires(after: Self.whole, WorldFiles(), finding: Self.made))
  }

  /// Until it succeeds again, either may be there.
  @Test func whatIsPublishedAgainIsNotJudged() {
    let again: [Event.Body] = [
      .attemptScheduled(AttemptID(step: 0, number: 3)),
      .publishScheduled(AttemptID(step: 0, number: 3), completes: false),
    ]
    #expect(!fires(after: again, finding: [7]))
  }

  // MARK: Publications that fail

  private func fires(
    exiting code: UInt8, _ files: WorldFiles = Self.files, finding content: [UInt8]? = nil,
    isSound: Bool = true, on tier: StorageTier = .ordered, then next: Event.Body? = nil
  ) throws -> Bool {
    let checker = FilesChecker(Self.workflow)
    func learn(_ body: Event.Body) throws(Violation) {
      let moment = Moment(monotonic: Instant(microseconds: 0), wall: WallTime(microseconds: 0))
      let event = Event(sequence: 1, moment: moment, startsWakeUp: true, body: body)
      try checker.learn(event, files) { _ in content }
    }
    try learn(.attemptScheduled(Self.command))
    let end = AttemptEnd(
      result: .exited(code: code), cause: .byItself, durationMicroseconds: 1)
    do throws(Violation) {
      try checker.check(
        end, ofPublication: Self.publication, files, { _ in content }, isSound: isSound, tier)
      if let next { try learn(next) }
      return false
    } catch {
      #expect(error.property == .files)
      return true
    }
  }

  @Test func aRefusalOfWhatIsAllThereFires() throws {
    #expect(try fires(exiting: 1))
    #expect(try !fires(exiting: 1, WorldFiles()))
  }

  @Test func aFailureWithoutAnErrorOfTheDiskFires() throws {
    #expect(try fires(exiting: 2))
    #expect(try !fires(exiting: 2, isSound: false))
  }

  @Test func aPublicationThatSaysItHasTouchedNothingHasNot() throws {
    #expect(try fires(exiting: 3, finding: Self.made))
    #expect(try !fires(exiting: 3, finding: [9]))
  }

  @Test func aStepWhoseFilesAreInPlaceSucceeds() throws {
    #expect(try fires(exiting: 0, finding: Self.made, then: .stepFinished(step: 0, .cancelled)))
  }

  /// On a disk without a journal a rename between two folders can lose both names.
  @Test func whatIsGoneFires() throws {
    #expect(try fires(exiting: 4))
    #expect(try !fires(exiting: 4, on: .weak))
  }
}
