import FlowCore
import FlowSimulation
import Testing

@testable import FlowsimCommands

struct HazardTextTests {
  private static let ids = ["fetch", "build", "publish"]

  @Test func whatIsHarmlessIsSaidInAFewLines() {
    let findings = HandMade.findings(
      HandMade.definition(ids: Self.ids), faulty: [HandMade.fate(), HandMade.fate(seconds: 90)])
    #expect(
      HazardText(findings).text == """
        nightly: 3 steps, 2 jobs, in 2 worlds from seed 7
        behaviour: from model.json
        faults: none

                        median    95%  worst  succeeded  failed
        without faults   1m00s  1m00s  1m00s          2       0
        under faults     1m00s  1m30s  1m30s          2       0

        no step was lost in any world

        """)
  }

  @Test func eachHazardIsASentenceAndTheWorstStepComesFirst() {
    let definition = HandMade.definition(ids: Self.ids)
    let faulty = [
      HandMade.fate(
        .failed, [.powerLoss, .powerLoss, .engineKilled],
        steps: [
          HandMade.step(0) {
            $0.failure = .command
            $0.retries = 1
          },
          HandMade.step(2) {
            $0.repetitions = [
              .init(.powerLoss, hadSucceeded: true), .init(.powerLoss, hadSucceeded: false),
              .init(.monitorKilled, hadSucceeded: false),
            ]
            $0.losses = 3
            $0.lostMicroseconds = 90_000_000
          },
        ]),
      HandMade.fate(steps: [HandMade.step(2) { $0.hangs = 1 }], survivors: 2),
      HandMade.fate(
        .failed, [.disk],
        steps: [
          HandMade.step(2) {
            $0.losses = 1
            $0.lostMicroseconds = 5_000_000
            $0.failure = .loss
            $0.failedThoughDone = true
          }
        ]),
    ]
    let better = [HandMade.fate(), HandMade.fate(), HandMade.fate(.failed)]
    let findings = HandMade.findings(
      definition, faulty: faulty,
      changes: [
        (DefinitionChange(step: 2, .onLost(.probe)), better),
        (DefinitionChange(step: 2, .onLost(.fail)), faulty),
        (DefinitionChange(step: 0, .retry(maxAttempts: 3)), [better[2]]),
      ])
    #expect(
      HazardText(findings).text == """
        nightly: 3 steps, 2 jobs, in 3 worlds from seed 7
        behaviour: from model.json
        faults: of the machine: 2 power losses, 1 fault of the disk; of processes: 1
          killed engine

                        median    95%  worst  succeeded  failed
        without faults   1m00s  1m00s  1m00s          3       0
        under faults     1m00s  1m00s  1m00s          1       2

        2 attempts outlived the engine; the next engine took over

        step "publish"
          runs twice: lost and run again in 1 of 3 worlds, half done in 1 and all done
            in 1, by 2 power losses, 1 killed monitor
          failed because it was lost, in 1 of 3 worlds, in 1 though its work was done
          hung in 1 of 3 worlds until it was killed from outside: it has no "timeout"
          lost 1m35s of work in 2 of 3 worlds, at most 1m30s in one
          with "onLost": "probe" and a correct probe: runs twice in 0 instead of 1,
            after all was done in 0 instead of 1, hangs in 0 instead of 1, fails in 0
            instead of 1, the run succeeds in 2 instead of 1
          with "onLost": "fail": no difference

        step "fetch"
          retried after it failed, in 1 of 3 worlds
          failed for good, with at most 1 attempt, in 1 of 3 worlds
          with "retry": {"maxAttempts": 3} (1 world): fails in 0 instead of 1, the run
            succeeds in 0 instead of 1

        A step that runs twice must tolerate that, half done or all done:
        FLOW_IDEMPOTENCY_KEY is the same for all attempts of a step in a run.

        never lost: fetch, build

        """)
  }

  @Test func theRunsOwnTimeoutIsTold() {
    var definition = HandMade.definition(ids: ["a"])
    definition.timeoutMilliseconds = 90_000
    let late = WorldFate(outcome: .failed, microseconds: 90_000_000, isTimedOut: true)
    let text = HazardText(HandMade.findings(definition, faulty: [HandMade.fate(), late])).text
    #expect(
      text.contains(
        """

        1 run under faults, 0 without, exceeded the run's "timeout" of 1m30s

        """))
    let punctual = HandMade.findings(definition, faulty: [HandMade.fate()])
    #expect(!HazardText(punctual).text.contains("timeout"))
  }

  @Test func namesCannotSpeakToTheTerminal() {
    let definition = HandMade.definition("n\u{1B}[31m", ids: ["a\u{1B}[2J", "b"])
    let findings = HandMade.findings(
      definition, .file("m\u{7}.json"),
      faulty: [HandMade.fate(steps: [HandMade.step(0) { $0.failure = .command }])])
    let text = HazardText(findings).text
    #expect(text.contains("n\\u{1B}[31m: 2 steps"))
    #expect(text.contains("from m\\u{7}.json"))
    #expect(text.contains("step \"a\\u{1B}[2J\""))
    #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
    let json = HazardJSON(findings).text
    #expect(!json.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
  }

  @Test func longReportsAreCut() {
    let ids = (0..<30).map { "s\($0)" }
    let lost = (0..<25).map { step in HandMade.step(step) { $0.losses = 1 } }
    let lines = HazardText(
      HandMade.findings(HandMade.definition(ids: ids), faulty: [HandMade.fate(steps: lost)])
    ).text.split(separator: "\n")
    #expect(lines.count { $0.hasPrefix("step ") } == 10)
    #expect(lines.contains("15 more steps: see --json"))
    #expect(lines.last == "never lost: s25, s26, s27, s28, s29")
    let all = HazardText(
      HandMade.findings(
        HandMade.definition(ids: ids),
        faulty: [HandMade.fate(steps: [HandMade.step(0) { $0.losses = 1 }])])
    ).text
    #expect(all.hasSuffix("never lost: s1, s2, s3, s4, s5, s6, s7, s8 and 21 others\n"))
  }

  @Test(arguments: [
    (ModelSource.guess, "behaviour: guessed, since there is no --model and no run to"),
    (
      .history(runs: 1, attempts: 4, unseenSteps: 0, unreadableRuns: 0, home: "/h"),
      "behaviour: learned from 1 run with 4 attempts in /h\n"
    ),
    (
      .history(runs: 3, attempts: 1, unseenSteps: 1, unreadableRuns: 2, home: "/h"),
      "behaviour: learned from 3 runs with 1 attempt in /h; 1 step that never ran there behaves as"
        + " the average of the others; 2 runs could not be read\n"
    ),
  ])
  func itIsSaidWhereTheBehaviourComesFrom(source: ModelSource, line: String) {
    let findings = HandMade.findings(
      HandMade.definition(ids: ["a"]), source, faulty: [HandMade.fate()])
    #expect(HazardText(findings).text.replacing("\n  ", with: " ").contains("\n" + line))
  }
}
