import FlowJSON
import Glibc
import TestSupport
import Testing

/// Kills and cancels amid a publication: what is in place is the old or the new, whole. One after the other: a
/// publisher that reads an endless file keeps a processor busy.
@Suite(.serialized) struct FilesCrashTests {
  private let home = Home()

  private static let names = (0..<120).map { "out/\(1_000 + $0)" }

  /// Publishes many files and a folder, whose content tells the attempt.
  private static let many: String = {
    let files = (names + ["site/"]).map { "\"\($0)\"" }.joined(separator: ", ")
    return #"""
      {"id": "a", "files": [\#(files)],
       "run": "echo $FLOW_ATTEMPT >> ran; cd $FLOW_STAGE && for i in $(seq 1000 1119); do echo new > out/$i; done; echo new > site/x; echo new > site/y"}
      """#
  }()

  /// Publishes a file that takes for ever to read, until it is cut short.
  private static let endless =
    #"{"id": "a", "files": ["a", "b"], "run": "echo $FLOW_ATTEMPT >> ran; echo new | tee $FLOW_STAGE/a > $FLOW_STAGE/b; truncate -s 1T $FLOW_STAGE/a"}"#

  private func start(_ steps: String) throws -> Subprocess {
    try home.start(["run", home.workflow(steps), "--run-id", "r"])
  }

  private func writeOld() {
    for folder in ["out", "site"] { TestFile.makeFolder("\(home.folder.path)/\(folder)") }
    for name in Self.names + ["site/x", "site/y", "a", "b"] { home.folder.write("old\n", to: name) }
  }

  /// The processes that publish.
  private var publishers: [Int32] {
    home.folder.processes().filter {
      TestFile.text("/proc/\($0)/cmdline").contains("\0publish-files\0")
    }
  }

  /// One that reads the endless file, other than that one.
  private func reader(otherThan last: Int32 = 0) async throws -> Int32 {
    var found: Int32 = 0
    try await #require(
      eventually {
        found =
          publishers.first { process in
            process != last
              && TestFile.names(in: "/proc/\(process)/fd").contains { reads($0, of: process) }
          } ?? 0
        return found != 0
      })
    // Other tests run beside it.
    _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), id_t(found), 19)
    return found
  }

  private func reads(_ descriptor: String, of process: Int32) -> Bool {
    var target = [CChar](repeating: 0, count: 4_096)
    let count = unsafe readlink("/proc/\(process)/fd/\(descriptor)", &target, target.count - 1)
    guard count > 0 else { return false }
    let path = String(decoding: target[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    return path.contains("/.flow-stage/") && path.hasSuffix("/a")
  }

  /// Cuts the endless file short.
  private func cut() {
    let stages = "\(home.folder.path)/.flow-stage"
    for stage in TestFile.names(in: stages) { unsafe _ = truncate("\(stages)/\(stage)/a", 4) }
  }

  private var manifest: String { "\(home.path)/runs/r/attempts/a@1.manifest" }

  /// Waits until files begin to be moved, or soon after that. No thread is kept from other tests meanwhile.
  private func awaitManifest() async throws {
    try await #require(eventually { TestFile.exists(manifest) })
  }

  /// That each path is whole.
  private func expectWhole() {
    let found = Set(Self.names.map { home.folder.contents(of: $0) })
    #expect(found.isSubset(of: ["old\n", "new\n"]))
    #expect(TestFile.names(in: "\(home.folder.path)/site") == ["x", "y"])
  }

  private func expectPublished() async throws {
    #expect(Self.names.allSatisfy { home.folder.contents(of: $0) == "new\n" })
    #expect(home.folder.contents(of: "site/x") + home.folder.contents(of: "site/y") == "new\nnew\n")
    try await expectEnd("succeeded")
  }

  private func expectEnd(_ state: String) async throws {
    #expect(try await home.status("r").state(of: "a") == state)
    #expect(!home.folder.has(".flow-stage"))
    // Without what publishers give names of their own.
    let left = [".", "out"].flatMap { TestFile.names(in: "\(home.folder.path)/\($0)") }
    #expect(!left.contains { $0.hasPrefix(".flow") })
    try await home.checkItems()
  }

  // MARK: Kills

  /// Nothing but the publication is done again.
  @Test(arguments: ["engine", "flow: monitor", "both", "publisher"], 0..<2)
  func amidMovesAKillIsMendedByTheNextPublication(victim: String, time: Int) async throws {
    writeOld()
    let run = try start(Self.many)
    try await awaitManifest()
    if victim == "publisher" {
      for publisher in publishers { kill(publisher, time == 0 ? SIGKILL : SIGABRT) }
    }
    if ["engine", "both"].contains(victim) { run.signal(SIGKILL) }
    if ["flow: monitor", "both"].contains(victim) {
      for monitor in home.processes(named: "flow: monitor") { kill(monitor, SIGKILL) }
      if time == 0 { for publisher in publishers { kill(publisher, SIGKILL) } }
    }
    expectWhole()
    let finished = try await run.end()
    if finished.ending == .signal(SIGKILL) {
      _ = try await home.flow("restart", "r")
    } else {
      #expect(finished.ending == .exit(0), "\(finished.output)\(finished.errors)")
    }
    #expect(home.ran == ["1"])
    try await expectPublished()
  }

  @Test func whileFilesAreReadKillsChangeNothing() async throws {
    writeOld()
    let run = try start(Self.endless)
    var last = try await reader()
    for _ in 0..<2 {
      for monitor in home.processes(named: "flow: monitor") { kill(monitor, SIGKILL) }
      last = try await reader(otherThan: last)
    }
    #expect(home.folder.contents(of: "a") + home.folder.contents(of: "b") == "old\nold\n")
    run.signal(SIGKILL)
    _ = try await run.end()
    for monitor in home.processes(named: "flow: monitor") { kill(monitor, SIGKILL) }
    kill(last, SIGKILL)
    cut()
    let restart = try await home.flow("restart", "r")
    #expect(restart.ending == .exit(0), "\(restart.output)\(restart.errors)")
    #expect(home.ran == ["1"])
    #expect(home.folder.contents(of: "a") + home.folder.contents(of: "b") == "new\nnew\n")
    #expect(
      try await home.status("r").outcomes(of: "a") == ["exited", "lost", "lost", "lost", "exited"])
    try await expectEnd("succeeded")
  }

  /// Its monitor lives, and says so. The next one goes on, and the command does not run again.
  @Test func aPublisherThatIsKilledAloneIsFollowedByAnother() async throws {
    writeOld()
    let run = try start(Self.endless)
    let publisher = try await reader()
    kill(publisher, SIGSTOP)
    cut()
    #expect(home.folder.contents(of: "a") + home.folder.contents(of: "b") == "old\nold\n")
    kill(publisher, SIGKILL)
    #expect(try await run.end().ending == .exit(0))
    #expect(home.ran == ["1"])
    #expect(home.folder.contents(of: "b") == "new\n")
    let events = try await home.flow("events", "r").output
    #expect(events.contains("it was to publish files, which another attempt continues"))
    try await expectEnd("succeeded")
  }

  // MARK: Cancels

  @Test(arguments: [[], ["--force"]])
  func aCancelWhileFilesAreReadChangesNothing(options: [String]) async throws {
    writeOld()
    let run = try start(Self.endless)
    _ = try await reader()
    let cancel = try await home.start(["cancel", "r", "--wait"] + options).end()
    #expect(cancel.ending == .exit(0), "\(cancel.errors)")
    #expect(try await run.end().ending == .exit(3))
    #expect(home.folder.contents(of: "a") + home.folder.contents(of: "b") == "old\nold\n")
    try await expectEnd("cancelled")
  }

  /// The publisher is suspended meanwhile, if it is not done before.
  @Test func aCancelAmidMovesWaitsForTheFiles() async throws {
    writeOld()
    let run = try start(#"\#(Self.many), {"id": "b", "needs": "a", "run": "exec sleep 600"}"#)
    try await awaitManifest()
    let suspended = publishers
    for publisher in suspended { kill(publisher, SIGSTOP) }
    #expect(try await home.flow("cancel", "r").ending == .exit(0))
    expectWhole()
    for publisher in suspended { kill(publisher, SIGCONT) }
    #expect(try await run.end().ending == .exit(3))
    #expect(["skipped", "cancelled"].contains(try await home.status("r").state(of: "b")))
    try await expectPublished()
  }

  @Test func aForcedCancelAmidMovesLeavesEachPathWhole() async throws {
    writeOld()
    let run = try start(#"\#(Self.many), {"id": "b", "needs": "a", "run": "exec sleep 600"}"#)
    try await awaitManifest()
    for publisher in publishers { kill(publisher, SIGSTOP) }
    #expect(try await home.flow("cancel", "r", "--wait", "--force").ending == .exit(0))
    #expect(try await run.end().ending == .exit(3))
    expectWhole()
    #expect(!home.folder.has(".flow-stage"))
    try await home.checkItems()
  }

  // MARK: Probes

  @Test func aProbeSeesTheStageOfTheLostAttempt() async throws {
    let run = try start(
      #"""
      {"id": "a", "files": "a", "onLost": "probe", "probe": "echo probed $FLOW_STAGE >> ran; test -s $FLOW_STAGE/a",
       "run": "echo new > $FLOW_STAGE/a; echo made $FLOW_STAGE >> ran; exec sleep 600"}
      """#)
    #expect(try await eventually { home.ran.count == 1 })
    #expect(try await eventually { try await home.status("r").state(of: "a") == "running" })
    for monitor in home.processes(named: "flow: monitor") { kill(monitor, SIGKILL) }
    let finished = try await run.end()
    #expect(finished.ending == .exit(0), "\(finished.output)\(finished.errors)")
    let stages = home.ran.map { $0.split(separator: " ") }
    #expect(stages.map { $0.first ?? "" } == ["made", "probed"])
    #expect(stages.first?.last == stages.last?.last)
    #expect(home.folder.contents(of: "a") == "new\n")
    #expect(try await home.status("r").outcomes(of: "a") == ["lost", "exited", "exited"])
    try await expectEnd("succeeded")
  }
}
