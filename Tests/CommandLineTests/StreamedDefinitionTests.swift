import FlowJSON
import TestSupport
import Testing

/// Definitions from pipes and other descriptors, which no other process can read again.
struct StreamedDefinitionTests {
  private static let definition = #"{"name": "w", "steps": [{"id": "a", "run": "pwd"}]}"#

  /// - Parameters:
  ///   - line: a line of the shell with `"$@"` for flow and its first arguments.
  private func run(_ line: String, _ home: Home, _ options: [String]) async throws -> Finished {
    home.folder.write(Self.definition, to: "w.json")
    return try await home.start(
      ["run"] + options, by: ["/bin/bash", "-c", line, "sh"], in: home.folder.path
    ).end()
  }

  @Test(arguments: [
    #""$@" - < w.json"#, #"cat w.json | "$@" -"#, #""$@" /dev/stdin < w.json"#,
    #"cat w.json | "$@" /dev/stdin"#, #""$@" <(cat w.json)"#, #"exec 7< w.json; "$@" /dev/fd/7"#,
  ])
  func stepsRunInTheFolderOfTheCaller(line: String) async throws {
    for options in [[], ["--detach"]] {
      let home = Home()
      let finished = try await run(line, home, options + ["--run-id", "r"])
      #expect(finished.ending == .exit(0) && finished.errors == "", "\(finished.errors)")
      #expect(
        try await eventually {
          try await home.status("r")["state"]?.string == "succeeded"
        })
      #expect(try await home.logs("a", of: "r") == "\(home.folder.path)\n", "\(options)")
      #expect(TestFile.text("\(home.path)/runs/r/definition.json") == Self.definition)
    }
  }

  /// More than a pipe holds.
  @Test func aLargeOneIsHandedOver() async throws {
    let home = Home()
    let text = Self.definition + String(repeating: " ", count: 1 << 20)
    home.folder.write(text, to: "large.json")
    let finished = try await run(
      #"cat large.json | "$@" -"#, home, ["--detach", "--run-id", "r"])
    #expect(finished.ending == .exit(0), "\(finished.errors)")
    #expect(TestFile.text("\(home.path)/runs/r/definition.json") == text)
    #expect(
      try await eventually { try await home.status("r")["state"]?.string == "succeeded" })
  }

  @Test func errorsNameStandardInput() async throws {
    let home = Home()
    for options in [[], ["--detach"]] {
      let finished = try await run(#"echo '{}' | "$@" -"#, home, options)
      #expect(finished.ending == .exit(2))
      #expect(finished.errors.hasPrefix("standard input:1:1: "), "\(finished.errors)")
    }
    let file = try await home.start(
      ["validate", "-"], by: ["/bin/bash", "-c", #""$@" < w.json"#, "sh"],
      in: home.folder.path
    ).end()
    #expect(file.ending == .exit(0) && file.errors == "")
  }

  @Test func yamlIsKnownByItsBeginning() async throws {
    let home = Home()
    let text = "# nightly\nname: w\nsteps:\n- id: a\n  run: echo 3.10\n"
    home.folder.write(text, to: "w.txt")
    for line in [#""$@" - < w.txt"#, #""$@" <(cat w.txt)"#, #""$@" --detach - < w.txt"#] {
      let home = Home()
      home.folder.write(text, to: "w.txt")
      let finished = try await home.start(
        ["run", "--run-id", "r"], by: ["/bin/bash", "-c", line, "sh"], in: home.folder.path
      ).end()
      #expect(finished.ending == .exit(0), "\(finished.errors)")
      #expect(
        try await eventually { try await home.status("r")["state"]?.string == "succeeded" })
      #expect(try await home.logs("a", of: "r") == "3.10\n")
    }
  }
}
