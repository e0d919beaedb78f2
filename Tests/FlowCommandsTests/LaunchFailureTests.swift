import FlowCore
import FlowSystem
import TestSupport
import Testing

@testable import FlowCommands

/// The messages for commands that could not be started.
struct LaunchFailureTests {
  @Test func aLaunchThatFailedNamesTheThing() {
    var definition = WorkflowDefinition("a")
    func text(_ operation: LaunchFailure.Operation, _ errno: Int32) -> String {
      let failure = LaunchFailure(operation: operation, errno: errno)
      return StepWording(definition, in: "/home/d").text(failure, ofStep: 0)
    }
    #expect(
      text(.changeDirectory, 2)
        == "cannot change to the definition's folder \"/home/d\": no such file or directory (ENOENT)"
    )
    #expect(
      text(.fork, 2)
        == "cannot open \"/dev/null\" for its monitor: no such file or directory (ENOENT)")
    #expect(
      text(.fork, 11)
        == "cannot make a process for its monitor: resource temporarily unavailable (EAGAIN)")
    definition.steps[0].command = .program(["./script"])
    #expect(
      text(.execute, 79)
        == "cannot execute \"./script\": the file exists, but its interpreter does not")
    #expect(text(.execute, 2) == "cannot execute \"./script\": no such file or directory (ENOENT)")
  }

  /// Scripts from other systems have a carriage return at the end of their first line.
  @Test func theInterpreterThatIsMissingIsNamed() {
    let folder = TemporaryFolder()
    folder.write("#!/bin/sh\r\necho\n", to: "script")
    var definition = WorkflowDefinition("a")
    definition.steps[0].command = .program(["./script"])
    let failure = LaunchFailure(operation: .execute, errno: 79)
    #expect(
      StepWording(definition, in: folder.path).text(failure, ofStep: 0)
        == "cannot execute \"./script\": the file exists, but its interpreter \"/bin/sh\\r\" does not"
    )
  }

  /// A plain name was looked for in PATH: a file of that name in the folder is another one.
  @Test func theInterpreterOfAnotherFileIsNotNamed() {
    let folder = TemporaryFolder()
    folder.write("#!/no/such/sh\n", to: "tool")
    var definition = WorkflowDefinition("a")
    definition.steps[0].command = .program(["tool"])
    let failure = LaunchFailure(operation: .execute, errno: 79)
    #expect(
      StepWording(definition, in: folder.path).text(failure, ofStep: 0)
        == "cannot execute \"tool\": the file exists, but its interpreter does not")
  }

  @Test(
    arguments: [
      ("#!/bin/sh\n", "/bin/sh"), ("#! /usr/bin/env python3\n", "/usr/bin/env"),
      ("#!/bin/sh", "/bin/sh"),
      ("echo\n", nil), ("#!\n", nil), ("", nil),
    ] as [(String, String?)])
  func anInterpreterStandsInTheFirstLine(text: String, interpreter: String?) {
    let folder = TemporaryFolder()
    folder.write(text, to: "script")
    #expect(ScriptFile.interpreter(of: "\(folder.path)/script") == interpreter)
  }
}
