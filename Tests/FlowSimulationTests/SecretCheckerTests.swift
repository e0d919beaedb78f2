import FlowCore
import FlowRuntime
import FlowStorage
import Testing

@testable import FlowSimulation

/// `secret` fires when a secret is left somewhere, or reaches the wrong step.
struct SecretCheckerTests {
  private static let attempt = AttemptID(step: 0, number: 1)

  /// Of two steps the first lists both secrets.
  private static func checker(in world: World) -> SecretChecker {
    var workflow = WorkflowDefinition(
      name: "w",
      steps: [
        StepDefinition(id: "s0", command: .program(["w"])),
        StepDefinition(id: "s1", command: .program(["w"]), settingsIndex: 1),
      ], settings: [StepSettings(), StepSettings()])
    workflow.secrets = SimulatedSecrets.all
    workflow.settings[0].secrets = SimulatedSecrets.uses
    let created = RunCreated(
      runID: "r", seed: 1, policyVersion: 2, programVersion: "", jobs: 1, definitionFolder: "/",
      definitionByteCount: 0)
    return SecretChecker(
      SimulatedRun(workflow, created, in: RunHome("/home", in: world.storage)))
  }

  private static func world() -> World {
    World(SimulationOptions(), choices: SeededChoices(seed: 1), trace: Trace())
  }

  private func fires(_ check: (SecretChecker, World) throws(Violation) -> Void) -> Bool {
    let world = Self.world()
    do throws(Violation) { try check(Self.checker(in: world), world) } catch {
      return error.property == .secret
    }
    return false
  }

  private static func values(_ names: [String]) -> LaunchSecrets {
    var secrets = LaunchSecrets()
    secrets.values = SimulatedSecrets.uses.filter { names.contains($0.name) }.map {
      .init(name: $0.name, form: $0.form, bytes: SimulatedSecrets.value(of: $0.name))
    }
    return secrets
  }

  @Test func aStepGetsWhatItLists() {
    #expect(
      !fires { (checker, _) throws(Violation) in
        try checker.check(Self.values(["PW", "KEY"]), ofStep: 0)
      })
    #expect(
      fires { (checker, _) throws(Violation) in
        try checker.check(Self.values(["PW"]), ofStep: 0)
      })
    #expect(
      fires { (checker, _) throws(Violation) in
        try checker.check(Self.values(["PW"]), ofStep: 1)
      })
    #expect(
      fires { (checker, _) throws(Violation) in
        var secrets = Self.values(["PW"])
        secrets.values += [.init(name: "KEY", form: .file, bytes: Array("another value".utf8))]
        try checker.check(secrets, ofStep: 0)
      })
  }

  @Test(arguments: [0, 1])
  func aSecretInAnOutputFires(form: Int) {
    let secret = SimulatedSecrets.forms(of: "PW")[form]
    let clean = Array("it says **** and ".utf8)
    #expect(
      !fires { (checker, _) throws(Violation) in
        try checker.check(Self.attempt, [clean, clean], hasFolder: false)
      })
    for contents in [[clean + secret, clean], [clean, secret + clean]] {
      #expect(
        fires { (checker, _) throws(Violation) in
          try checker.check(Self.attempt, contents, hasFolder: false)
        })
    }
    #expect(
      fires { (checker, _) throws(Violation) in
        try checker.check(Self.attempt, [clean], hasFolder: true)
      })
  }

  private static func ended(isUnscrubbed: Bool) -> Event {
    var end = AttemptEnd(result: .exited(code: 0), cause: .byItself, durationMicroseconds: 0)
    end.output.isUnscrubbed = isUnscrubbed
    let moment = Moment(monotonic: Instant(microseconds: 0), wall: WallTime(microseconds: 0))
    return Event(
      sequence: 1, moment: moment, startsWakeUp: true, body: .attemptEnded(attempt, end))
  }

  /// Whoever says it of every output is safe, and useless.
  @Test func aMarkWithoutAReasonFires() {
    #expect(
      fires { (checker, world) throws(Violation) in
        try checker.learned(Self.ended(isUnscrubbed: true), in: world)
      })
    #expect(
      !fires { (checker, world) throws(Violation) in
        try checker.learned(Self.ended(isUnscrubbed: false), in: world)
      })
  }

  /// What a power loss brings back counts.
  @Test func theFileItselfIsLookedAt() throws {
    let world = Self.world()
    let checker = Self.checker(in: world)
    try checker.learned(Self.ended(isUnscrubbed: false), in: world)
    for folder in ["/home", "/home/runs", "/home/runs/r", "/home/runs/r/attempts"] {
      try world.storage.makeDirectory(folder)
    }
    let path = RunFolder(path: "/home/runs/r").output(ofStep: "s0", attempt: 1)
    let file = try world.storage.open(path, .create)
    let secret = SimulatedSecrets.value(of: "KEY")
    _ = try world.storage.write(secret.span, to: file, at: 0)
    try world.storage.sync(file)
    #expect(throws: Violation.self) { try checker.recovered(in: world) }
    let stars = [UInt8](repeating: UInt8(ascii: "*"), count: secret.count)
    _ = try world.storage.write(stars.span, to: file, at: 0)
    // It is only in the page cache.
    #expect(throws: Violation.self) { try checker.recovered(in: world) }
    try SimulatedSecrets.scrub(file, at: "/home/out", of: [secret], in: world)
    #expect(throws: Never.self) { try checker.recovered(in: world) }
  }

  @Test func worldsWithSecretsHold() {
    for seed in 1...12 as ClosedRange<UInt64> {
      let choices = SeededChoices(seed: seed)
      var options = SimulationOptions.draw(from: choices)
      options.secretPercent = 100
      options.secretErrorPerMille = seed % 2 == 0 ? 200 : 0
      let report = Simulation.run(seed: seed, options, choices)
      #expect(report.violation == nil, "seed \(seed)")
    }
  }

  /// The sync of what had overwritten a secret has failed: what can be read is masked, what is on disk is not.
  @Test func whatWasBegunIsOverwrittenAgain() {
    let seed: UInt64 = 8_001_501
    let choices = SeededChoices(seed: seed)
    var options = SimulationOptions.draw(from: choices)
    (options.callPercent, options.edgePercent) = (60, 0)
    let report = Simulation.run(seed: seed, options, choices)
    #expect(report.violation == nil)
  }
}
