import FlowCore
import FlowDefinition
import TestSupport
import Testing

/// What is read without libyaml is read as libyaml does.
struct YAMLPlainTextTests {
  private struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state = SplitMix64.mix(state)
      return state
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
      elements[Int(next() % UInt64(elements.count))]
    }
  }

  private static let scalars = [
    "a", "step-1", "a b", "a  b ", "3.10", "a:b", "a: b", "a #b", "a#b", "-x", "- x", "-", "?",
    "? x",
    ":x", ": x", "\"a b\"", "\"a\\n\"", "'it''s'", "'a'", "\"\"", "''", "\"a\"x", "'a' # c", "[]",
    "{}",
    "[a, b]", "[a,b]", "[a, ]", "[a b , c]", "[-1, -]", "[a:b, c]", "[a: b]", "{a: b}",
    "{a: b, c: [d]}",
    "{a: }", "{a}", "{\"a\": 'b'}", "{a :b}", "{a: b}x", "[\"a\", 'b'] # c", "[a#b, c #d]", "[a?]",
    "[[a]]",
    "[a", "|", "|-", "|+", ">", "|2", "&x a", "*x", "!t a", "%a", "@a", "`a", "é", "水 \u{1F600}",
    "a\u{85}b", "a\u{2028}b", "\u{FEFF}a", "a\tb", "\ta", "a\r", "#c", "", " ", "~", "null", "<<",
    "\"a: b\": c", "a : b", "---", "...", "--- a", "%YAML 1.1", "http://x/y?z", "[http://x/y]",
    "[a:]",
    "{a: b:c}", "[a]: b", "[[[[[[[[[[a]]]]]]]]]]", "a, b", "[a, \"b\" ]", "[ a ]", "{ }", "[,]",
    "{,}",
  ]

  private static func text(_ dice: inout Dice) -> String {
    var lines: [String] = []
    var indent = 0
    for _ in 0...dice.next() % 9 {
      indent = max(0, indent + dice.pick([0, 0, 0, 2, 2, -2, -2, -4, 1, -1]))
      var line = String(repeating: " ", count: indent)
      for _ in 0..<dice.pick([0, 0, 0, 1, 1, 2]) { line += dice.pick(["- ", "- ", "-  ", "-"]) }
      switch dice.next() % 8 {
      case 0: line += dice.pick(scalars)
      case 1: line += dice.pick(["", "  ", "# c", "\t", "\r", "\u{85}", "  \r"])
      case 2: line += "k\(dice.next() % 3):" + dice.pick(["", "", " # c", "  "])
      default: line += "\(dice.pick(["k1", "k2", "\"k\"", "k k"])): " + dice.pick(scalars)
      }
      if dice.next() % 12 == 0 { line += " # c" }
      lines.append(line)
    }
    return lines.joined(separator: dice.next() % 30 == 0 ? "\r\n" : "\n")
      + dice.pick(["\n", "\n", "", "\n\n", "\n  ", " "])
  }

  @Test func randomTextsHaveTheSameEvents() {
    for seed in 1...12_000 as ClosedRange<UInt64> {
      var dice = Dice(state: seed)
      let text = Self.text(&dice)
      let difference = YAMLComparison.difference(in: Array(text.utf8))
      #expect(difference == nil, "seed \(seed): \(text.debugDescription)")
    }
  }

  /// Texts that hardly anything is wrong with, one byte of which is another.
  @Test func changedFixturesHaveTheSameEvents() {
    let bytes: [UInt8] = Array("\n \t:-#,[]{}'\"|>&*!?%@a\r\u{85}\u{2028}".utf8)
    for path in Repository.files(under: "Fixtures/Workflows") where path.hasSuffix(".yaml") {
      let text = Repository.read(path)
      #expect(YAMLComparison.difference(in: text) == nil, "\(path)")
      var dice = Dice(state: UInt64(text.count))
      for _ in 0..<60 where !text.isEmpty {
        var changed = Array(text.prefix(2_000))
        changed[Int(dice.next() % UInt64(changed.count))] = dice.pick(bytes)
        if dice.next() % 2 == 0 {
          changed.insert(dice.pick(bytes), at: Int(dice.next() % UInt64(changed.count)))
        }
        if dice.next() % 4 == 0 { changed.removeLast(Int(dice.next() % UInt64(changed.count))) }
        let difference = YAMLComparison.difference(in: changed)
        #expect(difference == nil, "\(path): \(String(decoding: changed, as: UTF8.self))")
      }
    }
  }

  @Test(arguments: [
    ("a: b\n", 8), ("# c\n\na:\n  b: c # d\n", 11), ("a:\n- b\n- c: d\n  e: f\n", 16),
    ("a:\n  - - b\n    - c\n", 13), ("a: |\n  x\n   y\n\n  z\nb: |-\n  #\n\nc: |+\n  x\n\n", 12),
    ("a: [b, \"c d\", {e: f, 'g': []}]\n", 18), ("a: é\n\"b c\": \"水\"", 10),
  ])
  func whatIsPlainNeedsNoLibrary(text: String, count: Int) {
    #expect(YAMLComparison.plainCount(in: Array(text.utf8)) == count)
    #expect(YAMLComparison.difference(in: Array(text.utf8)) == nil)
  }

  /// All of what people begin with.
  @Test(arguments: ["source-report.yaml"])
  func examplesNeedNoLibrary(name: String) {
    let text = Repository.read("Fixtures/Workflows/\(name)")
    #expect(YAMLComparison.plainCount(in: text) > 100)
  }

  /// A line is kept as a whole, so it must not have any number of events.
  @Test func longLinesAreLeftToTheLibrary() {
    let deep = Array((String(repeating: "- ", count: 200) + "a\n").utf8)
    #expect(YAMLComparison.plainCount(in: deep) == 0)
    #expect(YAMLComparison.difference(in: deep) == nil)
    let wide = Array(("a: b\nc: [" + String(repeating: "x, ", count: 5_000) + "x]\n").utf8)
    #expect(YAMLComparison.plainCount(in: wide) == 5)
    #expect(YAMLComparison.difference(in: wide) == nil)
  }
}
