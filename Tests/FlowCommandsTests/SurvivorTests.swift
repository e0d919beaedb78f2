import FlowCommands
import FlowCore
import Testing

/// Processes that nobody can kill, in `flow status`.
struct SurvivorTests {
  private func text(_ survivors: @escaping @Sendable (AttemptID) -> String?) throws -> String {
    var history = try History(WorkflowDefinition("a"))
    history.launch("a")
    history.end("a", .exited(code: 1), unkillable: 1)
    var printer = StatusPrinter(
      try history.read(), runID: "r", isHeld: false, engineProcessID: nil, now: history.wall)
    printer.survivors = survivors
    var output = ""
    printer.printText(to: &output)
    return output
  }

  /// With their number alone, nobody can do anything about them.
  @Test func theyAreNamed() throws {
    let named = try text { "process 4711 of \($0.step)@\($0.number)" }
    #expect(named.contains("1 cannot be killed: process 4711 of 0@1\n"))
  }

  @Test func whereTheirRecordIsGoneTheyAreCounted() throws {
    #expect(try text { _ in nil }.contains("1 cannot be killed\n"))
  }
}
