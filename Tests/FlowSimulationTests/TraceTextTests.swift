import Testing

@testable import FlowSimulation

struct TraceTextTests {
  private static let text = """
    flowsim trace 1
    # Comments may stand anywhere but first.
    seed 18446744073709551615

    workflow drawn
    property said
    trace 5e0140e1c95e8c26
    option steps=3
    option isCancelled=true
    choices crash 12=1 40=1
    choices lostBytes 3=2
    end

    """

  private static func problem(_ text: String) -> TraceText.Problem? {
    do throws(TraceText.Problem) {
      _ = try TraceText.world(from: Array(text.utf8))
      return nil
    } catch {
      return error
    }
  }

  @Test func everyLineCounts() throws {
    let world = try TraceText.world(from: Array(Self.text.utf8))
    #expect(world.seed == .max)
    #expect(world.property == .said)
    #expect(world.traceHash == 0x5e01_40e1_c95e_8c26)
    #expect(world.options.steps == 3)
    #expect(world.options.isCancelled)
    #expect(
      world.schedule
        == ChoiceSchedule([.init(.crash, 12, 1), .init(.crash, 40, 1), .init(.lostBytes, 3, 2)]))
    #expect(try TraceText.world(from: Array(TraceText.of(world).utf8)) == world)
  }

  @Test func whatIsNotNamedIsQuiet() throws {
    let text = "flowsim trace 1\nseed 0\nworkflow drawn\nproperty none\ntrace 0\nend\n"
    let world = try TraceText.world(from: Array(text.utf8))
    #expect(world.options == .quiet)
    #expect(world.schedule == .empty)
    #expect(world.property == nil)
    #expect(TraceText.of(world) == text)
  }

  @Test func anOlderTraceCallsThePropertyAnOracle() throws {
    let text = Self.text.replacing("property said", with: "oracle said")
    let (older, world) = try (
      TraceText.world(from: Array(text.utf8)), TraceText.world(from: Array(Self.text.utf8))
    )
    #expect(older == world)
    let both = Self.text.replacing("property said", with: "oracle said\nproperty said")
    #expect(Self.problem(both)?.reason == .repeated("property"))
  }

  /// A replacement for a line of the text above, the line with the error, and the reason.
  private static let bad: [(old: String, new: String, line: Int, reason: String)] = [
    ("flowsim trace 1", "flowsim tracks 1", 1, "notATrace"),
    ("flowsim trace 1", "flowsim trace 2", 1, "otherVersion(\"2\")"),
    ("flowsim trace 1", "flowsim trace 11", 1, "otherVersion(\"11\")"),
    ("seed 18446744073709551615", "seed 18446744073709551616", 3, "invalid(\"seed\""),
    ("seed 18446744073709551615", "seed", 3, "invalid(\"seed\""),
    ("seed 18446744073709551615", "", 13, "missing(\"seed\")"),
    ("workflow drawn", "workflow lost", 5, "invalid(\"workflow\""),
    ("workflow drawn", "", 13, "missing(\"workflow\")"),
    ("property said", "property sad", 6, "unknown(\"sad\""),
    ("property said", "", 13, "missing(\"property\")"),
    ("property said", "property said\nproperty said", 7, "repeated(\"property\")"),
    ("trace 5e0140e1c95e8c26", "trace xyz", 7, "invalid(\"trace\""),
    ("trace 5e0140e1c95e8c26", "", 13, "missing(\"trace\")"),
    ("option steps=3", "option stops=3", 8, "unknown(\"stops\""),
    ("option steps=3", "option steps=0", 8, "invalid(\"option steps\""),
    ("option steps=3", "option steps", 8, "invalid(\"option\""),
    ("option isCancelled=true", "option steps=3", 9, "repeated(\"option steps\")"),
    ("option steps=3", "opinion steps=3", 8, "unknown(\"opinion\""),
    ("choices crash", "choices crush", 10, "unknown(\"crush\""),
    ("choices crash", "choices options", 10, "unknown(\"options\""),
    ("choices crash 12=1 40=1", "choices", 10, "unknown(\"\""),
    ("choices lostBytes", "choices crash", 11, "repeated(\"choices crash\")"),
    ("12=1", "12=0", 10, "invalid(\"choices crash\""),
    ("12=1", "12", 10, "invalid(\"choices crash\""),
    ("12=1", "-1=1", 10, "invalid(\"choices crash\""),
    ("12=1", "40=1", 10, "invalid(\"choices crash\""),
    ("12=1", "9223372036854775807=1", 10, "invalid(\"choices crash\""),
    ("end", "", 13, "missing(\"end\")"),
    ("end", "end\nseed 1", 13, "textAfterEnd"),
  ]

  @Test(arguments: bad)
  func badLinesAreNamed(old: String, new: String, line: Int, reason: String) throws {
    let place = try #require(Self.text.firstRange(of: old))
    let text = Self.text.replacingCharacters(in: place, with: new)
    let problem = try #require(Self.problem(text))
    #expect(problem.line == line)
    #expect("\(problem.reason)".hasPrefix(reason), "\(problem.reason)")
  }

  @Test func garbageIsNoTrace() {
    #expect(Self.problem("") == .init(line: 1, reason: .notATrace))
    #expect(Self.problem("\u{0}\u{1}\n") == .init(line: 1, reason: .notATrace))
    let bytes = (0...255).map { UInt8($0) }
    #expect(throws: TraceText.Problem.self) { try TraceText.world(from: bytes) }
  }

  /// A trace that is cut short anywhere is refused.
  @Test func aTraceThatIsCutOffIsRefused() {
    for count in 0..<Self.text.utf8.count - 2 {
      #expect(Self.problem(String(Self.text.prefix(count))) != nil, "\(count)")
    }
  }
}

extension String {
  fileprivate func replacingCharacters(in range: Range<Index>, with other: String) -> String {
    self[..<range.lowerBound] + other + self[range.upperBound...]
  }
}
