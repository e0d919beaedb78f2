import FlowCore
import Testing

/// What files of outputs hold, by the types that steps declare.
@Suite struct StepOutputTests {
  private func value(_ type: OutputType, _ text: String) -> Result<String, OutputFault> {
    value(type, Array(text.utf8))
  }

  private func value(_ type: OutputType, _ bytes: [UInt8]) -> Result<String, OutputFault> {
    Result { () throws(OutputFault) in
      String(decoding: try type.value(of: bytes), as: UTF8.self)
    }
  }

  @Test(
    arguments: [
      (OutputType.string, "1.2\n", "1.2"), (.string, "1.2", "1.2"), (.string, "a\n\n", "a\n"),
      (.string, "", ""), (.string, " é😀 ", " é😀 "), (.int, "-07\n", "-07"), (.number, "1e3", "1e3"),
      (.bool, "true\n", "true"), (.date, "2024-02-29\n", "2024-02-29"),
      (.lines, "a\nb\n", "a\nb\n"),
      (.lines, "", ""), (.json, " {\"a\": [1, -0.5e2, null]}\n", " {\"a\": [1, -0.5e2, null]}\n"),
    ] as [(OutputType, String, String)])
  func oneLineFeedAtTheEndOfASingleTextIsDropped(type: OutputType, file: String, found: String) {
    #expect(value(type, file) == .success(found))
  }

  @Test(
    arguments: [
      (OutputType.int, "1.5"), (.int, ""), (.int, "-"), (.int, " 1"), (.int, "1\n\n"),
      (.number, "1."),
      (.number, "0x1"), (.bool, "True"), (.bool, "1"), (.date, "2023-02-29"), (.date, "2026-1-1"),
      (.json, ""), (.json, "{\"a\": 1,}"), (.json, "[1] 2"), (.json, "01"), (.json, "\"\u{1}\""),
      (.json, "[\"\\u12g4\"]"), (.json, "{\"a\" 1}"), (.json, "nul"), (.json, "["),
    ] as [(OutputType, String)])
  func otherTextsAreOfAnotherType(type: OutputType, file: String) {
    #expect(value(type, file) == .failure(.wrongType))
  }

  @Test(arguments: OutputType.allCases)
  func everyTypeIsText(type: OutputType) {
    #expect(value(type, [0xFF]) == .failure(.notText))
    // A variable would end there.
    #expect(value(type, [0x31, 0, 0x32]) == .failure(.notText))
    #expect(value(type, [0xED, 0xA0, 0x80]) == .failure(.notText))
  }

  @Test func sizesHaveLimits() {
    let text = [UInt8](repeating: UInt8(ascii: "1"), count: 64 << 10)
    #expect(value(.string, text + [0x31]) == .failure(.tooLarge))
    #expect(throws: Never.self) { try OutputType.string.value(of: text) }
    let feeds = [UInt8](repeating: UInt8(ascii: "\n"), count: 1_000_000)
    #expect(throws: Never.self) { try OutputType.lines.value(of: feeds) }
    #expect(value(.lines, feeds + [0x31]) == .failure(.tooManyLines))
    #expect(value(.lines, feeds + [0x0A]) == .failure(.tooManyLines))
  }

  /// Nothing that reads it recurses.
  @Test func jsonMayBeDeepWithinALimit() {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(value(.json, nested(1_000)) == .success(nested(1_000)))
    #expect(value(.json, nested(1_002)) == .failure(.wrongType))
    #expect(value(.json, String(repeating: "[", count: 1 << 20)) == .failure(.wrongType))
  }

  @Test(arguments: [
    ("", []), ("a", ["a"]), ("a\n", ["a"]), ("a\n\n", ["a", ""]), ("\n", [""]),
    ("a\nb c", ["a", "b c"]), ("a\r\n", ["a\r"]),
  ])
  func aLineFeedEndsALine(file: String, lines: [String]) {
    #expect(OutputType.lines(of: Array(file.utf8)) == lines)
  }

  @Test(arguments: [
    ("version", true), ("_1", true), ("a-b", false), ("1a", false), ("", false), ("..", false),
    ("a/b", false), (String(repeating: "a", count: 64), true),
    (String(repeating: "a", count: 65), false),
    ("Kelvin\u{212A}", false),
  ])
  func namesAreThoseOfFiles(name: String, isName: Bool) {
    #expect(StepOutput.isName(name) == isName)
  }

  @Test(arguments: OutputFault.allCases)
  func everyFaultHasWordsOfItsOwn(fault: OutputFault) {
    let text = OutputRefusal(fault, "x").text(.int)
    #expect(!text.isEmpty)
    let others = OutputFault.allCases.filter { $0 != fault }
    #expect(others.allSatisfy { OutputRefusal($0, "x").text(.int) != text })
  }

  @Test(
    arguments: [
      (OutputType.string, "1.2", #""1.2""#), (.int, "7", "7"),
      (.lines, "a\nb c\n", #"["a", "b c"]"#),
      (.lines, String(repeating: "12345678\n", count: 20), nil),
      (.string, String(repeating: "é", count: 51), nil),
    ] as [(OutputType, String, String?)])
  func peopleSeeTheBeginningOfALongValue(type: OutputType, value: String, shown: String?) {
    let text = EventWording.short(Array(value.utf8), type)
    #expect(text == shown ?? text)
    if shown == nil {
      #expect(text.contains("…") && text.utf8.count < 150 && !text.contains("\u{FFFD}"))
    }
  }
}
