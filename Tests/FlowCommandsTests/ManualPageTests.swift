import FlowCommandLine
import FlowCore
import FlowDefinition
import Testing

@testable import FlowCommands

/// The manual pages have all that the tables have.
struct ManualPageTests {
  @Test func theCommandsAreInTheFirst() {
    let page = ManualPage.command.text
    #expect(page.hasPrefix(".TH FLOW 1 "))
    for command in Invocation.commands {
      #expect(page.contains("\n.SS \"\(command.syntax.invocation)"))
      for option in command.syntax.options where option.name != "help" {
        let name = option.name.split(separator: "-").joined(separator: "\\-")
        #expect(page.contains("\\-\\-\(name)"), "\(option.spelling)")
      }
    }
    #expect(!page.contains("__complete"))
  }

  @Test func theKeysAreInTheOther() {
    let page = ManualPage.file.text
    #expect(page.hasPrefix(".TH FLOW 5 "))
    let names =
      WorkflowDefinition.keys.map(\.name) + StepDefinition.keys.map(\.name)
      + StepSettings.keys.map(\.name) + ParameterKey.allCases.map(\.rawValue)
      + ["retry.maxAttempts", "retry.on"]
    for name in names { #expect(page.contains(".TP\n\\fB\(name)\\fR\n"), "\(name)") }
  }

  /// A line that begins with a point is a request, and no request is unknown.
  @Test(arguments: ManualPage.allCases)
  func requestsAreKnown(page: ManualPage) {
    let requests = [".TH", ".SH", ".SS", ".PP", ".TP", ".nf", ".fi", ".sp"]
    for line in page.text.split(separator: "\n") where line.hasPrefix(".") || line.hasPrefix("'") {
      #expect(requests.contains { line == $0 || line.hasPrefix("\($0) ") }, "\(line)")
    }
    #expect(!page.text.contains("\n\n"))
  }
}
