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

  /// All bytes but NUL: an argument, a variable and an element of a list are those that were given.
  @Test(arguments: [[], ["--detach"]])
  func whatIsNoUTF8IsAValueToo(options: [String]) async throws {
    let home = Home()
    let file = home.workflow(
      #"""
      {"id": "env", "run": "printf %s \"$V\"", "env": {"V": "${params.v}"}},
      {"id": "argument", "run": ["printf", "<%s>", "é${params.v}", "${params.l}"]}
      """#, Self.settings)
    var generator = SystemRandomNumberGenerator()
    for round in 0..<4 {
      var bytes: [UInt8] = round == 0 ? Array(1...255) : []
      if round == 1 { bytes = Array("\u{10FFE9}\u{10FF80}\u{10FF7F}".utf8) + [0xF4, 0x8F, 0xBF] }
      while bytes.count < 60 { bytes.append(UInt8.random(in: 1...255, using: &generator)) }
      let words = ["--param=v=", "--param=l="].map { Array($0.utf8) + bytes + [0] }
      TestFile.write(
        words.flatMap { $0 } + Array("--param=l=2".utf8), to: "\(home.folder.path)/words")
      let run = try await home.start(
        ["run", file, "--quiet", "--run-id", "r\(round)"] + options, by: given(home)
      ).end()
      #expect(run.ending == .exit(0), "\(run.errors)")
      #expect(try await home.flow("wait", "r\(round)").ending == .exit(0))
      let folder = "\(home.path)/runs/r\(round)/attempts"
      #expect(TestFile.bytes("\(folder)/env@1.out") == bytes)
      #expect(
        TestFile.bytes("\(folder)/argument@1.out")
          == Array("<é".utf8) + bytes + Array("><".utf8) + bytes + Array("><2>".utf8))
      #expect(try await home.flow("verify", "r\(round)").ending == .exit(0))
    }
    TestFile.write(Array("--param=v=".utf8) + [0xE9], to: "\(home.folder.path)/words")
    let shown = try await home.flow("run", file, "--dry-run", by: given(home))
    #expect(shown.output.contains(#"parameters: v=\xE9 l="#), "\(shown.output)")
  }

  /// Adds the words of a file to a command line, whatever bytes they have.
  private func given(_ home: Home) -> [String] {
    ["/usr/bin/xargs", "-0", "-a", "\(home.folder.path)/words"]
  }

  /// A pattern that would take a text for ever is refused in seconds.
  @Test func aPatternThatTakesTooLongIsSaid() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "true"}"#, #""params": {"v": {"required": true, "pattern": "(a+)+"}}"#)
    #expect(try await home.flow("validate", file, "-p", "v=aaa").ending == .exit(0))
    let value = String(repeating: "a", count: 60) + "b"
    let run = try await home.flow("run", file, "-p", "v=\(value)")
    #expect(run.ending == .exit(2))
    #expect(run.errors.contains("which takes too long to find out"), "\(run.errors)")
    #expect(home.runs.isEmpty)
  }

  @Test func whatIsTooLongForLinuxCreatesNoRun() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "true", "env": {"BIG": "${params.v}"}}"#, Self.settings)
    let params = home.folder.write(
      "v: \(String(repeating: "x", count: 140_000))\n", to: "params.yaml")
    for more in [[], ["--dry-run"]] {
      let run = try await home.start(["run", file, "--params", params] + more).end()
      #expect(run.ending == .exit(2))
      #expect(
        run.errors.hasPrefix(
          "flow: step a: with the values of parameters the variable BIG has 140004 bytes"))
    }
    #expect(home.runs.isEmpty)
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
    let badName = try await home.flow("run", "--dry-run", file, "-p", "v=x", "--run-id", "a/b")
    #expect(badName.ending == .exit(2))
    #expect(!home.folder.has("home") && !home.folder.has("ran"))
    #expect(try await home.flow("run", "-q", file, "-p", "v=x", "--run-id", "r").ending == .exit(0))
    let taken = try await home.flow("run", "--dry-run", file, "-p", "v=x", "--run-id", "r")
    #expect(taken.ending == .exit(7) && taken.output == "", "\(taken.errors)")
  }

  @Test func whatIsWrongOutsideOfTheFileIsSaidTogether() async throws {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "true"}"#, Self.settings + #", "envFiles": ["none.env"]"#)
    for more in [[], ["--dry-run"], ["--detach"]] {
      let run = try await home.start(["run", file] + more).end()
      #expect(run.ending == .exit(2))
      #expect(run.errors.contains("parameter v is required"), "\(run.errors)")
      #expect(run.errors.contains("envFiles[0]: cannot read"), "\(run.errors)")
    }
    #expect(home.runs.isEmpty)
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
