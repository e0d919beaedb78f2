import FlowCore
import Testing

@testable import FlowCommands

@Suite struct EventPrinterTests {
  struct Sample: Sendable, CustomTestStringConvertible {
    let body: Event.Body
    let text: String
    let json: String

    init(_ body: Event.Body, _ text: String, _ json: String) {
      self.body = body
      self.text = text
      self.json = json
    }

    var testDescription: String { "\(body.kind.name) \(text)" }
  }

  private static let definition = WorkflowDefinition("build", "test: build")
  private static let build = AttemptID(step: 0, number: 2)

  private static let grouped: RunCreated = {
    var created = RunCreated(
      runID: "n", seed: 1, policyVersion: 2, programVersion: "0.1.0", jobs: 4,
      definitionFolder: "/srv", definitionByteCount: 99)
    created.group = "a \"group\""
    created.onConflict = .queue
    return created
  }()

  private static func end(
    _ result: AttemptEnd.Result, _ cause: AttemptEnd.Cause = .byItself
  ) -> Event.Body {
    .attemptEnded(
      build, AttemptEnd(result: result, cause: cause, durationMicroseconds: 1_234_567))
  }

  static let samples = [
    Sample(
      .runCreated(
        RunCreated(
          runID: "nightly-1", seed: .max, policyVersion: 1, programVersion: "0.1.0", jobs: 4,
          definitionFolder: "/srv/\u{1B}", definitionByteCount: 99)),
      "run nightly-1 created by flow 0.1.0: policy 1, seed 18446744073709551615, jobs 4, "
        + "definition of 99 bytes from \"/srv/\\u{1B}\"",
      #""runId":"nightly-1","seed":"18446744073709551615","policyVersion":1,"#
        + #""programVersion":"0.1.0","jobs":4,"definitionFolder":"/srv/\u001b","#
        + #""definitionByteCount":99"#),
    Sample(
      .runCreated(grouped),
      "run n created by flow 0.1.0: policy 2, seed 1, jobs 4, definition of 99 bytes from \"/srv\"",
      #""runId":"n","seed":"1","policyVersion":2,"programVersion":"0.1.0","jobs":4,"#
        + #""definitionFolder":"/srv","definitionByteCount":99,"#
        + #""group":"a \"group\"","onConflict":"queue""#),
    Sample(.definitionPart([1, 2, 3]), "3 bytes of the definition", #""byteCount":3"#),
    Sample(
      .engineStarted(EngineStarted(life: 2, processID: 42, host: HostContext(bootID: "b\n"))),
      "engine life 2 started: process 42, boot b\\n", #""life":2,"processId":42,"bootId":"b\n""#),
    Sample(
      .attemptLaunched(build, processID: 4711), "build#2 started as process 4711",
      #""step":"build","attempt":2,"processId":4711"#),
    Sample(.deadlinePassed(build), "build#2 timed out; stopping", #""step":"build","attempt":2"#),
    Sample(
      end(.exited(code: 1)), "build#2 exited 1 after 1.2s",
      #""step":"build","attempt":2,"outcome":"exited","cause":"byItself","exitCode":1,"#
        + #""signal":null,"failedOperation":null,"errno":null,"durationUs":1234567,"#
        + #""cpuUs":0,"peakMemoryKiB":0,"stragglers":0,"unkillable":0"#),
    Sample(
      end(.signalled(signal: 15), .deadline),
      "build#2 was killed by signal 15 (SIGTERM) after 1.2s; timed out",
      #""step":"build","attempt":2,"outcome":"timedOut","cause":"deadline","exitCode":null,"#
        + #""signal":15,"failedOperation":null,"errno":null,"durationUs":1234567,"#
        + #""cpuUs":0,"peakMemoryKiB":0,"stragglers":0,"unkillable":0"#),
    Sample(
      end(.exited(code: 0), .stop), "build#2 exited 0 after 1.2s; stopped",
      #""step":"build","attempt":2,"outcome":"cancelled","cause":"stop","exitCode":0,"#
        + #""signal":null,"failedOperation":null,"errno":null,"durationUs":1234567,"#
        + #""cpuUs":0,"peakMemoryKiB":0,"stragglers":0,"unkillable":0"#),
    Sample(
      end(.signalled(signal: 9), .force),
      "build#2 was killed by signal 9 (SIGKILL) after 1.2s; stopped by force",
      #""step":"build","attempt":2,"outcome":"cancelled","cause":"force","exitCode":null,"#
        + #""signal":9,"failedOperation":null,"errno":null,"durationUs":1234567,"#
        + #""cpuUs":0,"peakMemoryKiB":0,"stragglers":0,"unkillable":0"#),
    Sample(
      end(.launchFailed(LaunchFailure(operation: .execute, errno: 2))),
      "build#2 was not started: cannot execute \"make\": no such program in PATH (ENOENT)",
      #""step":"build","attempt":2,"outcome":"launchFailed","cause":"byItself","exitCode":null,"#
        + #""signal":null,"failedOperation":"execute","errno":2,"durationUs":1234567,"#
        + #""cpuUs":0,"peakMemoryKiB":0,"stragglers":0,"unkillable":0"#),
    Sample(
      end(.lost), "build#2 lost: its outcome is unknown",
      #""step":"build","attempt":2,"outcome":"lost","cause":"byItself","exitCode":null,"#
        + #""signal":null,"failedOperation":null,"errno":null,"durationUs":1234567,"#
        + #""cpuUs":0,"peakMemoryKiB":0,"stragglers":0,"unkillable":0"#),
    Sample(
      .attemptWithdrawn(build), "build#2 withdrawn before it started",
      #""step":"build","attempt":2"#),
    Sample(
      .outputsPublished(build, [OutputPart(output: 0, bytes: Array("1.2".utf8))]),
      #"build#2 put out output 0 = "1.2""#,
      #""step":"build","attempt":2,"outputs":[{"name":"output 0","value":"1.2"}]"#),
    Sample(
      .cancelRequested(CancelRequest(id: .max, force: false)),
      "cancel requested (request 18446744073709551615)",
      #""requestId":"18446744073709551615","force":false"#),
    Sample(
      .cancelRequested(CancelRequest(id: 7, force: true)), "cancel requested by force (request 7)",
      #""requestId":"7","force":true"#),
    Sample(
      .timerFired(.retry(step: 1)), "backoff of test is over", #""step":"test","timer":"retry""#),
    Sample(
      .timerFired(.runTimeout), "timeout of the run passed", #""step":null,"timer":"runTimeout""#),
    Sample(
      .attemptEnded(
        build,
        AttemptEnd(
          result: .exited(code: 137), cause: .byItself, durationMicroseconds: 1_000,
          shellSignal: 9)),
      "build#2 exited 137 after 1ms; a process it ran died of SIGKILL",
      #""step":"build","attempt":2,"outcome":"exited","cause":"byItself","exitCode":137,"#
        + #""signal":null,"failedOperation":null,"errno":null,"durationUs":1000,"#
        + #""cpuUs":0,"peakMemoryKiB":0,"stragglers":0,"unkillable":0,"shellSignal":9"#),
    Sample(
      .timerFired(.slow(step: 1)), "run takes long: test tells of it",
      #""step":"test","timer":"slow""#),
    Sample(
      .timerFired(.launchPause), "pause after an interruption is over",
      #""step":null,"timer":"launchPause""#),
    Sample(
      .attemptEnded(
        build,
        AttemptEnd(
          result: .signalled(signal: 15), cause: .byItself, durationMicroseconds: 1_000,
          wasInterrupted: true)),
      "build#2 was killed by signal 15 (SIGTERM) after 1ms; interrupted: the system told it to end",
      #""step":"build","attempt":2,"outcome":"interrupted","cause":"byItself","exitCode":null,"#
        + #""signal":15,"failedOperation":null,"errno":null,"durationUs":1000,"#
        + #""cpuUs":0,"peakMemoryKiB":0,"stragglers":0,"unkillable":0"#),
    Sample(
      .attemptEnded(
        build,
        AttemptEnd(
          result: .exited(code: 0), cause: .byItself, durationMicroseconds: 1_234_567,
          cpuMicroseconds: 5, peakMemoryKibibytes: 6, stragglers: 2, unkillable: 1)),
      "build#2 exited 0 after 1.2s; 2 stragglers; 1 cannot be killed",
      #""step":"build","attempt":2,"outcome":"exited","cause":"byItself","exitCode":0,"#
        + #""signal":null,"failedOperation":null,"errno":null,"durationUs":1234567,"#
        + #""cpuUs":5,"peakMemoryKiB":6,"stragglers":2,"unkillable":1"#),
    Sample(
      .attemptEnded(
        build,
        AttemptEnd(
          result: .exited(code: 0), cause: .byItself, durationMicroseconds: 1_000, stragglers: 1)),
      "build#2 exited 0 after 1ms; 1 straggler",
      #""step":"build","attempt":2,"outcome":"exited","cause":"byItself","exitCode":0,"#
        + #""signal":null,"failedOperation":null,"errno":null,"durationUs":1000,"#
        + #""cpuUs":0,"peakMemoryKiB":0,"stragglers":1,"unkillable":0"#),
    Sample(
      .attemptFound(build, .neverLaunched), "build#2 found never launched",
      #""step":"build","attempt":2,"found":"neverLaunched""#),
    Sample(
      .attemptFound(build, .running(processID: 43, forMicroseconds: 1_234_567)),
      "build#2 found running as process 43, for 1.2s",
      #""step":"build","attempt":2,"found":"running","processId":43,"runningUs":1234567"#),
    Sample(
      .attemptFound(build, .running(processID: 0, forMicroseconds: 7)),
      "build#2 found about to start",
      #""step":"build","attempt":2,"found":"running","processId":0,"runningUs":7"#),
    Sample(
      .clockJumped(microseconds: -3_600_000_000), "wall clock jumped back by 1h00m",
      #""byUs":-3600000000"#),
    Sample(
      .clockJumped(microseconds: 2_000_000), "wall clock jumped ahead by 2s",
      #""byUs":2000000"#),
    Sample(
      .roomReturned(waitedMicroseconds: 2_000_000), "disk has space again, after 2s",
      #""of":"space","waitedUs":2000000"#),
    Sample(
      .roomReturned(waitedMicroseconds: 2_000_000, of: .processes),
      "the system has a process again, after 2s", #""of":"processes","waitedUs":2000000"#),
    Sample(
      .workSynced(through: 11, failure: nil), "work up to event 11 is on the disk",
      #""through":11,"error":null"#),
    Sample(
      .workSynced(through: 11, failure: 5),
      "work up to event 11 may be lost: cannot write it to the disk: input/output error (EIO)",
      #""through":11,"error":"input/output error (EIO)""#),
    Sample(
      .runReopened(ignoring: [5]), "run reopened: steps that did not succeed run again",
      #""ignoredRequests":1,"scope":"unsuccessful""#),
    Sample(
      .runReopened(ignoring: [], scope: .withDependents),
      "run reopened: steps that did not succeed run again, and all that came after them",
      #""ignoredRequests":0,"scope":"withDependents""#),
    Sample(
      .runReopened(ignoring: [], scope: .only(StepSet([0, 1]))),
      "run reopened: build, test alone run again",
      #""ignoredRequests":0,"scope":"only","steps":["build","test"]"#),
    Sample(
      .runReopened(ignoring: [], scope: .from(StepSet([1]))),
      "run reopened: test runs again, and all that follows",
      #""ignoredRequests":0,"scope":"from","steps":["test"]"#),
    Sample(
      .probeScheduled(build), "build#2 lost; its probe is asked whether the work was done",
      #""step":"build","attempt":2"#),
    Sample(
      .publishScheduled(build, completes: false), "files of build#2 are published next",
      #""step":"build","attempt":2,"completes":false"#),
    Sample(
      .publishScheduled(build, completes: true),
      "files of build#2 are published next, as far as that had begun",
      #""step":"build","attempt":2,"completes":true"#),
    Sample(.attemptScheduled(build), "build#2 scheduled", #""step":"build","attempt":2"#),
    Sample(
      .retryScheduled(build, delayMilliseconds: 4_000), "build#2 failed; retry in 4s",
      #""step":"build","attempt":2,"delayMs":4000"#),
    Sample(
      .rerunScheduled(build), "build#2 is rerun; its work may be done twice",
      #""step":"build","attempt":2"#),
    Sample(
      .stopRequested(build, force: false), "stop of build#2 requested",
      #""step":"build","attempt":2,"force":false"#),
    Sample(
      .stopRequested(build, force: true), "stop of build#2 requested, by force",
      #""step":"build","attempt":2,"force":true"#),
    Sample(
      .stepFinished(step: 0, .succeeded), "build succeeded",
      #""step":"build","outcome":"succeeded""#),
    Sample(
      .stepFinished(step: 0, .failed), "build failed", #""step":"build","outcome":"failed""#),
    Sample(
      .stepFinished(step: 0, .cancelled), "build cancelled",
      #""step":"build","outcome":"cancelled""#),
    Sample(
      .stepSkipped(step: 1, .need(step: 0)), "test skipped: it needs build",
      #""step":"test","reason":"need","need":"build""#),
    Sample(
      .stepSkipped(step: 1, .runStopping), "test skipped: the run is stopping",
      #""step":"test","reason":"runStopping","need":null"#),
    Sample(
      .stepSkipped(step: 1, .notSelected), "test skipped: not selected",
      #""step":"test","reason":"notSelected","need":null"#),
    Sample(
      .stepSkipped(step: 1, .nothingFailed), "test skipped: build did not fail",
      #""step":"test","reason":"nothingFailed","need":null"#),
    Sample(
      .stepSkipped(step: 1, .condition([])), "test skipped: its condition is false",
      #""step":"test","reason":"condition","need":null,"values":{}"#),
    Sample(
      .stepSkipped(
        step: 1,
        .condition([
          ConditionInput(name: "params.a", value: "x"),
          ConditionInput(name: "steps.build.result", value: "failed"),
        ])),
      "test skipped: its condition is false (params.a is x, steps.build.result is failed)",
      #""step":"test","reason":"condition","need":null,"values":{"params.a":"x","#
        + #""steps.build.result":"failed"}"#),
    Sample(
      .runStopping(.cancelled), "run is stopping: a cancel was requested",
      #""reason":"cancelled","step":null"#),
    Sample(
      .runStopping(.timedOut), "run is stopping: the run timed out",
      #""reason":"timedOut","step":null"#),
    Sample(
      .runStopping(.failFast(step: 0)),
      "run is stopping: step build failed, and the workflow says failFast",
      #""reason":"failFast","step":"build""#),
    Sample(
      .stepExpanded(step: 0, .children(count: 3, added: 1)), "build has 3 items, 1 of them new",
      #""step":"build","items":3,"added":1"#),
    Sample(
      .stepExpanded(step: 0, .fault(ItemFault(.repeated, 4))),
      "build: item 5 of its forEach has the key of an earlier one",
      #""step":"build","fault":"repeated","place":4,"error":"item 5 of its forEach has the key of an earlier one""#
    ),
    Sample(
      .stepSkipped(step: 1, .noItems), "test skipped: it has no items",
      #""step":"test","reason":"noItems","need":null"#),
    Sample(
      .stepSkipped(step: 1, .removed), "test skipped: its item is no longer in the list",
      #""step":"test","reason":"removed","need":null"#),
    Sample(
      .stepSkipped(step: 1, .siblingsFailed), "test skipped: more items have failed than may",
      #""step":"test","reason":"siblingsFailed","need":null"#),
    Sample(.asked(step: 0), "build asks, and waits for an answer", #""step":"build""#),
    Sample(
      .timerFired(.question(step: 0)), "the time for an answer to build has passed",
      #""step":"build","timer":"question""#),
    Sample(
      .answered(
        step: 0,
        Answer(
          id: 7, asked: 12, .rejected, by: 4_000_000_000,
          at: WallTime(microseconds: 1_795_227_543_000_000), note: "no\u{1B}[2J")),
      #"build rejected by user 4000000000: "no\u{1B}[2J""#,
      #""step":"build","requestId":"7","asked":12,"verdict":"rejected","userId":4000000000,"#
        + #""user":"user 4000000000","givenAt":"2026-11-21T02:19:03.000Z","note":"no\u001b[2J""#),
    Sample(
      .runConcluding(.failed), "run is concluding (failed): its finally steps run",
      #""outcome":"failed""#),
    Sample(
      .stepSkipped(step: 1, .nothingToTell), "test skipped: it tells of other ends of the run",
      #""step":"test","reason":"nothingToTell","need":null"#),
    Sample(
      .runConcluded(.failed), "run has come to its end (failed)",
      #""outcome":"failed""#),
    Sample(.runFinished(.succeeded), "run succeeded", #""outcome":"succeeded""#),
    Sample(.runFinished(.failed), "run failed", #""outcome":"failed""#),
    Sample(.runFinished(.cancelled), "run cancelled", #""outcome":"cancelled""#),
  ]

  private let printer = EventPrinter(runID: "nightly-1", definition: definition)

  private func event(_ body: Event.Body, sequence: Int64 = 12) -> Event {
    let moment = Moment(
      monotonic: Instant(microseconds: 77),
      wall: WallTime(microseconds: History.start.microseconds + 120_456))
    return Event(sequence: sequence, moment: moment, startsWakeUp: true, body: body)
  }

  @Test(arguments: samples)
  func everyEventIsALineOfText(sample: Sample) {
    let kind = sample.body.kind.name
    let gap = String(repeating: " ", count: "attemptScheduled".count - kind.count)
    #expect(
      printer.text(event(sample.body)) == "    12  02:19:03.120  \(kind)\(gap)  \(sample.text)\n")
  }

  @Test(arguments: samples)
  func everyEventIsALineOfJSON(sample: Sample) {
    #expect(
      printer.json(event(sample.body)) == """
        {"sequence":12,"id":"nightly-1:12","time":"2026-11-21T02:19:03.120Z","monotonicUs":77,\
        "kind":"\(sample.body.kind.name)",\(sample.json)}

        """)
  }

  @Test func noKindIsForgotten() {
    #expect(Set(Self.samples.map(\.body.kind)) == Set(EventKind.allCases))
  }

  @Test func aLongSequenceNumberMovesTheLine() {
    #expect(
      printer.text(event(.runFinished(.failed), sequence: 12_345_678))
        == "12345678  02:19:03.120  runFinished       run failed\n")
  }

  @Test func withoutADefinitionStepsGoByNumber() {
    let printer = EventPrinter(runID: "nightly-1", definition: nil)
    #expect(printer.text(event(.attemptScheduled(Self.build))).hasSuffix("step 0#2 scheduled\n"))
    let failure = LaunchFailure(operation: .changeDirectory, errno: 2)
    #expect(
      printer.text(event(Self.end(.launchFailed(failure)))).hasSuffix(
        "step 0#2 was not started: cannot change to the definition's folder: "
          + "no such file or directory (ENOENT)\n"))
  }

  /// A damaged history can name any step, and ids and commands of a hostile one hold anything.
  @Test func hostileNamesAreEscaped() {
    var definition = WorkflowDefinition("build")
    definition.steps[0].id = "b\u{1B}[2J"
    definition.steps[0].command = .program(["m\r"])
    let printer = EventPrinter(runID: "nightly-1", definition: definition)
    let failure = LaunchFailure(operation: .execute, errno: 2)
    #expect(
      printer.text(event(Self.end(.launchFailed(failure)))).hasSuffix(
        "  b\\u{1B}[2J#2 was not started: cannot execute \"m\\r\": "
          + "no such program in PATH (ENOENT)\n"))
    let unknown = AttemptID(step: 9, number: 1)
    for operation in LaunchFailure.Operation.allCases {
      let end = AttemptEnd(
        result: .launchFailed(LaunchFailure(operation: operation, errno: 2)), cause: .byItself,
        durationMicroseconds: 0)
      let text = printer.text(event(.attemptEnded(unknown, end)))
      let what = operation == .useSecret ? "the secret  cannot be used" : "cannot "
      #expect(text.contains("  step 9#1 was not started: \(what)"))
    }
  }
}
