import FlowCore
import FlowJSON
import FlowSimulation
import FlowStorage
import TestSupport
import Testing

@testable import FlowsimCommands

struct FlowsimTests {
  private static let lines: [([String], Int32)] = [
    (["--seed", "1", "--runs", "2"], 0),
    (["--seed", "1", "--json"], 0),
    (["--seed", "1", "--json", "--timeline"], 0),
    (["--seed", "1", "--twice"], 0),
    (["--seed", "1", "--option", "steps=2", "--option", "isCancelled=true"], 0),
    (["soak", "--minutes", "1", "--seed", "5"], 0),
    (["--help"], 0),
    (["replay", "--help"], 0),
    (["soak", "--help"], 0),
    (["rehearse", "--help"], 0),
    (["--version"], 0),
    ([], 2),
    (["--seed", "x"], 2),
    (["--seed", "1", "--runs", "0"], 2),
    (["--seed", String(Int.max), "--runs", "2"], 2),
    (["--seed", "1", "--seed", "2"], 2),
    (["--seed", "1", "--hashes", "--json"], 2),
    (["--seed", "1", "--choices", "--timeline"], 2),
    (["--seed", "1", "superfluous"], 2),
    (["--nonsense"], 2),
    (["nonsense"], 2),
    (["replay"], 2),
    (["replay", "/nonexistent"], 2),
    (["replay", "/"], 2),
    (["soak"], 2),
    (["soak", "--minutes", "0"], 2),
    (["rehearse", "/nonexistent"], 2),
  ]

  @Test(arguments: lines)
  func exitCodes(line: [String], code: Int32) {
    let console = Console()
    console.microsecondsPerLook = 10_000_000
    #expect(console.flowsim(line) == code)
    #expect((code == 2) == (console.output.isEmpty && console.errors.contains("flowsim")))
  }

  @Test(arguments: [
    ("step=2", "unknown value \"step\" for --option: did you mean \"steps\"?"),
    ("steps=0", "invalid value \"0\" for --option steps: expected a whole number from 1 to 1000"),
    ("steps", "invalid value \"steps\" for --option: expected NAME=VALUE"),
    (
      "isCancelled=maybe",
      "invalid value \"maybe\" for --option isCancelled: expected true or false"
    ),
  ])
  func badOptionsAreNamed(option: String, message: String) {
    for line in [["--seed", "1"], ["soak", "--minutes", "1"]] {
      let console = Console()
      #expect(console.flowsim(line + ["--option", option]) == 2)
      #expect(console.errors.contains(": \(message)\nTry \"flowsim "), "\(console.errors)")
    }
  }

  @Test func printedOptionsCanBePastedBack() throws {
    let drawn = Console()
    #expect(drawn.flowsim("--seed", "7") == 0)
    let line = try #require(drawn.output.split(separator: "\n").first)
    let again = Console()
    #expect(
      again.flowsim("--seed", "7", "--option", String(line.dropFirst("options: ".count))) == 0)
    #expect(again.output == drawn.output)
  }

  @Test func exitCodesAreWordedForFlowsim() {
    for line in [["--help"], ["soak", "--help"], ["replay", "--help"], ["rehearse", "--help"]] {
      let console = Console()
      _ = console.flowsim(line)
      #expect(!console.output.contains("the run failed"))
      #expect(console.output.contains("Examples:\n"))
    }
  }

  // MARK: Hashes, choices, timelines

  @Test func hashesStandAlone() {
    let console = Console()
    #expect(console.flowsim("--seed", "3", "--runs", "2", "--hashes") == 0)
    let expected = ([3, 4] as [UInt64]).map { seed in
      "\(seed) \(String(Simulation.run(seed: seed).traceHash, radix: 16))\n"
    }
    #expect(console.output == expected.joined())
  }

  @Test func everyChoiceIsPrinted() throws {
    let console = Console()
    #expect(console.flowsim("--seed", "3", "--choices") == 0)
    let recording = try WorldRecipe().record(seed: 3).recording
    #expect(console.output.hasPrefix(recording.lines.map { "\($0)\n" }.joined()))
    #expect(recording.lines.count > 100)
  }

  @Test func aTimelineHasALaneForEach() {
    let console = Console()
    #expect(console.flowsim("--seed", "3", "--timeline") == 0)
    let lines = console.output.split(separator: "\n")
    #expect(lines[0] == TimelineText.heading)
    #expect(lines.contains { $0.hasPrefix("  0.000000  1 run run created") })
    #expect(lines.contains { $0.hasSuffix("   write, syncDirectory, rename, syncDirectory") })
    #expect(lines.contains { $0.contains("#1 is launched, runs as ") })
    #expect(lines.contains { $0.contains("── wall time jumps by ") })
  }

  @Test func longTimelinesShowTheirEnd() {
    let lines = (1...100).map {
      Trace.Line(time: Instant(microseconds: $0), lane: .engine, text: "event \($0)")
    }
    let text = TimelineText.of(lines, longest: 10)
    #expect(text.contains("\n… 90 rows before\n"))
    #expect(text.hasSuffix("  0.000100  event 100\n"))
    #expect(text.split(separator: "\n").count == 12)
  }

  // MARK: Traces

  @Test func theTraceOfASeedIsItsWorld() throws {
    let console = Console()
    #expect(console.flowsim("--seed", "9", "--trace", "t", "--option", "steps=3") == 0)
    let file = try #require(console.files.first)
    let folder = TemporaryFolder()
    let path = folder.write(file.text, to: file.path)
    let replay = Console()
    #expect(replay.flowsim("replay", path) == 0)
    #expect(replay.errors == "")
    #expect(replay.output.contains("seed 9, recorded when every property held\n"))
    let json = Console()
    #expect(json.flowsim("replay", path, "--json") == 0)
    #expect(json.output.hasPrefix(#"{"timeUs":"#))
    let hash = try #require(try? TraceText.world(from: Array(file.text.utf8)).traceHash)
    #expect(json.output.contains(#""trace":"\#(String(hash, radix: 16))""#))
  }

  /// The worlds that are kept because a property was once violated in them.
  @Test(arguments: Fixtures.names(in: "Seeds", endingWith: ".trace"))
  func keptTracesCanBeReplayed(name: String) throws {
    let path = "\(Fixtures.root)/Seeds/\(name).trace"
    let text = String(decoding: Fixtures.read("Seeds/\(name).trace"), as: UTF8.self)
    #expect(text.split(separator: "\n").dropFirst().first?.hasPrefix("# ") == true, "no reason")
    let console = Console()
    #expect(console.flowsim("replay", path) == 0)
    #expect(console.output.contains("recorded when it failed ("))
    #expect(console.output.contains("\nevery property holds, and the run "))
  }

  /// A trace that was cut short while it was copied.
  @Test func aTraceThatIsCutShortIsRefused() throws {
    let whole = Fixtures.read("Seeds/\(Fixtures.names(in: "Seeds", endingWith: ".trace")[0]).trace")
    let folder = TemporaryFolder()
    for count in stride(from: 0, to: whole.count - 5, by: 7) {
      let text = String(decoding: whole.prefix(count), as: UTF8.self)
      let path = folder.write(text, to: "cut-\(count).trace")
      let console = Console()
      #expect(console.flowsim("replay", path) == 2, "\(count) bytes")
      #expect(console.output == "")
      #expect(console.errors.hasPrefix("flowsim: \(path):"), "\(console.errors)")
    }
  }

  @Test func ofManySeedsThatHoldThereIsNoTrace() {
    let console = Console()
    #expect(console.flowsim("--seed", "9", "--runs", "2", "--trace", "t") == 0)
    #expect(console.files.isEmpty)
    #expect(console.errors == "flowsim: t was not written: no world failed\n")
  }

  @Test func aTraceThatCannotBeWrittenIsAnError() {
    let console = Console()
    console.writeFailure = .permissionDenied
    #expect(console.flowsim("--seed", "9", "--trace", "/no/t") == 6)
    #expect(console.errors.hasPrefix("flowsim: cannot write /no/t: "))
  }

  @Test(arguments: [
    ("", "1: not a trace of flowsim: the first line is not \"flowsim trace 1\""),
    ("flowsim trace 9\n", "1: trace version \"9\" is not supported, only version 1; use the"),
    ("flowsim trace 1\nsead 1\n", "2: \"sead\" is not a line of a trace of this flowsim: did you"),
    ("flowsim trace 1\nchoices crahs 1=1\n", "2: \"crahs\" is not a site of choices of this flow"),
    ("flowsim trace 1\noption stepps=1\n", "2: \"stepps\" is not an option of this flowsim: did"),
    ("flowsim trace 1\noption steps=\u{1B}\n", "2: option steps cannot be \"\\u{1B}\": it takes"),
    ("flowsim trace 1\nseed 1\nseed 1\n", "3: seed is given more than once"),
    ("flowsim trace 1\nseed 1\n", "3: the line \"end\" is missing"),
  ])
  func badTracesAreNamed(text: String, message: String) {
    let folder = TemporaryFolder()
    let path = folder.write(text, to: "t.trace")
    let console = Console()
    #expect(console.flowsim("replay", path) == 2)
    #expect(console.errors.hasPrefix("flowsim: \(path):\(message)"), "\(console.errors)")
  }

  @Test func aWorldThatHasChangedIsSaid() throws {
    let console = Console()
    #expect(console.flowsim("--seed", "9", "--trace", "t") == 0)
    let lines = try #require(console.files.first).text.split(separator: "\n")
    let changed = lines.map { $0.hasPrefix("trace ") ? "trace 1" : $0 }.joined(separator: "\n")
    let folder = TemporaryFolder()
    let path = folder.write(changed, to: "t.trace")
    let replay = Console()
    #expect(replay.flowsim("replay", path) == 0)
    #expect(replay.errors.contains("the world differs from the recorded one (trace "))
  }

  // MARK: Soaks and totals

  @Test func aSoakGoesOnUntilItsTimeIsOver() {
    let console = Console()
    console.microsecondsPerLook = 4_000_000
    #expect(console.flowsim("soak", "--minutes", "1", "--seed", "1") == 0)
    // Time is looked at before the first world and after each: 15 times 4 s are a minute.
    #expect(console.output.contains("\n") && console.output.hasPrefix("15 seeds hold: "))
    let words = console.errors.split(separator: "\n")
    #expect(words.first == "flowsim: soaking for 1 min from seed 1 on")
    #expect(words.dropFirst().map { $0.prefix { $0 != ":" } }.count == 4)
    #expect(words.dropFirst().allSatisfy { $0.hasSuffix(" seeds a second") })
  }

  @Test func aSoakBeginsWhereNoneWasBefore() {
    let console = Console()
    console.microsecondsPerLook = 60_000_000
    #expect(console.flowsim("soak", "--minutes", "1", "--json") == 0)
    #expect(console.errors.hasSuffix("from seed 1790000000000000 on\n"))
    #expect(console.output.hasPrefix(#"{"seeds":1,"#))
    #expect(console.output.split(separator: "\n").count == 1)
  }

  @Test func oneSeedTellsItsOptionsAndManyShowATable() {
    var totals = BatchTotals()
    totals.add(Simulation.run(seed: 1))
    let one = totals.text(elapsedMicroseconds: 1_000)
    #expect(one.hasPrefix("options: crashPerMille="))
    #expect(one.contains("1 seed holds"))
    #expect(!one.contains("faults"))
    totals.add(Simulation.run(seed: 2))
    let two = totals.text(elapsedMicroseconds: 1_000)
    #expect(two.hasPrefix("2 seeds hold: "))
    #expect(two.contains("2000 seeds a second"))
    for kind in EventKind.allCases { #expect(two.contains("  \(kind.name) ")) }
    for fault in Fault.allCases { #expect(two.contains("  \(fault) ")) }
    for point in CrashPoint.allCases { #expect(two.contains("  \(point) ")) }
    let json = totals.json(elapsedMicroseconds: 1_000)
    for fault in Fault.allCases { #expect(json.contains(#""\#(fault)":"#)) }
    let unlikely = Coverage.unlikelyCells.count
    #expect(two.contains(" of \(unlikely) cells that are too unlikely to require\n"))
    #expect(json.contains(#""unlikelyCells":\#(unlikely),"unlikelyHit":"#))
  }
}
