import FlowJSON
import TestSupport
import Testing

/// `flow verify`, as a person uses it.
struct VerifyTests {
  /// A home with a run that has ended.
  private func home() async throws -> Home {
    let home = Home()
    let file = home.workflow(
      #"{"id": "a", "run": "echo a"}, {"id": "b", "needs": ["a"], "run": "echo b"}"#)
    #expect(try await home.flow("run", "-q", file, "--run-id", "r").ending == .exit(0))
    return home
  }

  private func segment(_ home: Home) -> String { "\(home.path)/runs/r/log/00000001.seg" }

  private func change(_ home: Home, _ body: (inout [UInt8], _ end: Int) -> Void) {
    var bytes = TestFile.bytes(segment(home))
    body(&bytes, (bytes.lastIndex { $0 != 0 } ?? -1) + 1)
    TestFile.write(bytes, to: segment(home))
  }

  @Test func aRunThatHasEndedIsIntact() async throws {
    let home = try await home()
    let one = try await home.flow("verify", "latest")
    #expect(one.ending == .exit(0) && one.errors == "")
    #expect(one.lines.first == "run r: intact" && one.output.contains("the run has succeeded"))
    let all = try await home.flow("verify", "--all", "--json")
    let json = try JSON(all.output)
    #expect(all.ending == .exit(0))
    #expect(json["verdict"]?.string == "intact" && json["runId"]?.string == "r")
    #expect(json["problems"]?.elements.count == 0)
  }

  @Test func aDefinitionThatWasChangedIsSaid() async throws {
    let home = try await home()
    let path = "\(home.path)/runs/r/definition.json"
    let text = TestFile.text(path)
    for (changed, part) in [
      (text.replacing("echo b", with: "echo c"), "it is not the definition that the history"),
      ("{", "it is no longer a valid definition"),
    ] {
      TestFile.write(Array(changed.utf8), to: path)
      let found = try await home.flow("verify", "r")
      #expect(found.ending == .exit(0) && found.output.hasPrefix("run r: intact\n"))
      #expect(found.output.contains("note: \(path): \(part)"), "\(found.output)")
    }
    TestFile.write(Array(text.utf8), to: path)
    #expect(try await !home.flow("verify", "r").output.contains("note:"))
  }

  /// The copy is the file as it was given, whatever its spelling, under the same name.
  @Test(arguments: [
    "name: w\nsteps:\n- {id: a, run: exit 3}\n", "{name: w, steps: [{id: a, run: exit 3}]}",
  ])
  func aDefinitionInYAMLIsTheRecordedOne(text: String) async throws {
    let home = Home()
    home.folder.write(text, to: "w.yaml")
    let file = "\(home.folder.path)/w.yaml"
    #expect(try await home.flow("run", "-q", file, "--run-id", "r").ending == .exit(1))
    let path = "\(home.path)/runs/r/definition.json"
    #expect(TestFile.text(path) == text)
    #expect(try await !home.flow("verify", "r").output.contains("note:"))
    #expect(try await home.flow("restart", "-q", "--failed", "r").ending == .exit(1))
    TestFile.write(Array(text.replacing("exit 3", with: "exit 4").utf8), to: path)
    let found = try await home.flow("verify", "r")
    #expect(found.output.contains("it is not the definition that the history"), "\(found.output)")
  }

  @Test func aFolderAnywhereIsVerified() async throws {
    let home = try await home()
    let run = "\(home.path)/runs/r"
    for path in [run, "\(run)/log", "./r", "."] {
      let directory = path == "." ? run : "\(home.path)/runs"
      let finished = try await home.flow("verify", path, in: directory)
      #expect(finished.ending == .exit(0) && finished.output.contains(": intact"), "\(path)")
    }
  }

  @Test func damageIsNamedAndRefusedToBeRepaired() async throws {
    let home = try await home()
    change(home) { bytes, _ in bytes[140] ^= 1 }
    let before = TestFile.bytes(segment(home))
    let found = try await home.flow("verify", "r")
    #expect(found.ending == .exit(5))
    #expect(found.output.contains("00000001.seg, byte 128"), "\(found.output)")
    let repaired = try await home.flow("verify", "--repair", "r")
    #expect(repaired.ending == .exit(5))
    #expect(repaired.errors.contains("nothing was changed"), "\(repaired.errors)")
    #expect(TestFile.bytes(segment(home)) == before)
    #expect(TestFile.names(in: "\(home.path)/runs/r/log") == ["00000001.seg"])
  }

  @Test func anEndThatCannotBeReadIsRepaired() async throws {
    let home = try await home()
    change(home) { bytes, end in bytes[end - 1] = 0 }
    let before = TestFile.bytes(segment(home))
    let text = try await home.flow("verify", "r")
    #expect(text.ending == .exit(9) && text.output.hasPrefix("run r: torn\n"), "\(text.output)")
    #expect(text.output.contains("The log is not damaged: no acknowledged event is missing."))
    #expect(text.output.contains("flow restart, or flow verify --repair, continues after event"))
    let found = try await home.flow("verify", "r", "--json")
    #expect(found.ending == .exit(9))
    let json = try JSON(found.output)
    #expect(json["verdict"]?.string == "torn" && json["acknowledgedMissing"]?.string == "none")
    let repaired = try await home.flow("verify", "--repair", "r")
    #expect(repaired.ending == .exit(0) && repaired.output.hasPrefix("run r: intact"))
    #expect(repaired.errors.contains("(nothing is deleted); the history continues after event"))
    #expect(TestFile.bytes(segment(home)) == before)
    #expect(try await home.flow("verify", "r").ending == .exit(0))
    #expect(try await home.flow("verify", "--repair", "r").errors == "")
    #expect(try await home.status()["state"]?.string == "succeeded")
  }

  @Test func aRunThatIsDrivenIsVerifiedAndNotRepaired() async throws {
    let home = Home()
    let file = home.workflow(#"{"id": "a", "run": "touch begun; sleep 600"}"#)
    let running = try home.start(["run", "-q", file, "--run-id", "r"])
    #expect(try await eventually { home.folder.has("begun") })
    let found = try await home.flow("verify", "r")
    #expect(found.ending == .exit(0) && found.output.contains("drives the run"))
    let repaired = try await home.flow("verify", "r", "--repair")
    #expect(repaired.ending == .exit(2) && repaired.errors.contains("is already driven"))
    running.signal(2)
    _ = try await running.end()
  }

  @Test func oneOfManyThatIsDamagedIsFound() async throws {
    let home = try await home()
    let file = home.workflow(#"{"id": "a", "run": "true"}"#)
    #expect(try await home.flow("run", "-q", file, "--run-id", "s").ending == .exit(0))
    change(home) { bytes, _ in bytes[3] ^= 1 }
    let found = try await home.flow("verify", "--all")
    #expect(found.ending == .exit(5))
    #expect(found.output.contains("run s: intact") && found.output.contains("run r: damaged"))
  }

  @Test func whatIsNotThereIsSaid() async throws {
    let home = try await home()
    for (line, text) in [
      (["verify"], "missing argument RUN_OR_PATH"),
      (["verify", "x"], "no run in"),
      (["verify", "./x"], "cannot read ./x: no such file"),
      (["verify", "./w.json"], "cannot read ./w.json: not a directory"),
      (["verify", "--all", "r"], "unexpected argument \"r\""),
      (["verify", "--repiar", "r"], "did you mean \"--repair\"?"),
    ] {
      let finished = try await home.start(line, in: home.folder.path).end()
      #expect(finished.ending == .exit(2), "\(line)")
      #expect(finished.errors.contains(text) && finished.output == "", "\(finished.errors)")
    }
    let bare = try await home.flow("verify", "--repair", "\(home.path)/runs/r/log")
    #expect(bare.ending == .exit(0))
    TestFile.write([], to: "\(home.folder.path)/notes")
    let empty = try await home.flow("verify", home.folder.path)
    #expect(empty.ending == .exit(5) && empty.output.contains("no history log in this folder"))
  }
}
