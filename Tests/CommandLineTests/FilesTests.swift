import FlowJSON
import Glibc
import TestSupport
import Testing

/// Files that steps declare, with real processes.
struct FilesTests {
  private let home = Home()

  private func run(
    _ steps: String, _ settings: String = "", _ options: String..., id: String = "r"
  ) async throws -> Finished {
    let file = home.workflow(steps, settings, named: id)
    return try await home.start(["run", file, "--run-id", id] + options).end()
  }

  /// Whether a stage of any attempt is left.
  private var hasStage: Bool { home.folder.has(".flow-stage") }

  // MARK: What succeeds

  @Test func filesAndFoldersAreInPlaceBeforeTheNextStepBegins() async throws {
    TestFile.makeFolder("\(home.folder.path)/site/old")
    let run = try await run(
      #"""
      {"id": "a", "files": ["out/deep/x", "--y z", "site/"],
       "run": "cd \"$FLOW_STAGE\" && echo x > out/deep/x && echo y > './--y z' && mkdir site/new && echo s > site/new/s && ln -s new/s site/link && echo scratch > scratch"},
      {"id": "b", "needs": "a", "run": "test -z \"$FLOW_STAGE\" && cat out/deep/x './--y z' site/link"}
      """#)
    #expect(run.ending == .exit(0), "\(run.output)\(run.errors)")
    #expect(try await home.logs("b") == "x\ny\ns\n")
    #expect(TestFile.names(in: "\(home.folder.path)/site") == ["link", "new"])
    #expect(!hasStage && !home.folder.has("scratch"))
    #expect(try await home.status().outcomes(of: "a") == ["exited", "exited"])
    let why = try await home.flow("why", "r", "a")
    #expect(why.output.contains("Its files were published."), "\(why.output)")
    let verified = try await home.flow("verify", "r", "--files")
    #expect(verified.output.contains("6 published paths are as published"), "\(verified.output)")
    try await home.checkItems()
  }

  @Test func valuesCanStandInPaths() async throws {
    let run = try await run(
      #"""
      {"id": "a", "files": "${params.x}/a", "env": {"X": "${params.x}"}, "run": "echo a > \"$FLOW_STAGE/$X/a\""},
      {"id": "n", "forEach": {"over": ["b", "c/d"]}, "files": "n/${item}",
       "run": "echo \"$FLOW_ITEM\" > \"$FLOW_STAGE/n/$FLOW_ITEM\""},
      {"id": "c", "forEach": {"over": ["e", "f"]}, "steps": [
        {"id": "one", "files": "${item}/one/", "run": "echo \"$FLOW_ITEM\" > \"$FLOW_STAGE/$FLOW_ITEM/one/x\""},
        {"id": "two", "needs": "one", "files": "${item}/two", "run": "cp \"$FLOW_ITEM/one/x\" \"$FLOW_STAGE/$FLOW_ITEM/two\""}]}
      """#, #""params": {"x": {"type": "string", "required": true}}"#, "-p", "x=p q/${r}")
    #expect(run.ending == .exit(0), "\(run.output)\(run.errors)")
    let found = ["p q/${r}/a", "n/b", "n/c/d", "e/one/x", "e/two", "f/two"].map {
      home.folder.contents(of: $0)
    }
    #expect(found == ["a\n", "b\n", "c/d\n", "e\n", "e\n", "f\n"])
    #expect(!hasStage)
    try await home.checkItems()
  }

  @Test func inPlaceTheCommandWritesThemItself() async throws {
    let run = try await run(
      #"""
      {"id": "a", "publish": "inPlace", "files": ["a", "d/"], "run": "mkdir d; echo \"<$FLOW_STAGE>\" | tee d/x > a"},
      {"id": "b", "publish": "inPlace", "files": "missing", "run": "true"}
      """#)
    #expect(run.ending == .exit(1))
    #expect(home.folder.contents(of: "a") == "<>\n" && !hasStage)
    #expect(
      run.output.contains("missing was not made: the step declares it in `files`"), "\(run.output)")
    let status = try await home.status()
    #expect(status.state(of: "a") == "succeeded")
    #expect(status.outcomes(of: "b") == ["exited", "outputRefused"])
    home.folder.write("other", to: "a")
    let verified = try await home.flow("verify", "r", "--files")
    #expect(verified.ending == .exit(5) && verified.output.contains("a has another content"))
    try await home.checkItems()
  }

  // MARK: What fails

  @Test(arguments: [
    #""run": "echo half > $FLOW_STAGE/a; exit 1""#,
    #""run": "echo half > $FLOW_STAGE/a; kill -9 $$""#,
    #""run": "echo half > $FLOW_STAGE/a; exec sleep 600", "timeout": "100ms""#,
    #""files": ["a", "b"], "run": "echo half > $FLOW_STAGE/a""#,
  ])
  func aStepThatFailsChangesNothing(step: String) async throws {
    home.folder.write("old", to: "a")
    let files = step.contains("files") ? "" : #""files": "a", "#
    let run = try await run(#"{"id": "a", \#(files)\#(step)}"#)
    #expect(run.ending == .exit(1), "\(run.output)\(run.errors)")
    #expect(home.folder.contents(of: "a") == "old" && !home.folder.has("b") && !hasStage)
    try await home.checkItems()
  }

  @Test func aMissingFileIsAFailureThatCanBeRetried() async throws {
    let run = try await run(
      #"""
      {"id": "a", "files": "a", "retry": {"maxAttempts": 2, "initialDelay": "1ms", "on": ["output"]},
       "run": "echo $FLOW_ATTEMPT >> ran; test $FLOW_ATTEMPT = 1 || echo new > $FLOW_STAGE/a"},
      {"id": "b", "files": "b", "retry": {"maxAttempts": 2, "initialDelay": "1ms", "on": ["exit"]}, "run": "true"}
      """#)
    #expect(run.ending == .exit(1) && run.output.contains("a succeeded in"))
    let sentence = "its files could not be published, and its output says why"
    #expect(run.output.contains("b failed: \(sentence)"), "\(run.output)")
    #expect(run.output.contains("b was not made in $FLOW_STAGE: the step declares it in `files`"))
    #expect(home.ran == ["1", "3"] && home.folder.contents(of: "a") == "new\n")
    let status = try await home.status()
    #expect(status.outcomes(of: "a") == ["exited", "outputRefused", "exited", "exited"])
    #expect(status.outcomes(of: "b") == ["exited", "outputRefused"])
    let why = try await home.flow("why", "r", "a")
    #expect(why.output.contains("publication: \(sentence)"), "\(why.output)")
    try await home.checkItems()
  }

  @Test(arguments: ["../y", "/y", "", ".flow-stage/y", "a//y"])
  func aValueThatLeadsOutRunsNothing(value: String) async throws {
    let work = "\(home.folder.path)/work"
    TestFile.makeFolder(work)
    let run = try await run(
      #"{"id": "a", "cwd": "work", "files": "${params.x}", "run": "touch ran"}"#,
      #""params": {"x": {"type": "string", "required": true}}"#, "-p", "x=\(value)")
    #expect(run.ending == .exit(1))
    #expect(run.output.contains("a failed: cannot use the paths in its \"files\""), "\(run.output)")
    #expect(TestFile.names(in: work) == [] && !home.folder.has("y"))
    try await home.checkItems()
  }

  /// What is in the way, and what is said of it.
  @Test(arguments: [
    ("file", "a failed: cannot change to folder \"file\": not a directory (ENOTDIR)"),
    ("none", "a failed: cannot change to folder \"none\": no such file or directory (ENOENT)"),
    ("taken", "cannot make the folder for its files ($FLOW_STAGE): not a directory (ENOTDIR)"),
    (".", "file/x cannot be published: file is not a folder"),
  ])
  func whereNothingCanBeWrittenTheFailureSaysSo(folder: String, message: String) async throws {
    home.folder.write("kept", to: "file")
    TestFile.makeFolder("\(home.folder.path)/taken")
    home.folder.write("kept", to: "taken/.flow-stage")
    let run = try await run(
      #"{"id": "a", "cwd": "\#(folder)", "files": "file/x", "run": "echo x > $FLOW_STAGE/file/x"}"#)
    #expect(run.ending == .exit(1))
    #expect(run.output.contains(message), "\(run.output)")
    try await home.checkItems()
    let removed = try await home.flow("rm", "r")
    #expect(removed.ending == .exit(0), "\(removed.errors)")
    #expect(home.runs == [] && !hasStage)
    #expect(home.folder.contents(of: "file") == "kept")
    #expect(home.folder.contents(of: "taken/.flow-stage") == "kept")
  }

  /// Where commands may leave processes behind, these may still use it.
  @Test func aStageThatIsKeptGoesWithItsRun() async throws {
    let step =
      #"{"id": "a", "stragglers": "keep", "files": "a", "run": "echo half > $FLOW_STAGE/a; false"}"#
    for id in ["r", "s"] {
      #expect(try await run(step, id: id).ending == .exit(1))
    }
    #expect(
      TestFile.names(in: "\(home.folder.path)/.flow-stage") == ["a@1.stage-r", "a@1.stage-s"])
    #expect(try await home.flow("rm", "r").ending == .exit(0))
    #expect(TestFile.names(in: "\(home.folder.path)/.flow-stage") == ["a@1.stage-s"])
    // The note that says where it is can be lost with the power: that of another attempt says enough.
    TestFile.makeFolder("\(home.folder.path)/.flow-stage/b@12.stage-s/x")
    TestFile.makeFolder("\(home.folder.path)/.flow-stage/a@1.stage-t.stage-s")
    // A removal that was killed when the run had lost its name is completed by the next.
    unsafe _ = rename("\(home.path)/runs/s", "\(home.path)/runs/.removed-s")
    #expect(try await home.flow("rm", "--older-than", "1d").ending == .exit(0))
    #expect(home.runs == [] && !home.folder.has("a"))
    #expect(TestFile.names(in: "\(home.folder.path)/.flow-stage") == ["a@1.stage-t.stage-s"])
  }

  // MARK: At once

  /// The folder of all stages comes and goes.
  @Test func runsCanPublishInOneFolderAtOnce() async throws {
    func steps(_ id: String) -> String {
      (0..<8).map {
        #"{"id": "s\#($0)", "files": ["\#(id)/\#($0)", "both/\#($0)/"], "run": "echo \#(id) | tee $FLOW_STAGE/\#(id)/\#($0) > $FLOW_STAGE/both/\#($0)/x"}"#
      }.joined(separator: ", ")
    }
    let ids = ["p", "q", "r"]
    let runs = try ids.map { id in
      try home.start([
        "run", home.workflow(steps(id), named: id), "--run-id", id, "--jobs", "4",
      ])
    }
    for run in runs {
      let finished = try await run.end()
      #expect(finished.ending == .exit(0), "\(finished.output)\(finished.errors)")
    }
    for step in 0..<8 {
      #expect(ids.allSatisfy { home.folder.contents(of: "\($0)/\(step)") == "\($0)\n" })
      #expect(ids.map { "\($0)\n" }.contains(home.folder.contents(of: "both/\(step)/x")))
    }
    #expect(!hasStage && TestFile.names(in: "\(home.folder.path)/both").count == 8)
    try await home.checkItems()
  }
}
