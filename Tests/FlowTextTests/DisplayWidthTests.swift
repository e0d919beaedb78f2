import FlowText
import Testing

@Suite struct DisplayWidthTests {
  @Test(arguments: [
    ("", 0), ("build", 5), ("▶✓✗·█░…", 7), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("한글", 4),
    ("ﾃｽﾄ", 3), ("ＡＢ", 4), ("🎉", 2), ("a\u{200B}b", 2), ("\u{AD}", 1), ("❤\u{FE0F}", 2),
  ])
  func widthsAreThoseOfTerminals(text: String, width: Int) {
    #expect(DisplayWidth.of(text) == width)
  }

  @Test(arguments: [
    ("build", 5, "build"), ("build", 4, "bui…"), ("build", 1, "…"), ("build", 0, ""),
    ("日本語", 6, "日本語"), ("日本語", 5, "日本…"), ("日本語", 4, "日…"), ("日本語", 2, "…"),
    ("e\u{301}xyz", 3, "e\u{301}x…"),
  ])
  func whatIsTooLongIsCutAtAColumn(text: String, columns: Int, cut: String) {
    #expect(DisplayWidth.cut(text, to: columns) == cut)
    #expect(DisplayWidth.of(DisplayWidth.cut(text, to: columns)) <= columns)
  }
}
