import Testing

@testable import FlowCommands

@Suite struct TerminalScreenTests {
  private func lines(_ texts: [String]) -> [StyledText] { texts.map { StyledText($0, .good) } }

  /// Draws frames one after the other, and says what is seen after the last.
  private func seen(_ frames: [[String]], columns: Int = 20) -> [String] {
    var screen = TerminalScreen(inColour: true)
    var terminal = VirtualTerminal(columns: columns, rows: 10)
    terminal.write("$ flow run\r\n")
    for frame in frames {
      terminal.write(screen.draw(lines(frame), columns: columns, rows: 10))
      #expect(terminal.cursorIsAtTheStartOfALine)
    }
    #expect(terminal.unknown == [])
    return terminal.rows
  }

  @Test(arguments: [
    [["a", "b"]],
    [["a", "b"], ["a", "c"]],
    [["a", "b"], ["a"]],
    [["a"], ["a", "b", "c"]],
    [["long line", "b"], ["l", "b"]],
    [["a", "b", "c"], ["x", "b", "y"], ["a", "b", "c"]],
    [["a"], [], ["b"]],
  ])
  func onlyTheLastFrameIsSeen(frames: [[String]]) throws {
    let last = try #require(frames.last)
    #expect(seen(frames) == ["$ flow run"] + last)
  }

  @Test func nothingIsSentForTheSameFrame() {
    var screen = TerminalScreen(inColour: true)
    #expect(!screen.draw(lines(["a", "b"]), columns: 80, rows: 24).isEmpty)
    #expect(screen.draw(lines(["a", "b"]), columns: 80, rows: 24).isEmpty)
  }

  @Test func linesThatAreThereAreNotSentAgain() {
    var screen = TerminalScreen(inColour: false)
    _ = screen.draw(lines(["one", "two", "three"]), columns: 80, rows: 24)
    let update = screen.draw(lines(["one", "2", "three"]), columns: 80, rows: 24)
    #expect(
      update == "\u{1B}[?2026h\r\u{1B}[3A\r\n2\u{1B}[K\r\n\r\n\u{1B}[J\u{1B}[?2026l")
  }

  @Test func linesAboveStayAndScroll() {
    var screen = TerminalScreen(inColour: true)
    var terminal = VirtualTerminal(columns: 10, rows: 4)
    terminal.write(screen.draw(lines(["x", "y"]), columns: 10, rows: 4))
    for number in 1...5 {
      terminal.write(
        screen.draw(
          lines(["x", "y"]), below: [StyledText("failure \(number) of five")], columns: 10,
          rows: 4))
    }
    let failures = (1...5).flatMap { ["failure \($0)", "of five"] }
    #expect(terminal.rows == failures + ["x", "y"])
  }

  /// A terminal that becomes narrower wraps what it shows: a frame then has more rows than lines.
  @Test(arguments: [7, 10, 11, 40]) func aResizeLeavesNoRemains(columns: Int) {
    var screen = TerminalScreen(inColour: true)
    var terminal = VirtualTerminal(columns: 20, rows: 12)
    terminal.write(screen.draw(lines(["0123456789", "", "abcdefghijk"]), columns: 20, rows: 12))
    terminal.resize(columns: columns)
    terminal.write(screen.draw(lines(["now", "narrow"]), columns: columns, rows: 12))
    #expect(terminal.rows == ["now", "narrow"])
  }

  /// A terminal that becomes lower moves the top of the frame out of sight; one that becomes higher
  /// again may show it again, or not.
  @Test(arguments: [true, false], [9, 10, 12, 20])
  func aTerminalThatBecomesLowerAndHigherShowsOneFrame(showsAgain: Bool, higher: Int) {
    var screen = TerminalScreen(inColour: true)
    var terminal = VirtualTerminal(columns: 20, rows: 12)
    terminal.write("$ flow run\r\n")
    let long = (1...8).map { "line \($0)" }
    terminal.write(screen.draw(lines(long), columns: 20, rows: 12))
    terminal.resize(rows: 5)
    terminal.write(screen.draw(lines(["now", "low"]), columns: 20, rows: 5))
    #expect(terminal.visible == ["now", "low"])
    terminal.resize(rows: higher, showingAgain: showsAgain)
    terminal.write(screen.draw(lines(["now", "high"]), columns: 20, rows: higher))
    #expect(Array(terminal.visible.suffix(2)) == ["now", "high"])
    #expect(!terminal.visible.dropLast(2).contains { $0.hasPrefix("line") || $0 == "now" })
    terminal.write(screen.draw(lines(["end"]), columns: 20, rows: higher))
    #expect(!terminal.visible.contains { $0.hasPrefix("line") || $0 == "now" })
    #expect(terminal.unknown == [])
  }

  /// tmux does: what is erased from the top of the screen to its end would come back.
  @Test func nothingIsErasedFromTheTopOfTheScreenToItsEnd() {
    var screen = TerminalScreen(inColour: false)
    var sent = screen.draw(lines(["a", "b"]), columns: 20, rows: 3)
    sent += screen.draw(lines(["c"]), below: [StyledText("above")], columns: 20, rows: 3)
    sent += screen.draw(lines(["d", "e"]), columns: 10, rows: 4)
    sent += screen.erase(columns: 10, rows: 4)
    let erasures = sent.ranges(of: "\u{1B}[J").count
    #expect(erasures == 3 && sent.ranges(of: "\r\n\u{1B}[J").count == erasures)
  }

  @Test func anErasedFrameLeavesItsPlaceToOthers() {
    var screen = TerminalScreen(inColour: true)
    var terminal = VirtualTerminal(columns: 20, rows: 10)
    terminal.write(
      screen.draw(lines(["a", "b"]), below: [StyledText("kept")], columns: 20, rows: 10))
    terminal.write(screen.erase(columns: 20, rows: 10))
    terminal.write("done\r\n")
    #expect(terminal.rows == ["kept", "done"])
  }

  @Test func whatOthersWroteIsNotDrawnOver() {
    var screen = TerminalScreen(inColour: true)
    var terminal = VirtualTerminal(columns: 20, rows: 10)
    terminal.write(screen.draw(lines(["a", "b"]), columns: 20, rows: 12))
    terminal.write("$ fg\r\n")
    screen.forget()
    terminal.write(screen.draw(lines(["c"]), columns: 20, rows: 12))
    #expect(terminal.rows == ["a", "b", "$ fg", "c"])
  }

  @Test func withoutColourNothingIsSelected() {
    var plain = TerminalScreen(inColour: false)
    var coloured = TerminalScreen(inColour: true)
    let frame = [StyledText("✗ build failed", .bad)]
    #expect(!plain.draw(frame, columns: 80, rows: 24).contains("m"))
    #expect(
      coloured.draw(frame, columns: 80, rows: 24).contains("\u{1B}[31m✗ build failed\u{1B}[0m"))
  }
}
