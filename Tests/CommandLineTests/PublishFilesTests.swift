import FlowJSON
import FlowSystem
import Glibc
import TestSupport
import Testing

/// `flow publish-files`, as a monitor runs it.
struct PublishFilesTests {
  private let home = Home()

  private var work: String { "\(home.folder.path)/work" }
  private var stage: String { "\(work)/.flow-stage/make" }
  private var manifest: String { "\(home.folder.path)/manifest" }

  private func write(_ text: String, to path: String) {
    TestFile.makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))
    TestFile.write(Array(text.utf8), to: path)
  }

  private func arguments(
    _ paths: [String], complete: Bool = false, manifest: String? = nil, folder: String? = nil
  ) -> [String] {
    ["publish-files"] + (complete ? ["--complete"] : [])
      + ["--manifest", manifest ?? self.manifest, "--folder", folder ?? work, "--stage", stage]
      + ["--"] + paths
  }

  private func publish(
    _ paths: [String], complete: Bool = false, by launcher: [String] = []
  ) async throws -> Finished {
    try await home.start(arguments(paths, complete: complete), by: launcher).end()
  }

  @Test func itPublishesAndSaysNothing() async throws {
    write("new", to: "\(stage)/out/a")
    write("new", to: "\(stage)/site/index")
    write("old", to: "\(work)/site/index")
    let finished = try await publish(["out/a", "site/"])
    #expect(finished.ending == .exit(0))
    #expect(finished.output + finished.errors == "")
    #expect(TestFile.text("\(work)/out/a") == "new")
    #expect(TestFile.text("\(work)/site/index") == "new")
    #expect(TestFile.names(in: work) == ["out", "site"])
    #expect(try await publish(["out/a", "site/"], complete: true).ending == .exit(0))
  }

  @Test func eachProblemHasALine() async throws {
    write("new", to: "\(stage)/a\nb/c")
    let finished = try await publish(["a", "a\nb", "-c"])
    #expect(finished.ending == .exit(1))
    #expect(
      finished.errors == """
        a was not made in $FLOW_STAGE: the step declares it in `files`
        a\\nb is a folder: the step declares a file (a\\nb/ is a folder)
        -c was not made in $FLOW_STAGE: the step declares it in `files`

        """)
    #expect(!TestFile.exists(manifest))
  }

  @Test func endsHaveNumbers() async throws {
    write("new", to: "\(stage)/a")
    #expect(try await publish(["a"], complete: true).ending == .exit(3))
    #expect(TestFile.names(in: stage) == ["a"])
    let failed = try await home.start(
      arguments(["a"], manifest: "\(home.folder.path)/none/manifest")
    ).end()
    #expect(failed.ending == .exit(2))
    #expect(
      failed.errors.hasPrefix("cannot write \(home.folder.path)/none/manifest.")
        && failed.errors.hasSuffix(": no such file or directory (ENOENT)\n"))
    #expect(try await publish(["a"]).ending == .exit(0))
    write("other", to: "\(work)/a")
    let gone = try await publish(["a"], complete: true)
    #expect(gone.ending == .exit(4))
    #expect(gone.errors == "a is gone: neither staged nor in place\n")
    #expect(try await home.flow("publish-files", "a").ending == .exit(2))
  }

  @Test func helpDoesNotNameIt() async throws {
    #expect(try await !home.flow("--help").output.contains("publish-files"))
    #expect(try await !home.flow("man").output.contains("publish-files"))
  }

  // MARK: Published files of a run

  @Test func verifyNamesWhatIsOther() async throws {
    let file = home.workflow(#"{"id": "make", "run": "true"}, {"id": "b", "run": "true"}"#)
    #expect(try await home.flow("run", "-q", file, "--run-id", "r").ending == .exit(0))
    let attempts = "\(home.path)/runs/r/attempts"
    for (attempt, text) in [("make@2", "old"), ("make@10", "new"), ("b@1", "of b")] {
      let path = attempt == "b@1" ? "b" : "out"
      write(text, to: "\(stage)/\(path)/a")
      let made = arguments(["\(path)/"], manifest: "\(attempts)/\(attempt).manifest")
      #expect(try await home.start(made).end().ending == .exit(0))
    }
    let whole = try await home.flow("verify", "r", "--files")
    #expect(whole.ending == .exit(0))
    #expect(whole.output.contains("\n  4 published paths are as published\n"))

    write("other", to: "\(work)/out/a")
    unsafe chmod("\(work)/b", 0o700)
    TestFile.removeTree("\(work)/b/a")
    write("", to: "\(work)/b/c")
    let other = try await home.flow("verify", "r", "--files")
    #expect(other.ending == .exit(5))
    #expect(
      other.lines.filter { $0.contains("(step") } == [
        "  \(work)/b has other permissions than what was published (step b)",
        "  \(work)/b/a is missing (step b)",
        "  \(work)/b/c was not published (step b)",
        "  \(work)/out/a has another content than what was published (step make)",
      ])
    let json = try JSON(try await home.flow("verify", "r", "--files", "--json").output)
    #expect(
      json["files"]?.elements.map { $0["difference"]?.string }
        == ["permissions", "missing", "added", "content"])
    #expect(json["files"]?.elements.last?["attempt"]?.integer == 10)
    #expect(try await home.flow("verify", "r").ending == .exit(0))

    write("no manifest", to: "\(attempts)/b@1.manifest")
    #expect(
      try await home.flow("verify", "r", "--files").output.contains(
        "the manifest \(attempts)/b@1.manifest is damaged (step b)"))
  }

  // MARK: Left-behind processes and signals

  /// A file of so many bytes, which take no time to make.
  private func makeSparse(_ path: String, bytes: Int64) {
    write("", to: path)
    unsafe truncate(path, off_t(bytes))
  }

  @Test func aFileThatIsStillWrittenIsRefused() async throws {
    makeSparse("\(stage)/a", bytes: 256 << 20)
    let writer = try Subprocess(
      ["/bin/sh", "-c", "while :; do echo x >>\(stage)/a; done"], environment: home.environment,
      folder: home.folder.path)
    let finished = try await publish(["a"])
    writer.signal(SIGKILL)
    _ = try await writer.end()
    #expect(finished.ending == .exit(1))
    #expect(
      finished.errors
        == "a changed while it was read: a process that the step has left behind still writes to it\n"
    )
    #expect(TestFile.names(in: work) == [".flow-stage"])
  }

  @Test func aStopBeforeTheManifestLeavesEverything() async throws {
    makeSparse("\(stage)/a", bytes: 1 << 40)
    write("old", to: "\(work)/a")
    let publisher = try home.start(arguments(["a"]))
    let files = LinuxPublicationFiles(ignoresStops: false)
    // It is reading.
    #expect(
      try await eventually {
        TestFile.names(in: "/proc/\(publisher.processID)/fd").contains {
          (try? files.target(ofLink: "/proc/\(publisher.processID)/fd/\($0)")) == "\(stage)/a"
        }
      })
    publisher.signal(SIGTERM)
    #expect(try await publisher.end().ending == .signal(SIGTERM))
    #expect(TestFile.text("\(work)/a") == "old")
    #expect(!TestFile.exists(manifest))
    #expect(TestFile.exists("\(stage)/a"))
  }

  /// Where /dev/shm is another file system, what follows the manifest takes a while.
  @Test func aStopAfterTheManifestIsIgnored() async throws {
    let memory = "/dev/shm/flow-test-\(UInt64.random(in: 0 ... .max))"
    TestFile.makeFolder(memory)
    defer { TestFile.removeTree(memory) }
    makeSparse("\(stage)/a", bytes: 64 << 20)
    let publisher = try home.start(arguments(["a"], folder: memory))
    #expect(try await eventually { TestFile.exists(manifest) })
    publisher.signal(SIGTERM)
    #expect(try await publisher.end().ending == .exit(0))
    #expect(TestFile.bytes("\(memory)/a").count == 64 << 20)
    #expect(TestFile.names(in: memory) == ["a"])
    #expect(!TestFile.exists(stage))
  }

  // MARK: Kills

  /// Killed fifty times, each time after another step of its way: every path is of this round or of the one before,
  /// whole. All moments between two operations are in `DeathTests`.
  @Test func killedAtAnyMomentItIsCompleted() async throws {
    let names = (0..<12).map { "out/\($0)" }
    var round = 0
    var kills = 0
    func text(_ round: Int) -> String { String(repeating: "round \(round)\n", count: 20_000) }
    func stageFiles() {
      round += 1
      for name in names + ["site/x/1", "site/2"] { write(text(round), to: "\(stage)/\(name)") }
    }
    func check() {
      let site = TestFile.names(in: "\(work)/site")
      #expect(site == ["2", "x"] || (round == 1 && site == []))
      #expect(TestFile.text("\(work)/site/2") == TestFile.text("\(work)/site/x/1"))
      for name in names + ["site/2"] {
        let found = TestFile.text("\(work)/\(name)")
        #expect([text(round), round == 1 ? "" : text(round - 1)].contains(found), "\(name)")
      }
    }
    stageFiles()
    while kills < 50 {
      let path = "\(manifest).\(round)"
      let publisher = try home.start(arguments(names + ["site/"], manifest: path))
      // At once, when the manifest is there, or when so many files are in place.
      let progress = Int.random(in: 0...(1 + names.count))
      try await #require(
        eventually {
          progress == 0 || !isAlive(publisher.processID)
            || TestFile.exists(path)
              && names.prefix(progress - 1).allSatisfy {
                TestFile.text("\(work)/\($0)") == text(round)
              }
        })
      publisher.signal(SIGKILL)
      let ending = try await publisher.end().ending
      check()
      if ending == .signal(SIGKILL) {
        kills += 1
      } else {
        #expect(ending == .exit(0))
        stageFiles()
      }
    }
    let last = try await home.start(arguments(names + ["site/"], manifest: "\(manifest).\(round)"))
      .end()
    #expect(last.ending == .exit(0))
    #expect(last.errors == "")
    for name in names + ["site/2", "site/x/1"] {
      #expect(TestFile.text("\(work)/\(name)") == text(round))
    }
    #expect(TestFile.names(in: work) == ["out", "site"])
    #expect(TestFile.names(in: "\(work)/out").count == names.count)
  }
}
