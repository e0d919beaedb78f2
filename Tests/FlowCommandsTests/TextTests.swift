import FlowCommandLine
import FlowText
import Testing

@testable import FlowCommands

@Suite struct TerminalTextTests {
  @Test(arguments: [
    ("plain text", "plain text"), ("naïve ☃ 日本語", "naïve ☃ 日本語"), ("C:\\tmp", "C:\\tmp"),
    ("a\nb\r\tc", "a\\nb\\r\\tc"), ("\u{1B}[31mred", "\\u{1B}[31mred"), ("\0", "\\u{0}"),
    ("\u{7F}", "\\u{7F}"), ("\u{9B}2J", "\\u{9B}2J"), ("\r\n", "\\r\\n"),
    ("abc\u{202E}def", "abc\\u{202E}def"), ("\u{2066}\u{2069}", "\\u{2066}\\u{2069}"),
    ("\u{2028}", "\\u{2028}"), ("e\u{301}", "e\u{301}"),
  ])
  func whatATerminalWouldObeyIsShown(text: String, shown: String) {
    #expect(TerminalText.escaped(text) == shown)
  }

  @Test func noControlCharacterPasses() {
    for value in UInt32(0)...0x2100 {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let escaped = TerminalText.escaped(String(Character(scalar)))
      let isControl = scalar.properties.generalCategory == .control
      if isControl { #expect(escaped.unicodeScalars.allSatisfy { $0.value >= 0x20 }) }
      #expect(!isControl || !escaped.unicodeScalars.contains(scalar))
    }
  }

  @Test func quotesStandAround() {
    #expect(TerminalText.quoted("a\u{7}b") == "\"a\\u{7}b\"")
  }
}

@Suite struct OutputEscaperTests {
  private static let samples: [([UInt8], String)] = [
    (Array("one\ttwo\nthree".utf8), "one\ttwo\nthree"),
    (Array("50%\r100%\u{1B}[K\u{7}\n".utf8), "50%\\r100%\\u{1B}[K\\u{7}\n"),
    (Array("☃é😀\u{9B}x".utf8), "☃é😀\\u{9B}x"),
    ([0x61, 0x9B, 0x62, 0xFF, 0x0A], "a\\x9Bb\\xFF\n"),
    ([0xC3, 0x28], "\\xC3("),
    ([0xE2, 0x98], "\\xE2\\x98"),
    ([0xF0, 0x9F, 0x98], "\\xF0\\x9F\\x98"),
    ([0xE2, 0x98, 0x41], "\\xE2\\x98A"),
    ([0xC0, 0x80, 0xED, 0xA0, 0x80], "\\xC0\\x80\\xED\\xA0\\x80"),
    ([0x80, 0x80, 0x80, 0x80], "\\x80\\x80\\x80\\x80"),
    ([], ""),
  ]

  @Test(arguments: samples)
  func outputIsShownAsWhatItIs(bytes: [UInt8], shown: String) {
    var escaper = OutputEscaper()
    #expect(escaper.escape(bytes) + escaper.finish() == shown)
  }

  @Test(arguments: samples)
  func whereAPieceEndsMakesNoDifference(bytes: [UInt8], shown: String) {
    for cut in 0...bytes.count {
      var escaper = OutputEscaper()
      let first = escaper.escape(Array(bytes[..<cut]))
      #expect(first + escaper.escape(Array(bytes[cut...])) + escaper.finish() == shown)
    }
    var escaper = OutputEscaper()
    let single = bytes.map { escaper.escape([$0]) }.joined()
    #expect(single + escaper.finish() == shown)
  }

  @Test func nothingCompleteIsHeldBack() {
    var escaper = OutputEscaper()
    #expect(escaper.escape(Array("Password: é".utf8)) == "Password: é")
    #expect(escaper.finish() == "")
  }
}

@Suite struct JSONWriterTests {
  private func written(_ body: (inout JSONWriter) -> Void) -> String {
    var json = JSONWriter()
    body(&json)
    return json.take()
  }

  @Test func valuesStandInOneLine() {
    let text = written { json in
      json.object { json in
        json.member("text", "a")
        json.member("none", String?.none)
        json.member("number", -5)
        json.member("noNumber", Int?.none)
        json.member("yes", true)
        json.member("no", false)
        json.key("empty")
        json.array { _ in }
        json.key("list")
        json.array { json in
          json.integer(UInt64.max)
          json.integer(Int64.min)
          json.null()
          json.string("")
          json.object { _ in }
          json.object { $0.member("deep", 1) }
          json.bool(true)
        }
        json.member("last", 0)
      }
    }
    #expect(
      text == """
        {"text":"a","none":null,"number":-5,"noNumber":null,"yes":true,"no":false,"empty":[],\
        "list":[18446744073709551615,-9223372036854775808,null,"",{},{"deep":1},true],"last":0}
        """)
  }

  @Test(arguments: [
    ("\"", #""\"""#), ("\\", #""\\""#), ("\u{1}", #""\u0001""#), ("\u{7F}", #""\u007f""#),
    ("\"\\/", #""\"\\/""#), ("\u{8}\u{C}\n\r\t", #""\b\f\n\r\t""#),
    ("\0\u{1F}\u{7F}\u{9B}", #""\u0000\u001f\u007f\u009b""#),
    ("\u{2028}\u{202E}", #""\u2028\u202e""#), ("ü☃😀", "\"ü☃😀\""), ("\r\n", #""\r\n""#),
  ])
  func textsAreEscaped(text: String, json: String) {
    #expect(written { $0.string(text) } == json)
    #expect(written { $0.object { $0.member(text, 1) } } == "{\(json):1}")
  }

  @Test func linesStandForThemselves() {
    var output = ""
    var json = JSONWriter()
    for number in 1...2 {
      json.object { $0.member("n", number) }
      json.endLine()
      json.drain(to: &output)
    }
    #expect(output == "{\"n\":1}\n{\"n\":2}\n")
    #expect(json.take() == "")
  }

  @Test func drainingBetweenValuesChangesNothing() {
    var output = ""
    var json = JSONWriter()
    json.array { json in
      for number in 1...3 {
        json.integer(number)
        json.drain(to: &output)
      }
    }
    json.drain(to: &output)
    #expect(output == "[1,2,3]")
  }
}
