import FlowCore
import TestSupport
import Testing

@testable import FlowCommands

@Suite struct JUnitExporterTests {
  private func document(
    _ history: History, output: String = "", totalByteCount: Int64? = nil
  ) throws -> XML {
    var text = ""
    JUnitExporter(try ExportedRun.explainer(history)) { _ in
      let bytes = Array(output.utf8)
      return OutputExcerpt(bytes: bytes, totalByteCount: totalByteCount ?? Int64(bytes.count))
    }.write(to: &text)
    return try XML(text)
  }

  @Test func eachStepIsATestCase() throws {
    let root = try document(ExportedRun.eventful())
    #expect(root.name == "testsuites")
    let suite = try #require(root.elements(named: "testsuite").first)
    #expect(suite["timestamp"] == "2026-11-21T02:19:03" && suite["time"] == "6.300")
    #expect(
      ["tests", "failures", "errors", "skipped"].map { suite[$0] } == ["5", "1", "0", "2"])
    let cases = suite.elements(named: "testcase")
    #expect(cases.map { $0["name"] } == ["fetch", "build", "lint", "test", "end"])
    #expect(cases.map { $0["time"] } == ["1.000", "1.000", "0.400", "0.300", "0.000"])
    #expect(
      cases.map { $0.elements.map(\.name) }
        == [["system-out"], ["system-out"], ["skipped"], ["failure"], ["skipped"]])
    #expect(cases[3].elements.first?["type"] == "exited")
    #expect(
      try #require(cases[3].elements.first?["message"]).hasPrefix("test failed: exit code 2 after"))
    #expect(
      cases[0].elements.first?.text
        == "attempt 1: exit code 75 after 400ms; retried after 1s\n"
        + "attempt 2: exit code 0 after 600ms\n")
  }

  @Test func outputIsMadeFitForXML() throws {
    let output = "<x> & \"y\" ]]> \u{1B}[31m\u{0}\t日本\nnext \u{FFFF}\r\nend\n"
    let root = try document(ExportedRun.eventful(), output: output)
    #expect(
      root.all(named: "failure").map(\.text)
        == ["<x> & \"y\" ]]> \\u{1B}[31m\\u{0}\t日本\nnext \\u{FFFF}\\r\nend\n"])
    let cut = try document(ExportedRun.eventful(), output: "end", totalByteCount: 90)
    #expect(cut.all(named: "failure").map(\.text) == ["[the last 3 of 90 bytes]\nend"])
  }

  @Test func namesAreEscapedInAttributes() throws {
    let suite = try #require(try document(ExportedRun.eventful()).elements.first)
    #expect(
      suite["name"] == "</script><b a='\"&amp;\">\\N \\u{1B}[31m\\u{0}\\u{202E} 日本 ]]> -->")
  }

  @Test func whatWasCancelledOrInterruptedIsAnError() throws {
    var history = try History(WorkflowDefinition("a", "b", "c: a"), jobs: 2)
    history.launch("a")
    history.launch("b")
    history.pass(milliseconds: 100)
    history.cancel()
    history.end("a", .signalled(signal: 15), .stop, milliseconds: 100)
    let cases = try document(history).all(named: "testcase")
    #expect(cases.map { $0.elements.map(\.name) } == [["error"], ["error"], ["skipped"]])
    #expect(cases[0].elements.first?["type"] == "cancelled")
    #expect(cases[1].elements.first?["type"] == "interrupted")
  }
}
