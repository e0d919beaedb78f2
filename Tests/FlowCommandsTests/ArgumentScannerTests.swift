import FlowCommandLine
import FlowText
import Testing

@testable import FlowCommands

@Suite struct ArgumentScannerTests {
  private static let syntax = CommandSyntax(
    name: "test", purpose: "serve as an example",
    arguments: [Argument("FILE", .one, "a file"), Argument("STEP", .optional, "a step")],
    options: [
      Option("jobs", short: "j", takes: .integer(placeholder: "N", 1...64), "so many at once"),
      Option("run-id", takes: .text(placeholder: "ID"), "the name"),
      Option("quiet", short: "q", "say nothing"), Option("json", "print JSON"),
    ],
    exitCodes: [.success])

  private func scan(_ line: String) throws(UsageError) -> ScannedArguments? {
    let words = line.split(separator: " ").map(String.init)
    switch try ArgumentScanner.scan(words[...], as: Self.syntax) {
    case .arguments(let arguments): return arguments
    case .helpRequested: return nil
    }
  }

  @Test(arguments: [
    "file --jobs 4", "file --jobs=4", "file -j4", "file -j 4", "--jobs 4 file", "-qj4 file",
    "-qj 4 file",
  ])
  func everySpellingOfAnOptionMeansTheSame(line: String) throws {
    let scanned = try #require(try scan(line))
    #expect(scanned.integer(Self.syntax.options[0]) == 4)
    #expect(scanned.has(Self.syntax.options[2]) == line.contains("q"))
    #expect(scanned.positional == ["file"])
  }

  @Test func twoDashesEndTheOptions() throws {
    let scanned = try #require(try scan("-q -- --jobs -h"))
    #expect(scanned.positional == ["--jobs", "-h"])
    #expect(scanned.has(Self.syntax.options[2]))
  }

  @Test func aSingleDashIsAnArgument() throws {
    #expect(try scan("-")?.positional == ["-"])
  }

  @Test func anAttachedValueMayHoldAnything() throws {
    #expect(try scan("file --run-id=--a=b")?.text(Self.syntax.options[1]) == "--a=b")
  }

  /// In Swift's characters, `=` and a mark that follows it are one.
  @Test func aValueMayBeginWithAMark() throws {
    #expect(try scan("file --run-id=\u{320}a")?.text(Self.syntax.options[1]) == "\u{320}a")
  }

  @Test(arguments: ["--help", "-h", "file --help", "-qh", "--help --bogus", "a b c --help"])
  func helpIsAnswered(line: String) throws {
    #expect(try scan(line) == nil)
  }

  @Test func helpBehindAMistakeIsNot() {
    #expect(throws: UsageError.self) { try scan("--bogus --help") }
  }

  @Test(
    arguments: [
      ("", .missingArgument("FILE")),
      ("a b c", .superfluousArgument("c")),
      ("a --job 4", .unknownOption("--job", suggestion: "--jobs")),
      ("a --qiuet", .unknownOption("--qiuet", suggestion: "--quiet")),
      ("a --colour", .unknownOption("--colour", suggestion: nil)),
      ("a -x", .unknownOption("-x", suggestion: nil)),
      ("a -qx", .unknownOption("-x", suggestion: nil)),
      ("a --jobs", .missingValue("--jobs", placeholder: "N")),
      ("a -j", .missingValue("--jobs", placeholder: "N")),
      ("a --jobs --quiet", .missingValue("--jobs", placeholder: "N")),
      ("a --quiet=yes", .unexpectedValue("--quiet")),
      ("a --jobs 4 -j 4", .repeatedOption("--jobs")),
      ("a -q --quiet", .repeatedOption("--quiet")),
      ("a --jobs 0", .invalidValue("--jobs", value: "0", expected: "a whole number from 1 to 64")),
      (
        "a --jobs 65", .invalidValue("--jobs", value: "65", expected: "a whole number from 1 to 64")
      ),
      (
        "a --jobs -1", .invalidValue("--jobs", value: "-1", expected: "a whole number from 1 to 64")
      ),
      ("a -jx", .invalidValue("--jobs", value: "x", expected: "a whole number from 1 to 64")),
      (
        "a --jobs 99999999999999999999",
        .invalidValue(
          "--jobs", value: "99999999999999999999", expected: "a whole number from 1 to 64")
      ),
      ("a --jobs=", .invalidValue("--jobs", value: "", expected: "a whole number from 1 to 64")),
      (
        "a --run-id=", .invalidValue("--run-id", value: "", expected: "a non-empty text")
      ),
    ] as [(String, UsageError.Reason)])
  func mistakesAreNamed(line: String, reason: UsageError.Reason) {
    #expect(throws: UsageError(command: "test", reason)) { try scan(line) }
  }

  @Test(
    arguments: [
      (.noCommand, nil, "flow: no command given\nTry \"flow --help\" for more."),
      (
        .unknownCommand("stats", suggestion: "status"), nil,
        "flow: unknown command \"stats\": did you mean \"status\"?\nTry \"flow --help\" for more."
      ),
      (
        .unknownOption("--job", suggestion: "--jobs"), "run",
        "flow run: unknown option \"--job\": did you mean \"--jobs\"?\n"
          + "Try \"flow run --help\" for more."
      ),
      (
        .unknownOption("--\u{1B}[2J", suggestion: nil), "run",
        "flow run: unknown option \"--\\u{1B}[2J\"\nTry \"flow run --help\" for more."
      ),
      (
        .missingValue("--jobs", placeholder: "N"), "run",
        "flow run: option --jobs needs a value: N\nTry \"flow run --help\" for more."
      ),
      (
        .unexpectedValue("--json"), "list",
        "flow list: option --json takes no value\nTry \"flow list --help\" for more."
      ),
      (
        .invalidValue("--jobs", value: "0", expected: "a whole number from 1 to 4096"), "run",
        "flow run: invalid value \"0\" for --jobs: expected a whole number from 1 to 4096\n"
          + "Try \"flow run --help\" for more."
      ),
      (
        .repeatedOption("--jobs"), "run",
        "flow run: option --jobs given more than once\nTry \"flow run --help\" for more."
      ),
      (
        .missingArgument("FILE"), "run",
        "flow run: missing argument FILE\nTry \"flow run --help\" for more."
      ),
      (
        .superfluousArgument("x\ny"), "run",
        "flow run: unexpected argument \"x\\ny\"\nTry \"flow run --help\" for more."
      ),
    ] as [(UsageError.Reason, String?, String)])
  func messagesSayWhatAndWhereToReadOn(
    reason: UsageError.Reason, command: String?, message: String
  ) {
    #expect(UsageError(command: command, reason).description == message)
  }

  @Test func manyArgumentsHaveNoLimitButOne() throws {
    let syntax = CommandSyntax(
      name: "rm", purpose: "", arguments: [Argument("RUN", .many, "runs")], exitCodes: [])
    guard case .arguments(let scanned) = try ArgumentScanner.scan(["a", "b", "c"], as: syntax)
    else {
      Issue.record("no help was asked for")
      return
    }
    #expect(scanned.positional == ["a", "b", "c"])
    #expect(throws: UsageError(command: "rm", .missingArgument("RUN"))) {
      try ArgumentScanner.scan([], as: syntax)
    }
  }
}

@Suite struct SuggestionTests {
  @Test(arguments: [
    ("stauts", "status"), ("lst", "list"), ("event", "events"), ("rnu", "run"),
    ("validat", "validate"), ("ru", "run"), ("--hepl", nil), ("xyz", nil), ("", nil),
  ])
  func theNearestNameIsSuggestedIfItIsNear(word: String, name: String?) {
    let names = ["run", "status", "list", "events", "logs", "validate", "help"]
    #expect(Suggestion.nearest(to: word, among: names) == name)
  }
}
