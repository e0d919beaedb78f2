import FlowCore
import FlowLog
import FlowStorage
import Testing

@testable import FlowRuntime
@testable import FlowSimulation

/// What of the caller's environment, and of files, becomes that of a run.
struct VariableSourcesTests {
  private static func workflow(
    _ inheritance: Inheritance, passing names: [String] = []
  ) -> WorkflowDefinition {
    var workflow = Harness.chain(3)
    workflow.inheritance = inheritance
    workflow.passedVariables = names
    return workflow
  }

  private static func variables(_ lines: String...) -> [EnvironmentVariable] {
    lines.map { line in
      let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return EnvironmentVariable(name: String(parts[0]), value: String(parts[1]))
    }
  }

  private static func environment(_ variables: String..., umask: UInt32 = 0o027) -> RunEnvironment {
    RunEnvironment(umask: umask, variables: variables.map { Array($0.utf8) })
  }

  private static let caller = environment("SECRET=1", "PATH=/bin", "LC_ALL=C", "A=2", "NOTHING")

  @Test func withoutTheKeysNothingIsChanged() {
    let workflow = Self.workflow(.inherit)
    #expect(Self.caller.ofRun(workflow, files: []) == Self.caller)
    let odd = RunEnvironment(umask: 0, variables: [[0x41, 0x3D, 0xFF], [0xFF, 0x3D], [0x3D]])
    #expect(odd.ofRun(workflow, files: []) == odd)
  }

  @Test func aCleanOneHasLittle() {
    let clean = Self.caller.ofRun(Self.workflow(.clean, passing: ["A", "B"]), files: [])
    #expect(clean == Self.environment("PATH=/bin", "LC_ALL=C", "A=2"))
  }

  @Test func filesWinOverTheCallerAndLaterOnesOverEarlier() {
    let files = Self.variables("B=1", "A=one", "C=", "A=two", "SECRET=", "B=2", "PWD=/x")
    #expect(
      Self.caller.ofRun(Self.workflow(.inherit), files: files)
        == Self.environment("PATH=/bin", "LC_ALL=C", "NOTHING", "B=2", "A=two", "C=", "SECRET="))
    // What a clean environment does not pass of the caller's, a file can give.
    #expect(
      Self.caller.ofRun(Self.workflow(.clean), files: files)
        == Self.environment("PATH=/bin", "LC_ALL=C", "B=2", "A=two", "C=", "SECRET="))
  }

  // MARK: Lives of a run

  private final class News: RunObserver {
    private(set) var news: [EnvironmentNews] = []
    func tookOver(_ tail: LogTail) {}
    func committed(_ events: [Event], _ state: RunState) {}
    func foundEnvironment(_ news: EnvironmentNews) { self.news.append(news) }
  }

  private let harness = Harness(workflow(.clean))
  private var file: EnvironmentFile<SimulatedStorage> {
    EnvironmentFile(harness.home.folder(of: "run"), in: harness.world.storage)
  }

  private func resume(
    _ source: EnvironmentSource, _ files: [EnvironmentVariable], _ news: News = News()
  ) throws -> Int {
    var looks = 0
    let driver = try Driver.resume(
      "run", environment: source,
      files: { (state) throws(RunError) in
        #expect(state.definition == harness.workflow)
        looks += 1
        return files
      }, by: harness.process(2), home: harness.home, world: harness.world, observer: news)
    let isDriven = driver != nil
    #expect(isDriven)
    return looks
  }

  /// Each process has variables of its own.
  ///
  /// - Returns: what the run must have.
  @discardableResult
  private func create(
    _ files: [EnvironmentVariable]
  ) throws -> EnvironmentFile<SimulatedStorage>.Content {
    _ = try harness.create(files: files)
    let created = expected(files)
    harness.world.replaceEngine()
    return created
  }

  private func expected(_ files: [EnvironmentVariable]) -> EnvironmentFile<SimulatedStorage>.Content
  {
    .saved(harness.world.callerEnvironment.ofRun(harness.workflow, files: files))
  }

  @Test func filesAreReadWhenARunIsCreatedAndNotWhenItIsResumed() throws {
    let created = try create(Self.variables("A=1"))
    #expect(created != expected(Self.variables("A=1")))
    #expect(try file.read() == created)
    #expect(try resume(.run, Self.variables("A=2")) == 0)
    #expect(try file.read() == created)
  }

  @Test func filesAreReadAgainForANewEnvironment() throws {
    try create(Self.variables("A=1", "B=1"))
    let (files, news) = (Self.variables("A=2"), News())
    #expect(try resume(.caller, files, news) == 1)
    #expect(try file.read() == expected(files))
    guard case .replaced(let names?)? = news.news.first else {
      Issue.record("nothing was told")
      return
    }
    #expect(names.contains("A") && names.contains("B"))
  }

  @Test func aRunThatHasLostItsOwnGetsTheFilesToo() throws {
    try create(Self.variables("A=1"))
    file.remove()
    #expect(try resume(.runIfReadable, Self.variables("A=2")) == 0)
    #expect(try file.read() == .absent)
    harness.world.replaceEngine()
    #expect(try resume(.run, Self.variables("A=2")) == 1)
    #expect(try file.read() == expected(Self.variables("A=2")))
  }

  @Test func filesThatCannotBeReadChangeNothing() throws {
    try create(Self.variables("A=1"))
    let before = try file.read()
    #expect(throws: RunError.variableFiles(errors: "why")) {
      _ = try Driver.resume(
        "run", environment: .caller,
        files: { (_) throws(RunError) in throw .variableFiles(errors: "why") },
        by: harness.process(2), home: harness.home, world: harness.world, observer: News())
    }
    #expect(try file.read() == before)
    // And the lock was given back.
    #expect(try resume(.run, []) == 0)
  }
}
