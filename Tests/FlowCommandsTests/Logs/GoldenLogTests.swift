import FlowCore
import FlowLog
import FlowMemoryStorage
import FlowRuntime
import FlowSystem
import TestSupport
import Testing

/// The logs in `Fixtures/Logs/v1` and `v2`, one folder for each policy. With `FLOW_UPDATE=1` in the environment those that are missing
/// are made, each with the text of what is in it. Nothing of a log that is there is written again.
struct GoldenLogTests {
  private static let logs = Policy.allCases.flatMap { policy in
    GoldenLog.all(of: policy).map { (policy, $0.name) }
  }

  private static func folder(_ policy: Policy, _ name: String) -> String {
    "Logs/v\(policy.rawValue)/\(name)"
  }

  private static func log(named name: String) throws -> GoldenLog {
    try #require(GoldenLog.all.first { $0.name == name })
  }

  /// Reads all events of a log in memory.
  private static func events(_ storage: MemoryFolder) throws -> [Event] {
    var events: [Event] = []
    var reader = try LogReader.open(
      "log", in: storage, .recovering, dictionary: EventDictionary.version1)
    while let frame = try reader.next() {
      var payload: [UInt8] = []
      reader.withPayload { span in for index in span.indices { payload.append(span[index]) } }
      var decoder = EventDecoder(payload, first: Int64(frame.first))
      while let event = try decoder.next() { events.append(event) }
    }
    return events
  }

  /// The log is read, replayed and decided again as it was.
  @Test(arguments: logs)
  func goldenLogIsReadAsItWasWritten(policy: Policy, name: String) throws {
    let log = try Self.log(named: name)
    let folder = Self.folder(policy, name)
    if FixtureUpdate.isWanted {
      try FixtureUpdate.addLog(folder) { try log.run(policy).log(log.options) }
    }
    let storage = MemoryFolder(fixture: folder)
    let before = storage.files
    let report = try LogVerifier.verify(.log("log"), in: storage, bootID: "boot")
    #expect(report.problems == [])
    let dump = HistoryDump.text(try Self.events(storage), report.state)
    FixtureUpdate.check(dump, "\(folder).txt", mayChange: false)
    #expect(storage.files == before)
  }

  /// A run of any policy is driven, and its history encoded, as when the policy was new.
  @Test(arguments: logs)
  func theScriptMakesTheEventsOfTheLog(policy: Policy, name: String) throws {
    let log = try Self.log(named: name)
    let events = try Self.events(MemoryFolder(fixture: Self.folder(policy, name)))
    #expect(events == log.run(policy).events)
  }

  /// Where nothing is deflated, the writer's bytes are known too.
  @Test(arguments: Policy.allCases)
  func theWriterWritesTheSameBytes(policy: Policy) throws {
    let log = try Self.log(named: "undeflated")
    let golden = MemoryFolder(fixture: Self.folder(policy, "undeflated"))
    #expect(try log.run(policy).log(log.options) == golden.files)
  }

  @Test func everyKindOfEventIsInAGoldenLog() throws {
    var kinds: Set<EventKind> = []
    for log in GoldenLog.all {
      for event in log.run(.current).events { kinds.insert(event.body.kind) }
    }
    #expect(EventKind.allCases.filter { !kinds.contains($0) } == [])
    #expect(GoldenLog.all.count >= 20)
  }

  @Test func theListNamesEveryLog() {
    for policy in Policy.allCases {
      let logs = GoldenLog.all(of: policy)
      let list = logs.map { "\($0.name): \($0.contents)\n" }.joined()
      FixtureUpdate.check(list, Self.folder(policy, "contents.txt"))
      let folder = Self.folder(policy, "")
      let folders = Repository.entries(in: "Fixtures/\(folder)").filter(\.isFolder).map(\.name)
      #expect(folders == logs.map(\.name).sorted())
    }
  }

  /// They are cloned with every clone.
  @Test func allLogsTogetherAreSmall() {
    let files = Repository.files(under: "Fixtures/Logs")
    #expect(files.count > 60)
    #expect(files.reduce(0) { $0 + Repository.read($1).count } < 500 << 10)
  }
}

/// Files under `Fixtures` that are made by tests.
enum FixtureUpdate {
  static let isWanted = ProcessFacts.environmentValue("FLOW_UPDATE") == "1"

  /// Compares a text with a file, or makes it that.
  ///
  /// - Parameter mayChange: whether a file that is there may be given another text.
  static func check(
    _ text: String, _ path: String, mayChange: Bool = true,
    _ location: SourceLocation = #_sourceLocation
  ) {
    let file = "\(Fixtures.root)/\(path)"
    if isWanted && (mayChange || !TestFile.exists(file)) {
      TestFile.makeFolder(String(file[..<(file.lastIndex(of: "/") ?? file.startIndex)]))
      TestFile.write(Array(text.utf8), to: file)
    }
    #expect(TestFile.text(file) == text, "\(path)", sourceLocation: location)
  }

  /// Makes a log that is not there. One that is stays as it is.
  static func addLog(_ folder: String, _ files: () throws -> [String: [UInt8]]) throws {
    let path = "\(Fixtures.root)/\(folder)"
    if TestFile.exists(path) { return }
    TestFile.makeFolder(path)
    for (name, bytes) in try files() { TestFile.write(bytes, to: "\(path)/\(name)") }
  }
}
