import FlowCore
import FlowDefinition
import Testing

struct StringTests {
  private func command(_ literal: String) throws -> Command {
    try definition(#"{"name": "n", "steps": [{"id": "a", "run": \#(literal)}]}"#).steps[0].command
  }

  @Test(arguments: [
    (#""\" \\ \/ \b \f \n \r \t""#, "\" \\ / \u{8} \u{C} \n \r \t"),
    (#""\u0041\u00e9\u20AC""#, "Aé€"),
    (#""\ud83d\ude00 \uD800\uDC00 \uDBFF\uDFFF""#, "😀 \u{10000} \u{10FFFF}"),
    ("\"é€😀\u{7F}\u{10FFFF}\"", "é€😀\u{7F}\u{10FFFF}"),
  ])
  func decodesEscapesAndUTF8(literal: String, text: String) throws {
    #expect(try command(literal) == .shell(text))
  }

  @Test(arguments: [
    Wrong(#""a‸\u0000""#, #"\u0000 is not allowed: no program can be given a NUL"#),
    Wrong(
      #""a‸\ud800""#, #"\uD800 is half of a surrogate pair: the other half is missing"#),
    Wrong(
      #""‸\ud800\u0041""#, #"\uD800 is half of a surrogate pair: the other half is missing"#),
    Wrong(
      #""‸\udc00\ud800""#, #"\uDC00 is half of a surrogate pair: the other half is missing"#),
    Wrong(#""‸\u12g4""#, #"\u needs four hexadecimal digits"#),
    Wrong(#""‸\u12""#, #"\u needs four hexadecimal digits"#),
    Wrong(
      #""‸\x41""#,
      #"unknown escape: allowed are \" \\ \/ \b \f \n \r \t and \u with four hexadecimal digits"#),
    Wrong("\"a‸\tb\"", #"a control character must be written as an escape: \u0009"#),
    Wrong("\"a‸\u{0}b\"", #"a control character must be written as an escape: \u0000"#),
  ])
  func refusesWhatNoTextCanHold(wrong: Wrong) {
    Wrong(wrong.json, "steps[0].run: " + wrong.message).check {
      #"{"name": "n", "steps": [{"id": "a", "run": \#($0)}]}"#
    }
    let inKey = Wrong("{\(wrong.json): 1}", wrong.message)
    let parts = inKey.json.split(separator: "‸")
    let message = lines(workflow(withStep: #""env": "# + parts.joined())).first
    #expect(message?.hasSuffix(": " + wrong.message) == true)
  }

  @Test func valuesOfUnknownKeysAreLookedThroughToo() {
    let json = workflow(with: #""x": [{"\u0000": 1, "b": ["\ud800"]}, true, null, -1.5e3]"#)
    #expect(
      lines(json).map { $0.prefix { $0 != " " } } == ["1:51:", "1:59:", "1:78:"])
  }

  @Test(
    arguments: [
      [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80],
      [0xED, 0xBF, 0xBF], [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80],
      [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x98],
      [0xE2, 0x28, 0xA1], [0xF0, 0x9F, 0x28, 0x80],
    ] as [[UInt8]])
  func refusesWhatIsNotUTF8(sequence: [UInt8]) {
    let byte = String(sequence[0], radix: 16, uppercase: true)
    let ending = #""}], "name": "n"}"#.utf8
    let inValue = Array(#"{"steps": [{"id": "a", "run": "é"#.utf8) + sequence + ending
    #expect(
      errors(inValue)?.description == "w.json:1:33: steps[0].run: invalid UTF-8 (byte 0x\(byte))")
    let inComment = Array("{// é".utf8) + sequence
    #expect(
      errors(inComment)?.description == "w.json:1:6: invalid UTF-8 (byte 0x\(byte)) in a comment")
    let outside = Array("{".utf8) + sequence
    #expect(
      errors(outside)?.description
        == #"w.json:1:2: expected a key in double quotes or "}", found invalid UTF-8 "#
        + "(byte 0x\(byte))")
  }

  @Test func messagesHoldNothingThatATerminalObeys() {
    let name = #"\u001b[2J\u202e\u0085"#
    Wrong(
      #"{"\#(name)": ‸1}"#,
      #"steps[0].env["\u{1B}[2J\u{202E}\u{85}"]: "#
        + "expected a string (numbers too go in double quotes), found a number"
    ).check { workflow(withStep: #""env": \#($0)"#) }
    Wrong(
      #"‸"\#(name)""#,
      #"steps[0].onLost: expected "rerun", "fail" or "probe", "#
        + #"found "\u{1B}[2J\u{202E}\u{85}""#
    ).check { workflow(withStep: #""onLost": \#($0)"#) }
  }
}
