import Testing

@testable import FlowCommands

@Suite struct OutputTailTests {
  @Test(arguments: [
    ("", ""),
    ("one\ntwo\n", "two"),
    ("one\ntwo", "two"),
    ("one\n\n  \n", "one"),
    ("10%\r20%\r30%", "30%"),
    ("10%\r20%\r", "20%"),
    ("building\r        \r", "building"),
    ("text\r\n", "text"),
    ("\u{1B}[1;32mok\u{1B}[0m done\u{1B}[K", "ok done"),
    ("\u{1B}]0;title\u{7}x", "\\u{1B}]0;title\\u{7}x"),
    ("\u{1B}[2J\u{1B}[Hclean", "clean"),
    ("\u{1B}[31", "\\u{1B}[31"),
    ("a\tb", "a  b"),
    ("\u{202E}evil", "\\u{202E}evil"),
    ("\u{9B}31mred", "\\u{9B}31mred"),
    ("日本語\n", "日本語"),
  ])
  func theLastLineIsWhatATerminalWouldBeLeftWith(output: String, line: String) {
    #expect(OutputTail.lastLine(of: Array(output.utf8)) == line)
  }

  @Test func aPieceMayBeginWithinACharacter() {
    #expect(OutputTail.lastLine(of: Array("日本".utf8.dropFirst())) == "本")
    #expect(OutputTail.lastLine(of: [0xFF, 0x41]) == "\u{FFFD}A")
  }

  @Test func lastLinesKeepBlankOnesBetween() {
    let output = Array("a\nb\n\nc\n\n".utf8)
    #expect(OutputTail.lastLines(of: output, 3, isWhole: true) == ["b", "", "c"])
    #expect(OutputTail.lastLines(of: output, 9, isWhole: true) == ["a", "b", "", "c"])
  }

  @Test func halfALineIsLeftOut() {
    let output = Array("lf a line\nb\n".utf8)
    #expect(OutputTail.lastLines(of: output, 9, isWhole: false) == ["b"])
    #expect(OutputTail.lastLines(of: Array("no end".utf8), 9, isWhole: false) == ["no end"])
  }
}
