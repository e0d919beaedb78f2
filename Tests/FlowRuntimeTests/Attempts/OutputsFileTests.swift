import CMonitor
import FlowCore
import FlowStorage
import Testing

@testable import FlowRuntime

/// The file in which a monitor leaves outputs, and what a supervisor makes of it.
struct OutputsFileTests {
  private static let declared = [
    StepOutput(name: "files", type: .lines), StepOutput(name: "n", type: .int),
  ]
  private static let entries = [
    OutputsFile.Entry(name: "files", value: Array("a\nb\n".utf8)),
    OutputsFile.Entry(name: "n", value: Array("42\n".utf8)),
  ]
  private static let parts = [
    OutputPart(output: 0, bytes: Array("a\nb\n".utf8)),
    OutputPart(output: 1, bytes: Array("42".utf8)),
  ]

  private static let request: LaunchRequest = {
    var request = SupervisorHarness.request(1)
    request.outputs = LaunchOutputs(
      folder: "/runs/run/attempts/s1@1.put", file: "/runs/run/attempts/s1@1.outputs",
      declared: declared)
    return request
  }()

  private static func end(_ bytes: [UInt8]?) -> AttemptEnd {
    var end = AttemptEnd.exited(0)
    end.outputsFile = bytes.map(OutputsFile.mark)
    return end
  }

  // MARK: The file

  @Test func whatIsWrittenIsReadAgain() {
    #expect(OutputsFile.decode(OutputsFile.encode(Self.entries)) == Self.entries)
    #expect(OutputsFile.decode(OutputsFile.encode([])) == [])
    let fault = [OutputsFile.Entry(fault: 2, name: "é")]
    #expect(OutputsFile.decode(OutputsFile.encode(fault)) == fault)
  }

  /// The layout is that of `outputs.h`.
  @Test func bytesAreStable() {
    let bytes = OutputsFile.encode([OutputsFile.Entry(fault: 3, name: "ab", value: [9])])
    #expect(bytes.prefix(8).elementsEqual("flowO001".utf8))
    #expect(bytes.dropFirst(8) == [3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 97, 98, 9])
    // FNV-1a, as everywhere.
    #expect(OutputsFile.mark(of: []).checksum == 0xcbf2_9ce4_8422_2325)
    #expect(OutputsFile.mark(of: [97]).checksum == 0xaf63_dc4c_8601_ec8c)
  }

  @Test func everyCutIsNoFileOrADifferentOne() {
    let bytes = OutputsFile.encode(Self.entries)
    for count in bytes.indices {
      #expect(OutputsFile.decode(Array(bytes[..<count])) != Self.entries)
    }
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 0xFF
      #expect(OutputsFile.decode(changed) != Self.entries)
      #expect(OutputsFile.mark(of: changed) != OutputsFile.mark(of: bytes))
    }
    #expect(OutputsFile.decode([]) == nil)
    #expect(OutputsFile.decode(bytes + [UInt8](repeating: 0xFF, count: 16)) == nil)
  }

  // MARK: What becomes of it

  private func outputs(
    _ bytes: [UInt8]?, marked mark: [UInt8]? = nil, _ end: AttemptEnd? = nil
  ) throws -> AttemptOutputs {
    let storage = FakeStorage()
    if let bytes { storage.put(bytes, in: Self.request.outputs?.file ?? "") }
    return try AttemptOutputs(of: Self.request, end ?? Self.end(mark ?? bytes), in: storage)
  }

  @Test func valuesArePublished() throws {
    #expect(try outputs(OutputsFile.encode(Self.entries)) == .published(Self.parts))
  }

  @Test(arguments: [
    AttemptEnd.exited(1), AttemptEnd(result: .lost, cause: .byItself, durationMicroseconds: 0),
    AttemptEnd(result: .exited(code: 0), cause: .stop, durationMicroseconds: 0),
  ])
  func anotherEndHasNone(end: AttemptEnd) throws {
    #expect(try outputs(nil, end) == .none)
  }

  @Test func whatIsNoValueOfItsTypeIsRefused() throws {
    var entries = Self.entries
    entries[1].value = Array("4x".utf8)
    #expect(
      try outputs(OutputsFile.encode(entries)) == .refused(OutputRefusal(.wrongType, "n")))
    let fault = OutputsFile.Entry(fault: FLOW_OUTPUTS_UNDECLARED.rawValue, name: "other")
    #expect(
      try outputs(OutputsFile.encode([fault])) == .refused(OutputRefusal(.undeclared, "other")))
  }

  @Test func whereTheDiskRefusedTheCopyThereAreNone() throws {
    #expect(try outputs(nil, Self.end(nil)) == .refused(OutputRefusal(.uncollected, "")))
  }

  @Test func smallOnesAreInTheRecord() throws {
    let bytes = OutputsFile.encode(Self.entries)
    func outputs(_ record: [UInt8]?) throws -> AttemptOutputs {
      let storage = FakeStorage()
      if let record { storage.put(record, in: Self.request.recordPath) }
      // What is in the other place does not count.
      storage.put(bytes, in: Self.request.outputs?.file ?? "")
      var end = AttemptEnd.exited(0)
      end.outputsFile = OutputsFile.mark(of: bytes)
      end.outputsFile?.isInRecord = true
      return try AttemptOutputs(of: Self.request, end, in: storage)
    }
    let parts = [UInt8](repeating: 1, count: AttemptRecord.byteCount)
    #expect(try outputs(parts + bytes) == .published(Self.parts))
    #expect(try outputs(parts + bytes + [0, 0]) == .published(Self.parts))
    #expect(try outputs(nil) == .lost && outputs(parts) == .lost)
    #expect(try outputs(parts + bytes.dropLast()) == .lost)
    #expect(try outputs(parts + [UInt8](repeating: 0, count: bytes.count)) == .lost)
  }

  /// A power loss takes a file that nobody has made durable, or a part of it.
  @Test func aFileThatIsNotWhatTheRecordSaysIsLost() throws {
    let bytes = OutputsFile.encode(Self.entries)
    #expect(try outputs(nil, marked: bytes) == .lost)
    #expect(try outputs(Array(bytes.dropLast()), marked: bytes) == .lost)
    #expect(try outputs(bytes + [0], marked: bytes) == .lost)
    #expect(try outputs([UInt8](repeating: 0, count: bytes.count), marked: bytes) == .lost)
    // A sector of another file, where a value was.
    let place = try #require(bytes.firstIndex(of: UInt8(ascii: "b")))
    var changed = bytes
    changed[place] = UInt8(ascii: "x")
    #expect(try outputs(changed, marked: bytes) == .lost)
    // Of another attempt, with a checksum that fits.
    #expect(try outputs(OutputsFile.encode([Self.entries[0]])) == .lost)
  }

  @Test func aFailureOfTheStorageIsNoLoss() {
    let storage = FakeStorage()
    let bytes = OutputsFile.encode(Self.entries)
    let path = Self.request.outputs?.file ?? ""
    storage.put(bytes, in: path)
    storage.failures[path] = (1, .inputOutput)
    #expect(throws: StorageError.self) {
      try AttemptOutputs(of: Self.request, Self.end(bytes), in: storage)
    }
  }

  // MARK: The supervisor

  private func ended(_ bytes: [UInt8], on harness: SupervisorHarness) {
    _ = harness.run(Self.request)
    harness.machine.storage.put(bytes, in: Self.request.outputs?.file ?? "")
    harness.machine.tell(.ended(Self.request.attempt, Self.end(bytes)))
  }

  @Test func outputsAreReportedBeforeTheEnd() throws {
    let harness = try SupervisorHarness()
    ended(OutputsFile.encode(Self.entries), on: harness)
    let attempt = Self.request.attempt
    #expect(
      harness.reports() == [
        .outputsPublished(attempt, Self.parts), .attemptEnded(attempt, .exited(0)),
      ])
    #expect(harness.machine.storage.openCount == 0 && harness.supervisor.isIdle)
  }

  @Test func aRefusalIsReportedWithTheEnd() throws {
    let harness = try SupervisorHarness()
    let entry = OutputsFile.Entry(fault: FLOW_OUTPUTS_MISSING.rawValue, name: "n")
    ended(OutputsFile.encode([entry]), on: harness)
    var end = AttemptEnd.exited(0)
    end.refusal = OutputRefusal(.missing, "n")
    #expect(harness.reports() == [.attemptEnded(Self.request.attempt, end)])
  }

  @Test func aFileThatCannotBeReadIsReadLater() throws {
    let harness = try SupervisorHarness()
    let bytes = OutputsFile.encode(Self.entries)
    harness.machine.storage.failures[Self.request.outputs?.file ?? ""] = (2, .inputOutput)
    ended(bytes, on: harness)
    #expect(harness.reports() == [])
    var end = flow_record_end()
    end.duration_us = 1_000
    let mark = OutputsFile.mark(of: bytes)
    (end.outputs_size, end.outputs_checksum) = (mark.byteCount, mark.checksum)
    harness.machine.noteEnd(Self.request, end)
    harness.machine.release(Self.request)
    var reports: [Input] = []
    for _ in 0..<10 where reports.isEmpty { reports = harness.reportsWhenDue() }
    #expect(reports.first == .outputsPublished(Self.request.attempt, Self.parts))
    #expect(harness.machine.failure == nil)
  }

  @Test func aFileThatStaysUnreadableStopsTheEngine() throws {
    let harness = try SupervisorHarness()
    harness.machine.storage.failures[Self.request.outputs?.file ?? ""] = (.max, .inputOutput)
    let bytes = OutputsFile.encode(Self.entries)
    ended(bytes, on: harness)
    var end = flow_record_end()
    let mark = OutputsFile.mark(of: bytes)
    (end.outputs_size, end.outputs_checksum) = (mark.byteCount, mark.checksum)
    harness.machine.noteEnd(Self.request, end)
    harness.machine.release(Self.request)
    for _ in 0..<1_000 where harness.machine.failure == nil { _ = harness.reportsWhenDue() }
    guard case .recordIsUnreadable? = harness.machine.failure else {
      Issue.record("it never gives up")
      return
    }
  }

  // MARK: What is launched

  private func request(
    _ command: Command, environment: [EnvironmentVariable] = [], outputs values: [OutputPart]
  ) throws -> LaunchRequest {
    var settings = StepSettings()
    settings.environment = environment
    var definition = WorkflowDefinition(
      name: "w",
      steps: [
        StepDefinition(id: "a.b", command: .shell("x")),
        StepDefinition(id: "use", command: command, needs: [0], settingsIndex: 1),
      ], settings: [StepSettings(), settings])
    definition.give(StepExtras(outputs: Self.declared), toStep: 0)
    definition.hasTemplates = true
    let now = Moment(
      monotonic: Instant(microseconds: 1), wall: WallTime(microseconds: 1))
    var engine = Engine.create(
      NewRun(
        runID: "r", seed: 1, programVersion: "1", jobs: 1, definitionFolder: "/d",
        definition: definition, graph: try DependencyGraph(definition.steps)),
      engine: EngineStarted(life: 1, processID: 1, host: HostContext(bootID: "b")), at: now)
    while let effect = engine.nextEffect() {
      if case .commit(let events) = effect, let last = events.last {
        engine.handle(.committed(through: last.sequence), at: now)
      }
    }
    let first = AttemptID(step: 0, number: 1)
    engine.handle(.outputsPublished(first, values), at: now)
    engine.handle(.attemptEnded(first, .exited(0)), at: now)
    return LaunchPlan(engine.state, in: RunFolder(path: "/r")).request(
      for: Launch(AttemptID(step: 1, number: 1), intent: 5), in: engine.state)
  }

  @Test func valuesStandWhereTheyAreNamed() throws {
    let request = try request(
      .program(["p", "${steps[\"a.b\"].files}", "n=${steps[\"a.b\"].n}", "$${x}"]),
      environment: [EnvironmentVariable(name: "N", value: "<${steps[\"a.b\"].n}>")],
      outputs: [
        OutputPart(output: 0, bytes: Array("x ${run.id}\n$(y)\n".utf8)),
        OutputPart(output: 1, bytes: Array("7".utf8)),
      ])
    // A value is never read again.
    #expect(request.arguments == ["p", "x ${run.id}", "$(y)", "n=7", "${x}"])
    #expect(request.environment.contains(EnvironmentVariable(name: "N", value: "<7>")))
    #expect(
      request.environment.contains(
        EnvironmentVariable(name: "FLOW_INPUTS", value: "/r/attempts/use@1.inputs")))
    #expect(request.outputs == nil && request.failure == nil)
    let input = try #require(request.inputs?.steps.first)
    #expect(input.id == "a.b" && input.folder == "/r/attempts/a.b@1.values")
    #expect(input.values.map(\.name) == ["files", "n"])
  }

  /// A request has a limit.
  @Test func whatIsTooLongForAnySystemFailsToLaunch() throws {
    let line = [UInt8](repeating: UInt8(ascii: "x"), count: 9 << 20)
    let request = try request(
      .program(["p", "${steps[\"a.b\"].files}"]),
      outputs: [OutputPart(output: 0, bytes: line), OutputPart(output: 1, bytes: [0x31])])
    #expect(request.failure == LaunchFailure(operation: .execute, errno: 7))
  }
}
