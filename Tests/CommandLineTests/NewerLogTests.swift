import FlowJSON
import FlowLog
import FlowRuntime
import TestSupport
import Testing

/// A run whose log a newer flow has written, or gone on with: every command says so, and nothing in
/// its folder changes.
struct NewerLogTests {
  /// The run that the fixtures are of.
  private static let id = "nightly-20261121T021903-7f3a"

  /// A run's folder with another log in it, and what its engine might have said of that.
  private func home(log fixture: String) async throws -> Home {
    let home = Home()
    let file = home.workflow(#"{"id": "build", "run": "true"}"#)
    #expect(try await home.flow("run", "-q", file, "--run-id", Self.id).ending == .exit(0))
    let run = RunFolder(path: "\(home.path)/runs/\(Self.id)")
    let folder = "\(Fixtures.root)/Logs/Damaged/\(fixture)"
    for name in TestFile.names(in: folder) {
      let bytes = TestFile.bytes("\(folder)/\(name)")
      TestFile.write(bytes, to: "\(run.log)/\(name)")
      var record = try #require(HolderRecord.decode(TestFile.bytes(run.lock)))
      record.durable = LogPosition(segment: 1, length: Int64(bytes.count))
      TestFile.write(record.encoded(), to: run.lock)
    }
    return home
  }

  /// All that is in a folder, by path.
  private func contents(_ path: String) -> [String: [UInt8]] {
    var contents = [path: TestFile.bytes(path)]
    for name in TestFile.names(in: path) {
      contents.merge(self.contents("\(path)/\(name)")) { _, new in new }
    }
    return contents
  }

  @Test(
    arguments: [
      "newer-format", "newer-frame", "newer-event", "newer-event-field", "newer-policy",
      "newer-definition-field",
    ],
    [
      ["status"], ["status", "--json"], ["events"], ["events", "--json"], ["why"],
      ["replay"], ["replay", "--verify"], ["verify"], ["verify", "--repair"], ["restart"],
      ["restart", "--failed"], ["cancel"], ["export", "--format", "json"], ["rm"],
    ])
  func isRefusedAndLeftAsItIs(fixture: String, line: [String]) async throws {
    let home = try await home(log: fixture)
    let before = contents("\(home.path)/runs")
    let finished = try await home.start(line + [Self.id]).end()
    #expect(finished.ending == .exit(8), "\(finished.errors)")
    let said = finished.output + finished.errors
    #expect(said.contains("newer flow"), "\(said)")
    #expect(contents("\(home.path)/runs") == before)
  }

  /// Nobody takes it for a run that was interrupted.
  @Test(arguments: ["newer-event", "newer-policy"])
  func statusCallsItNewer(fixture: String) async throws {
    let home = try await home(log: fixture)
    let text = try await home.flow("status", Self.id)
    #expect(text.output.hasPrefix("run \(Self.id): ! newer"), "\(text.output)")
    #expect(!text.output.prefix { $0 != "\n" }.contains("interrupted"))
    let json = try await home.flow("status", "--json", Self.id)
    #expect(json.output.contains(#""state":"newer""#), "\(json.output)")
  }

  /// The version that created the run is named where it is known.
  @Test func theVersionIsNamed() async throws {
    let home = try await home(log: "newer-policy")
    let finished = try await home.flow("restart", Self.id)
    #expect(finished.errors.contains("written by a newer flow (9.9): upgrade to read it"))
  }

  /// What its attempts run can be stopped all the same: their records are enough.
  @Test(arguments: ["newer-event", "newer-policy"])
  func forceStopsWhatRuns(fixture: String) async throws {
    let home = try await home(log: fixture)
    let finished = try await home.flow("cancel", "--force", Self.id)
    #expect(finished.ending == .exit(8))
    #expect(finished.errors.contains("no running attempt was found"), "\(finished.errors)")
  }

  /// The other runs are listed beside it.
  @Test func listShowsItAmongOthers() async throws {
    let home = try await home(log: "newer-event")
    let file = home.workflow(#"{"id": "a", "run": "true"}"#)
    #expect(try await home.flow("run", "-q", file, "--run-id", "other").ending == .exit(0))
    let finished = try await home.flow("list")
    #expect(finished.output.contains("other") && finished.output.contains(Self.id))
    #expect(finished.output.contains("! newer"))
  }
}
