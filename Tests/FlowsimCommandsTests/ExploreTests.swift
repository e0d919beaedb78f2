import FlowCore
import FlowJSON
import FlowSimulation
import FlowStorage
import TestSupport
import Testing

@testable import FlowsimCommands

struct ExploreTests {
  @Test(arguments: [
    (["explore"], "missing argument --steps S"),
    (["explore", "--steps", "0"], "invalid value \"0\" for --steps"),
    (["explore", "--steps", "6"], "invalid value \"6\" for --steps"),
    (["explore", "--steps", "1", "--crashes", "x"], "invalid value \"x\" for --crashes"),
    (["explore", "--steps", "1", "--tier", "2"], "invalid value \"2\" for --tier"),
    (["explore", "--steps", "1", "--apart", "-1"], "invalid value \"-1\" for --apart"),
    (["explore", "--steps", "1", "--minutes", "0"], "invalid value \"0\" for --minutes"),
    (["explore", "--steps", "1", "superfluous"], "unexpected argument \"superfluous\""),
  ])
  func badLinesAreNamed(line: [String], message: String) {
    let console = Console()
    #expect(console.flowsim(line) == 2)
    #expect(console.output == "")
    #expect(console.errors.hasPrefix("flowsim explore: "))
    #expect(console.errors.contains(message), "\(console.errors)")
  }

  /// Moments and images change with the engine; what they prove does not.
  @Test func oneStepIsProven() throws {
    let console = Console()
    #expect(console.flowsim("explore", "--steps", "1", "--apart", "0") == 0)
    #expect(console.errors == "")
    let form = console.output.replacing(/\d\d+|\d+(?=ms|\.\ds)/, with: "N")
      .replacing(/trace [0-9a-fN]+/, with: "trace H").replacing(/in [N.0-9]+m?s/, with: "in T")
    #expect(
      form == """
        s0 on 1 slot: N moments, N images, N worlds

        N moments at which the first engine dies
        N images of the disk after a power loss, from N ways to lose what was not synced
        N worlds in T, N a second, trace H
        proven for the workflow of 1 step: wherever the engine dies, by a kill or with the \
        machine, whatever an ordered disk kept of what was not synced (all or nothing), every \
        property holds and the run ends

        """)
  }

  @Test func theSameLineSaysTheSame() {
    let (one, other) = (Console(), Console())
    let line = ["explore", "--steps", "1", "--apart", "0", "--tier", "1"]
    #expect(one.flowsim(line) == 0)
    #expect(other.flowsim(line) == 0)
    #expect(one.output == other.output)
  }

  @Test func whatTheTimeDidNotReachIsSaid() {
    let console = Console()
    // 60 looks: one before the first world, one after each, one at the end.
    console.microsecondsPerLook = 1_000_000
    #expect(console.flowsim("explore", "--steps", "2", "--minutes", "1") == 0)
    #expect(
      console.output.contains(
        """
        not complete: the time limit ended it. Every property held in what was explored. Left out:
          the rest of s0 on 1 slot
          s0 s1 on 1 slot
          s0 s1 on 2 slots
          s0 s1(s0) on 1 slot

        """), "\(console.output)")
    #expect(!console.output.contains("proven"))
    let words = console.errors.split(separator: "\n")
    #expect(words.count == 6)
    #expect(words.allSatisfy { $0.contains(": 0 of 4 done; s0 on 1 slot: ") })
  }

  @Test func smallerWorkflowsAreProvenBeforeTheTimeIsOver() {
    let console = Console()
    console.microsecondsPerLook = 100_000
    let line = ["explore", "--steps", "2", "--crashes", "0", "--minutes", "1"]
    #expect(console.flowsim(line) == 0)
    #expect(
      console.output.hasSuffix(
        "proven for all 3 workflows of up to 2 steps: where no engine dies, every property holds"
          + " and the run ends\n"))
    let short = Console()
    // The second look is at 60 s: after the one world of the first workflow.
    short.microsecondsPerLook = 25_000_000
    #expect(short.flowsim(line) == 0)
    #expect(short.output.contains("not complete: "))
    #expect(
      short.output.hasSuffix(
        "proven for the workflow of 1 step: where no engine dies, every property holds and the run"
          + " ends\n"))
  }

  @Test func programsGetALineForEachWorkflow() throws {
    let console = Console()
    #expect(console.flowsim("explore", "--steps", "2", "--crashes", "0", "--json") == 0)
    let lines = console.output.split(separator: "\n")
    #expect(lines.count == 5)
    #expect(
      lines[2].hasPrefix(
        #"{"workflow":"s0 s1","jobs":2,"moments":[],"images":0,"ways":0,"worlds":1,"trace":""#))
    #expect(
      lines[4].hasPrefix(
        #"{"steps":2,"crashes":0,"tier":0,"apart":null,"failures":0,"complete":true,"workflows":3,"#
          + #""explorations":4,"finished":4,"moments":[],"images":0,"ways":0,"worlds":4,"trace":""#
      ))
    #expect(lines[4].contains(#""proven":"for all 3 workflows of up to 2 steps: "#))
  }

  // MARK: Failures

  private func failing() -> Console {
    let console = Console()
    console.run = WrongBelief.noReruns
    return console
  }

  @Test func aFailureIsShrunkAndWritten() throws {
    let console = failing()
    #expect(console.flowsim("explore", "--steps", "1", "--apart", "0") == 1)
    #expect(console.output.hasPrefix("a world of s0 on 1 slot fails: again: "))
    #expect(console.output.contains("\nthe simplest failing world, found after "))
    #expect(console.output.contains("\nfails: again: "))
    #expect(
      console.output.hasSuffix(
        "trace written to flowsim-explore.trace; to replay it: flowsim replay flowsim-explore.trace\n"
      ))
    let file = try #require(console.files.first)
    #expect(console.files.count == 1 && file.path == "flowsim-explore.trace")
    let folder = TemporaryFolder()
    let path = folder.write(file.text, to: "t.trace")
    let replay = failing()
    #expect(replay.flowsim("replay", path) == 1)
    #expect(replay.errors == "")
    #expect(replay.output.contains("fails: again: "))
    let healthy = Console()
    #expect(healthy.flowsim("replay", path) == 0)
    #expect(healthy.output.hasSuffix("every property holds, and the run succeeded\n"))
  }

  @Test func programsGetTheFailure() throws {
    let console = failing()
    #expect(
      console.flowsim(
        "explore", "--steps", "1", "--apart", "0", "--json", "--trace", "t") == 1)
    let lines = console.output.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.allSatisfy { $0.contains(#""property":"again""#) })
    #expect(lines.last?.contains(#""traceFile":"t""#) == true)
  }

  @Test func aFailureCountsThoughItsTraceCannotBeWritten() {
    let console = failing()
    console.writeFailure = .noSpace
    #expect(console.flowsim("explore", "--steps", "1", "--apart", "0") == 1)
    #expect(console.errors.hasPrefix("flowsim: cannot write flowsim-explore.trace: "))
    #expect(!console.output.contains("flowsim replay"))
  }
}
