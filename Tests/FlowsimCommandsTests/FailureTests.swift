import FlowCore
import FlowJSON
import FlowSimulation
import FlowStorage
import FlowSystem
import TestSupport
import Testing

@testable import FlowsimCommands

/// The reports of failing worlds. No world fails by itself, so the tests have properties that do
/// not hold.
struct FailureTests {
  private func console() -> Console {
    let console = Console()
    console.run = WrongBelief.noReruns
    return console
  }

  private static let transcript = "Transcripts/flowsim-failure.txt"

  /// The transcript is renewed by `FLOW_RENEW_TRANSCRIPTS=1 swift test --filter
  /// failuresLookAsTheyDid`. Worlds change with engine and simulator; only the form must stay.
  @Test func failuresLookAsTheyDid() {
    let console = console()
    #expect(console.flowsim("--seed", "1", "--runs", "1000") == 1)
    #expect(console.errors == "")
    let text = "$ flowsim --seed 1 --runs 1000\n" + console.output
    if ProcessFacts.environmentValue("FLOW_RENEW_TRANSCRIPTS") != nil {
      TestFile.write(Array(text.utf8), to: "\(Fixtures.root)/\(Self.transcript)")
    }
    let expected = String(decoding: Fixtures.read(Self.transcript), as: UTF8.self)
    #expect(Self.form(of: text) == Self.form(of: expected))
    #expect(Self.form(of: text).contains("a row"))
  }

  /// The lines of a transcript, without what depends on the world, and without repetitions.
  private static func form(of text: String) -> [String] {
    var lines: [String] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      var form = line.replacing(/\d+/, with: "N")
      if form.wholeMatch(of: /options:( \w+=\w+)+/) != nil { form = "all options" }
      if form.wholeMatch(of: /choices: \w+( N=N)+/) != nil { form = "choices of a site" }
      if form.wholeMatch(of: /\s+N\.N  .*\S|… N rows before/) != nil { form = "a row" }
      if lines.last != String(form) { lines.append(String(form)) }
    }
    return lines
  }

  @Test func theTraceThatIsWrittenFailsAgainInTheSameWay() throws {
    let console = console()
    #expect(console.flowsim("--seed", "1", "--runs", "1000", "--trace", "t") == 1)
    let file = try #require(console.files.first)
    #expect(console.files.count == 1 && file.path == "t")
    let world = try TraceText.world(from: Array(file.text.utf8))
    let report = world.run(by: WrongBelief.noReruns)
    #expect(report.violation?.property == .again)
    #expect(report.traceHash == world.traceHash)

    let folder = TemporaryFolder()
    let path = folder.write(file.text, to: "t.trace")
    let replay = self.console()
    #expect(replay.flowsim("replay", path) == 1)
    #expect(replay.errors == "")
    #expect(replay.output.contains("recorded when it failed (again)"))
    #expect(replay.output.contains("fails: again: "))
    // The replay prints what was printed of the shrunk world.
    let timeline = try #require(replay.output.firstRange(of: "   seconds"))
    #expect(console.output.contains(replay.output[timeline.lowerBound...]))
  }

  @Test func withoutTheFaultTheTraceHolds() throws {
    let console = console()
    #expect(console.flowsim("--seed", "1", "--runs", "1000") == 1)
    let folder = TemporaryFolder()
    let path = folder.write(try #require(console.files.first).text, to: "t.trace")
    let replay = Console()
    #expect(replay.flowsim("replay", path) == 0)
    #expect(replay.output.hasSuffix("every property holds, and the run succeeded\n"))
  }

  @Test func theTraceIsNamedAfterTheSeed() throws {
    let console = console()
    #expect(console.flowsim("--seed", "1", "--runs", "1000") == 1)
    let path = try #require(console.files.first).path
    #expect(
      console.output.contains("trace written to \(path); to replay it: flowsim replay \(path)\n"))
    let seed = try #require(console.output.split(separator: " ").dropFirst().first)
    #expect(path == "flowsim-\(seed).trace")
  }

  @Test func aFailureCountsThoughItsTraceCannotBeWritten() {
    let console = console()
    console.writeFailure = .noSpace
    #expect(console.flowsim("--seed", "1", "--runs", "1000", "--trace", "t") == 1)
    #expect(console.errors.hasPrefix("flowsim: cannot write t: "))
    #expect(console.output.contains("to see the original world: flowsim --seed "))
    #expect(!console.output.contains("flowsim replay"))
  }

  @Test func programsGetTheFailureAsJSON() throws {
    let console = console()
    #expect(console.flowsim("--seed", "1", "--runs", "1000", "--json") == 1)
    let lines = console.output.split(separator: "\n")
    let last = try #require(lines.last)
    #expect(last.contains(#""property":"again""#))
    #expect(last.contains(#""choicesAfter":"#))
    #expect(last.contains(#""traceFile":"flowsim-"#))
    // The line before it is the world as it was found.
    #expect(lines[lines.count - 2].contains(#""property":"again""#))
  }

  @Test func optionsByHandAreNamedWithTheSeed() {
    let console = console()
    let options = ["crashPerMille=60", "steps=2"]
    #expect(
      console.flowsim(
        "--seed", "1", "--runs", "1000", "--option", options[0], "--option", options[1]) == 1)
    #expect(
      console.output.contains(" --option crashPerMille=60 --option steps=2 --timeline\n"))
  }

  @Test func aSoakEndsWithTheFailure() {
    let console = console()
    #expect(console.flowsim("soak", "--minutes", "1", "--seed", "1") == 1)
    #expect(console.output.contains("fails: again: "))
    #expect(console.files.count == 1)
  }

  /// A world that differs each time it is run.
  @Test func worldsThatDifferFireSame() {
    let console = Console()
    var runs: UInt64 = 0
    console.run = { _, options, choices, trace in
      runs += 1
      return Simulation.run(seed: runs, options, RecordingChoices(SeededChoices(seed: runs)), trace)
    }
    #expect(console.flowsim("--seed", "1", "--twice") == 1)
    #expect(console.output.contains("fails: same: "))
    #expect(console.files.isEmpty)
  }

  @Test func theFirstChoiceThatDiffersIsNamed() {
    let console = Console()
    var runs = 0
    console.run = { seed, options, choices, trace in
      runs += 1
      if runs == 3 { _ = choices.choose(.echo, below: 77) }
      return Simulation.run(seed: seed, options, choices, trace)
    }
    #expect(console.flowsim("--seed", "1", "--twice") == 1)
    #expect(console.output.contains("run again, choice "))
    #expect(console.output.contains(" in the first world, and echo 0 is "))
    #expect(console.output.contains(" of 77 in the second\n"))
  }
}
