import FlowJSON
import Glibc
import TestSupport
import Testing

/// What a run is told reaches its programs byte for byte.
struct ParameterTests {
  private static let settings =
    #""params": {"v": {"required": true}, "l": {"type": "list", "default": []}}"#

  @Test func aValueIsNeverProgramText() async throws {
    let home = Home()
    let file = home.workflow(
      #"""
      {"id": "env", "run": "printf %s \"$V\"", "env": {"V": "${params.v}"}},
      {"id": "argument", "run": ["printf", "%s", "${params.v}"]},
      {"id": "list", "run": ["printf", "<%s>", "${params.l}"]}
      """#, Self.settings)
    var generator = SystemRandomNumberGenerator()
    let hostile = [
      "$(touch pwned)", "`touch pwned`", "; touch pwned", "--help", "a\nb\n", "\"'\\",
      "${params.v}", "$${", "", "\u{320}a mark first", "=", ",\u{301}", "\r\n",
    ]
    let random = (0..<6).map { _ in
      String(
        String.UnicodeScalarView(
          (0..<40).map { _ in
            Unicode.Scalar(UInt32.random(in: 1...0xD7FF, using: &generator)) ?? "x"
          }))
    }
    for (index, value) in (hostile + random).enumerated() {
      let run = try await home.flow(
        "run", file, "--quiet", "--run-id", "r\(index)", "--param=v=\(value)", "--param=l=\(value)",
        "--param=l=2")
      #expect(run.ending == .exit(0), "\(run.errors)")
      let folder = "home/runs/r\(index)/attempts"
      // An empty output is not kept.
      let expected = Array(value.utf8)
      #expect(Array(home.folder.contents(of: "\(folder)/env@1.out").utf8) == expected)
      #expect(Array(home.folder.contents(of: "\(folder)/argument@1.out").utf8) == expected)
      #expect(home.folder.contents(of: "\(folder)/list@1.out") == "<\(value)><2>")
    }
    #expect(!home.folder.has("pwned"))
  }

  @Test func aRestartHasTheValuesOfItsRun() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": ["sh", "-c", "touch begun; until test -e go; do sleep 0.1; done; echo $0", "${params.v}"], "onLost": "rerun"}"#,
      Self.settings)
    let run = try home.start(["run", file, "--run-id", "r", "--quiet", "-p", "v=one"])
    #expect(try await eventually { home.folder.has("begun") })
    run.signal(SIGKILL)
    for name in ["flow: monitor", "flow: launcher"] {
      for process in home.processes(named: name) { kill(process, SIGKILL) }
    }
    _ = try await run.end()
    home.folder.write("", to: "go")
    #expect(try await home.flow("restart", "r", "--quiet").ending == .exit(0))
    #expect(try await home.logs("a", of: "r") == "one\n")
    let status = try await home.status("r")
    #expect(status["parameters"]?["v"]?.string == "one")
    #expect(status["parameters"]?["l"]?.elements.isEmpty == true)
    #expect(try await home.flow("verify", "r").ending == .exit(0))
  }

  @Test func whatDoesNotFitCreatesNoRun() async throws {
    let home = Home()
    let file = home.workflow(#"{"id": "a", "run": "true"}"#, Self.settings)
    for options in [[], ["-p", "w=1"], ["-p", "v"], ["-p", "v=1", "-p", "v=2"]] {
      #expect(try await home.start(["run", file] + options).end().ending == .exit(2))
    }
    #expect(home.runs.isEmpty)
    let help = try await home.flow("run", "--help-params", file)
    #expect(
      help.ending == .exit(0) && help.output.contains("v          string  required"),
      "\(help.output)")
  }

  @Test func aDryRunTellsThePlanAndWritesNothing() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "touch ran"}, {"id": "b", "run": "true", "needs": "a"}"#, Self.settings)
    let dry = try await home.flow("run", "--dry-run", file, "-p", "v=x")
    #expect(dry.ending == .exit(0))
    #expect(
      dry.output == "w: 2 steps, longest chain 2\nparameters: v=x l=\nstage 1: a\nstage 2: b\n")
    let json = try JSON(try await home.flow("run", "--dry-run", "--json", file, "-p", "v=x").output)
    #expect(json["parameters"]?["v"]?.string == "x" && json["steps"]?.elements.count == 2)
    // What a run would refuse, it refuses.
    #expect(try await home.flow("run", "--dry-run", file).ending == .exit(2))
    #expect(!home.folder.has("home") && !home.folder.has("ran"))
  }

  @Test(arguments: [#"{"v": "x y", "l": [1, 2]}"#, "v: x y\nl: [1, 2]\n"])
  func aFileGivesThemAndADetachedEngineHasThem(text: String) async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": ["printf", "%s.", "${params.v}", "${params.l}"]}"#, Self.settings)
    let params = home.folder.write(text, to: "params")
    let run = try await home.flow(
      "run", file, "--detach", "--run-id", "r", "--params", params, "-p", "l=3")
    #expect(run.ending == .exit(0), "\(run.errors)")
    #expect(try await home.flow("wait", "r").ending == .exit(0))
    #expect(try await home.logs("a", of: "r") == "x y.3.")
  }
}
