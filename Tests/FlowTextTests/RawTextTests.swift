import FlowText
import Testing

struct RawTextTests {
  @Test(arguments: ["", "/home/a b", "naïve/日本/\u{1F600}\u{301}", "\u{10FEFF}\u{10FF7F}"])
  func unicodeIsItself(text: String) {
    #expect(RawText.text(Array(text.utf8)).utf8.elementsEqual(text.utf8))
    #expect(RawText.bytes(text) == Array(text.utf8))
  }

  @Test func aByteThatIsNotUnicodeIsOneScalar() {
    let text = RawText.text(Array("caf".utf8) + [0xE9, UInt8(ascii: "/"), 0xC3, 0xA9])
    #expect(Array(text.unicodeScalars) == ["c", "a", "f", "\u{10FFE9}", "/", "é"])
    #expect(TerminalText.escaped(text) == "caf\\xE9/é")
  }

  /// What looks like an escaped byte, half characters, surrogates, overlong forms.
  @Test func anyBytesAreGivenBack() {
    let parts: [[UInt8]] = [
      Array("\u{10FFE9}".utf8), Array("\u{10FFFF}".utf8), Array("\u{10FE80}".utf8), [0x80], [0xFF],
      [0xED, 0xA0, 0x80], [0xC0, 0xAF], [0xF4, 0x90, 0x80, 0x80], [0xF4, 0x8F, 0xBF], [0xE2, 0x82],
      Array("a/é".utf8),
    ]
    for first in parts {
      for second in parts {
        for third in parts {
          let bytes = first + second + third
          #expect(RawText.bytes(RawText.text(bytes)) == bytes)
        }
      }
    }
  }

  /// Different bytes are never the same text.
  @Test func anEscapedByteIsNotTheScalarItself() {
    #expect(RawText.text([0xE9]) != RawText.text(Array("\u{10FFE9}".utf8)))
    #expect(RawText.text(Array("\u{10FFE9}".utf8)).unicodeScalars.count == 4)
  }
}
