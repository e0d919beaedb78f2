import FlowJSON
import Glibc
import TestSupport
import Testing

/// What runs a command that is a line, and what a stop sends it.
struct ShellTests {
  private func output(_ step: String) async throws -> (ending: Finished.Ending, text: String) {
    let home = Home()
    let run = try await home.flow("run", home.workflow("{\"id\": \"a\", \(step)}"), "--quiet")
    return (run.ending, try await home.logs("a"))
  }

  @Test(arguments: [
    (#""run": "false; echo no""#, 1, ""),
    (#""run": "false | true; echo yes""#, 0, "yes\n"),
    (#""run": "false | true; echo no", "shell": "bash""#, 1, ""),
    (#""run": "echo a$unset", "shell": "sh""#, 0, "a\n"),
    (#""run": "x=(1 2); echo ${#x[@]}", "shell": "bash""#, 0, "2\n"),
    (#""run": "false; echo yes", "shell": ["/bin/sh", "-c"]"#, 0, "yes\n"),
    (#""run": "$ONE $0", "shell": ["/bin/echo", "-n", "is"]"#, 0, "is $ONE $0"),
  ])
  func aLineIsRunByItsShell(step: String, code: Int32, text: String) async throws {
    let result = try await output(step)
    #expect(result.ending == .exit(code == 0 ? 0 : 1))
    #expect(result.text == text)
  }

  /// Else a helper that fails would read as "the work was not done".
  @Test(arguments: ["sh", "bash"])
  func aProbeGoesOnAfterAFailure(shell: String) async throws {
    let home = Home()
    let step = #"""
      {"id": "a", "run": "touch begun; sleep 600", "onLost": "probe",
       "probe": "false | false; echo $unset; exit 0", "shell": "\#(shell)"}
      """#
    let run = try home.start(["run", home.workflow(step), "--run-id", "r", "--quiet"])
    #expect(try await eventually { home.folder.has("begun") })
    for process in home.processes(named: "flow: monitor") { kill(process, SIGKILL) }
    #expect(try await run.end().ending == .exit(0))
    #expect(try await home.status("r").state(of: "a") == "succeeded")
  }

  @Test(arguments: ["INT", "USR1", "TERM"])
  func aStopSendsItsSignal(signal: String) async throws {
    let home = Home()
    let step = #"""
      {"id": "a", "run": "trap 'echo \#(signal); exit 0' \#(signal); touch begun; while :; do sleep 0.1 || :; done",
       "stopSignal": "\#(signal)", "killGrace": "1h"}
      """#
    let run = try home.start(["run", home.workflow(step), "--quiet"])
    #expect(try await eventually { home.folder.has("begun") })
    #expect(try await home.flow("cancel", "latest").ending == .exit(0))
    #expect(try await run.end().ending == .exit(3))
    #expect(try await home.logs("a").split(separator: "\n").contains("\(signal)"))
  }

  @Test func aNeedMayStandAlone() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "echo a"}, {"id": "b", "run": "echo b", "needs": "a"}"#)
    #expect(try await home.flow("run", file, "--quiet").ending == .exit(0))
    #expect(try await home.status().step("b") != nil)
  }
}
