import FlowJSON
import Glibc
import TestSupport
import Testing

/// Chains of steps for each item, with real processes.
struct ChainTests {
  @Test func eachItemHasItsOwnValuesOnTheWay() async throws {
    let home = Home()
    home.folder.write("a\nd/e $(x)\n", to: "list")
    let workflow = home.workflow(
      #"""
      \#(Home.scan),
      {"id": "sample", "needs": "scan", "forEach": {"over": "steps.scan.files"}, "steps": [
        {"id": "sort", "needs": "align", "env": {"SIZE": "${steps.align.size}"}, "outputs": "name",
         "run": "echo \"$FLOW_STEP_ID $SIZE $(cat $FLOW_INPUTS/align/size)\"; printf %s \"$FLOW_ITEM\" > $FLOW_OUTPUTS/name"},
        {"id": "align", "outputs": {"size": "int"},
         "run": ["sh", "-c", "printf %s \"$1\" | wc -c > $FLOW_OUTPUTS/size", "x", "${item}"]}]},
      {"id": "report", "needs": "sample", "run": ["echo", "${steps.sample.name}", "${steps.sample.size}"]}
      """#)
    let run = try await home.flow("run", workflow, "--run-id", "r")
    #expect(run.ending == .exit(0), "\(run.output)\(run.errors)")
    #expect(run.output.contains("sample: 1 of 2 items\nsample succeeded: 2 items"), "\(run.output)")
    let id = "sample/d%2Fe $(x)/sort"
    #expect(try await home.logs(id, of: "r") == "\(id) 8 8\n")
    #expect(try await home.logs("report", of: "r") == #"["a", "d/e $(x)"] [1, 8]"# + "\n")
    let why = try await home.flow("why", "r", "sample/a/sort")
    #expect(why.output.contains("sample/a/align"), "\(why.output)")
    #expect(try await home.flow("status", "r", "--all").output.contains("sample/a/align"))
    let all = try await home.flow("export", "r", "--format", "junit")
    #expect(all.output.contains("tests=\"6\""), "\(all.output)")
    try await home.checkItems()
  }

  @Test func whatFailedGoesOnWhereItFailed() async throws {
    let home = Home()
    home.folder.write("a\nb\n", to: "list")
    home.folder.write("", to: "broken-b")
    let workflow = home.workflow(
      #"""
      \#(Home.scan), {"id": "n", "needs": "scan", "forEach": {"over": "steps.scan.files"}, "steps": [
        {"id": "f", "run": "echo f-$FLOW_ITEM >> ran"},
        {"id": "g", "needs": "f", "run": "echo g-$FLOW_ITEM >> ran; test ! -e broken-$FLOW_ITEM"},
        {"id": "h", "needs": "g", "run": "echo h-$FLOW_ITEM >> ran"}]}
      """#)
    let run = try await home.flow("run", workflow, "--run-id", "r")
    #expect(run.ending == .exit(1))
    #expect(Set(home.ran) == ["f-a", "g-a", "h-a", "f-b", "g-b"])
    let status = try await home.status("r")
    #expect(
      ["n/b/f", "n/b/g", "n/b/h"].map { status.state(of: $0) } == [
        "succeeded", "failed", "skipped",
      ])
    unsafe _ = unlink("\(home.folder.path)/broken-b")
    home.folder.write("", to: "ran")
    #expect(try await home.flow("restart", "r", "--failed").ending == .exit(0))
    #expect(home.ran == ["g-b", "h-b"])
    home.folder.write("", to: "ran")
    #expect(try await home.flow("restart", "r", "--from", "n/a/g").ending == .exit(0))
    #expect(home.ran == ["g-a", "h-a"])
    try await home.checkItems()
  }

  @Test(.timeLimit(.minutes(2)))
  func whateverIsKilledEachStepIsDoneOnceForEachItem() async throws {
    let home = Home()
    let items = (0..<20).map { "i\($0)" }
    home.folder.write(items.map { "\($0)\n" }.joined(), to: "list")
    let workflow = home.workflow(
      #"""
      \#(Home.scan), {"id": "n", "needs": "scan", "forEach": {"over": "steps.scan.files"}, "steps": [
        {"id": "f", "run": "touch started; until test -e go; do sleep 0.02; done; echo $FLOW_ITEM-f >> ran"},
        {"id": "g", "needs": "f", "run": "grep -qx $FLOW_ITEM-f ran && echo $FLOW_ITEM-g >> ran"}]}
      """#)
    let run = try home.start(["run", workflow, "--run-id", "r", "--jobs", "3"])
    #expect(try await eventually { home.folder.has("started") })
    run.signal(SIGKILL)
    _ = try await run.end()
    let second = try home.start(["restart", "r"])
    home.folder.write("", to: "go")
    #expect(try await eventually { home.folder.has("ran") })
    second.signal(SIGKILL)
    _ = try await second.end()
    let last = try await home.flow("restart", "r")
    #expect([.exit(0), .exit(2)].contains(last.ending), "\(last.output)\(last.errors)")
    #expect(try await home.status("r")["state"]?.string == "succeeded")
    #expect(home.ran.sorted() == items.flatMap { ["\($0)-f", "\($0)-g"] }.sorted())
    try await home.checkItems()
  }
}
