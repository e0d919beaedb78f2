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
      "nightly-1 by flow 0.1.0, policy 1, seed 18446744073709551615, jobs 4, "
        + "definition of 99 bytes from \"/srv/\\u{1B}\"",
      #""runId":"nightly-1","seed":"18446744073709551615","policyVersion":1,"#
        + #""programVersion":"0.1.0","jobs":4,"definitionFolder":"/srv/\u001b","#
        + #""definitionByteCount":99"#),
    Sample(.definitionPart([1, 2, 3]), "3 bytes", #""byteCount":3"#),
    Sample(
      .engineStarted(EngineStarted(life: 2, processID: 42, host: HostContext(bootID: "b\n"))),
      "life 2, process 42, boot b\\n", #""life":2,"processId":42,"bootId":"b\n""#),
    Sample(
      .attemptLaunched(build, processID: 4711), "build #2 as process 4711",
      #""step":"build","attempt":2,"processId":4711"#),
    Sample(.deadlinePassed(build), "build #2", #""step":"build","attempt":2"#),
    Sample(
      end(.exited(code: 1)), "build #2 exited 1 (by itself) after 1.2s",
      #""step":"build","attempt":2,"outcome":"exited","cause":"byItself","exitCode":1,"#
        + #""signal":null,"failedOperation":null,"errno":null,"durationUs":1234567,"#
        + #""cpuUs":0,"peakMemoryKiB":0,"stragglers":0,"unkillable":0"#),
    Sample(
      end(.signalled(signal: 15), .deadline),
      "build #2 was killed by signal 15 (SIGTERM) (at its deadline) after 1.2s",
      #""step":"build","attempt":2,"outcome":"timedOut","cause":"deadline","exitCode":null,"#
        + #""signal":15,"failedOperation":null,"errno":null,"durationUs":1234567,"#
        + #""cpuUs":0,"peakMemoryKiB":0,"stragglers":0,"unkillable":0"#),
    Sample(
      end(.exited(code: 0), .stop), "build #2 exited 0 (stopped) after 1.2s",
      #""step":"build","attempt":2,"outcome":"cancelled","cause":"stop","exitCode":0,"#
        + #""signal":null,"failedOperation":null,"errno":null,"durationUs":1234567,"#
        + #""cpuUs":0,"peakMemoryKiB":0,"stragglers":0,"unkillable":0"#),
    Sample(
      end(.signalled(signal: 9), .force),
      "build #2 was killed by signal 9 (SIGKILL) (stopped by force) after 1.2s",
      #""step":"build","attempt":2,"outcome":"cancelled","cause":"force","exitCode":null,"#
        + #""signal":9,"failedOperation":null,"errno":null,"durationUs":1234567,"#
        + #""cpuUs":0,"peakMemoryKiB":0,"stragglers":0,"unkillable":0"#),
    Sample(
      end(.launchFailed(LaunchFailure(operation: .execute, errno: 2))),
      "build #2 was not started: cannot execute \"make\": no such file or directory (ENOENT)",
      #""step":"build","attempt":2,"outcome":"launchFailed","cause":"byItself","exitCode":null,"#
        + #""signal":null,"failedOperation":"execute","errno":2,"durationUs":1234567,"#
        + #""cpuUs":0,"peakMemoryKiB":0,"stragglers":0,"unkillable":0"#),
    Sample(
      end(.lost), "build #2 was lost: nobody can say how it ended",
      #""step":"build","attempt":2,"outcome":"lost","cause":"byItself","exitCode":null,"#
        + #""signal":null,"failedOperation":null,"errno":null,"durationUs":1234567,"#
        + #""cpuUs":0,"peakMemoryKiB":0,"stragglers":0,"unkillable":0"#),
    Sample(.attemptWithdrawn(build), "build #2", #""step":"build","attempt":2"#),
    Sample(
      .cancelRequested(CancelRequest(id: .max, force: false)), "request 18446744073709551615",
      #""requestId":"18446744073709551615","force":false"#),
    Sample(
      .cancelRequested(CancelRequest(id: 7, force: true)), "request 7, by force",
      #""requestId":"7","force":true"#),
    Sample(
      .timerFired(.retry(step: 1)), "retry of test", #""timer":"retry","step":"test""#),
    Sample(
      .timerFired(.runTimeout), "timeout of the run", #""timer":"runTimeout","step":null"#),
    Sample(
      .attemptEnded(
        build,
        AttemptEnd(
          result: .exited(code: 0), cause: .byItself, durationMicroseconds: 1_234_567,
          cpuMicroseconds: 5, peakMemoryKibibytes: 6, stragglers: 2, unkillable: 1)),
      "build #2 exited 0 (by itself) after 1.2s; 2 left over; 1 cannot be killed",
      #""step":"build","attempt":2,"outcome":"exited","cause":"byItself","exitCode":0,"#
        + #""signal":null,"failedOperation":null,"errno":null,"durationUs":1234567,"#
        + #""cpuUs":5,"peakMemoryKiB":6,"stragglers":2,"unkillable":1"#),
    Sample(
      .attemptFound(build, .neverLaunched), "build #2 was never launched",
      #""step":"build","attempt":2,"found":"neverLaunched""#),
    Sample(
      .attemptFound(build, .running(processID: 43, forMicroseconds: 1_234_567)),
      "build #2 still runs as process 43, for 1.2s now",
      #""step":"build","attempt":2,"found":"running","processId":43,"runningUs":1234567"#),
    Sample(
      .attemptFound(build, .running(processID: 0, forMicroseconds: 7)),
      "build #2 is about to start",
      #""step":"build","attempt":2,"found":"running","processId":0,"runningUs":7"#),
    Sample(
      .clockJumped(microseconds: -3_600_000_000), "wall time went back by 1h00m",
      #""byUs":-3600000000"#),
    Sample(
      .roomReturned(waitedMicroseconds: 2_000_000), "the disk was full for 2s",
      #""waitedUs":2000000"#),
    Sample(
      .runReopened(ignoring: [5]), "what has not succeeded runs again",
      #""ignoredRequests":1"#),
    Sample(
      .probeScheduled(build), "build #2 was lost; the probe is asked whether its work was done",
      #""step":"build","attempt":2"#),
    Sample(.attemptScheduled(build), "build #2", #""step":"build","attempt":2"#),
    Sample(
      .retryScheduled(build, delayMilliseconds: 4_000), "build #2 is followed by another in 4s",
      #""step":"build","attempt":2,"delayMs":4000"#),
    Sample(
      .rerunScheduled(build), "build #2 is followed by another; its work may be done twice",
      #""step":"build","attempt":2"#),
    Sample(
      .stopRequested(build, force: false), "build #2",
      #""step":"build","attempt":2,"force":false"#),
    Sample(
      .stopRequested(build, force: true), "build #2, by force",
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
      .stepSkipped(step: 1, .need(step: 0)), "test, which needs build",
      #""step":"test","reason":"need","need":"build""#),
    Sample(
      .stepSkipped(step: 1, .runStopping), "test, because the run is stopping",
      #""step":"test","reason":"runStopping","need":null"#),
    Sample(
      .runStopping(.cancelled), "a cancel was requested", #""reason":"cancelled","step":null"#),
    Sample(.runStopping(.timedOut), "the run timed out", #""reason":"timedOut","step":null"#),
    Sample(
      .runStopping(.failFast(step: 0)), "step build failed, and the workflow says failFast",
      #""reason":"failFast","step":"build""#),
    Sample(.runFinished(.succeeded), "succeeded", #""outcome":"succeeded""#),
    Sample(.runFinished(.failed), "failed", #""outcome":"failed""#),
    Sample(.runFinished(.cancelled), "cancelled", #""outcome":"cancelled""#),
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
        == "12345678  02:19:03.120  runFinished       failed\n")
  }

  @Test func withoutADefinitionStepsGoByNumber() {
    let printer = EventPrinter(runID: "nightly-1", definition: nil)
    #expect(printer.text(event(.attemptScheduled(Self.build))).hasSuffix("step 0 #2\n"))
    let failure = LaunchFailure(operation: .changeDirectory, errno: 2)
    #expect(
      printer.text(event(Self.end(.launchFailed(failure)))).hasSuffix(
        "step 0 #2 was not started: cannot change to the definition's folder: "
          + "no such file or directory (ENOENT)\n"))
  }
}
