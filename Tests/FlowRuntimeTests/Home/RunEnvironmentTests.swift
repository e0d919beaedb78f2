import FlowCore
import FlowLog
import FlowStorage
import Testing

@testable import FlowRuntime
@testable import FlowSimulation

/// What a run's commands inherit, and the file that holds it.
struct RunEnvironmentTests {
  private static func environment(_ variables: String..., umask: UInt32 = 0o022) -> RunEnvironment {
    RunEnvironment(umask: umask, variables: variables.map { Array($0.utf8) })
  }

  // MARK: Encoding

  @Test(arguments: [
    environment(), environment("A=1"), environment("A=", "B", "=", "", umask: 0o777),
    environment("A=1\nB=2", "Ü=世界", umask: 0),
    RunEnvironment(umask: 0o027, variables: [[0x41, 0x3D, 0xFF, 0xFE]]),
  ])
  func whatIsWrittenIsReadAgain(environment: RunEnvironment) {
    #expect(RunEnvironment.decode(environment.encoded()) == environment)
  }

  @Test func whereTheCallerWasIsNotKept() {
    let environment = Self.environment("PWD=/there", "A=1", "OLDPWD=/before", "PWDX=2")
    #expect(environment == Self.environment("A=1", "PWDX=2"))
  }

  @Test func everyChangeOfAByteIsNoticed() {
    let bytes = Self.environment("A=1", "PASSWORD=secret").encoded()
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 4
      #expect(RunEnvironment.decode(changed) == nil, "byte \(index)")
      #expect(RunEnvironment.decode(Array(bytes[..<index])) == nil, "\(index) bytes")
    }
  }

  @Test func differencesAreToldByName() {
    let one = Self.environment("A=1", "B=2", "C=3")
    #expect(one.names(differingFrom: one) == [])
    #expect(one.names(differingFrom: Self.environment("C=3", "B=2", "A=1")) == [])
    let other = Self.environment("A=1", "B=secret", "D=4", umask: 0o077)
    #expect(one.names(differingFrom: other) == ["umask", "B", "C", "D"])
  }

  // MARK: The file

  private let harness = Harness()
  private let recorder = News()
  private let own = environment("CALLER=here")
  private var file: EnvironmentFile<SimulatedStorage> {
    EnvironmentFile(harness.home.folder(of: "run"), in: harness.world.storage)
  }

  private final class News: RunObserver {
    private(set) var news: [EnvironmentNews] = []
    func tookOver(_ tail: LogTail) {}
    func committed(_ events: [Event], _ state: RunState) {}
    func foundEnvironment(_ news: EnvironmentNews) { self.news.append(news) }
  }

  private func settle(_ source: EnvironmentSource) throws -> RunEnvironment {
    try file.settle(try file.content(for: source), source, caller: own, recorder)
  }

  private func spoil() throws {
    let path = harness.home.folder(of: "run").environment
    let file = try File(path, .update, in: harness.world.storage)
    let bytes: [UInt8] = [0x58]
    try file.write(bytes.span, at: 0)
  }

  @Test func aRunKeepsTheEnvironmentOfItsCreator() throws {
    let created = harness.world.callerEnvironment
    _ = try harness.create()
    #expect(try file.read() == .saved(created))
    #expect(try settle(.run) == created)
    #expect(recorder.news == [])
  }

  @Test func anEngineCanReplaceIt() throws {
    _ = try harness.create()
    #expect(try settle(.caller) == own)
    #expect(recorder.news == [.replaced(names: ["umask", "CALLER"])])
    #expect(try settle(.run) == own)
  }

  @Test func aRunWithoutOneGetsItsCallers() throws {
    _ = try harness.create()
    file.remove()
    #expect(try file.read() == .absent)
    #expect(try settle(.run) == own)
    #expect(recorder.news == [.saved])
    #expect(try file.read() == .saved(own))
  }

  /// A cancel from anywhere does not decide what a later restart launches with.
  @Test func anEngineThatLaunchesNothingLeavesARunWithoutOne() throws {
    _ = try harness.create()
    file.remove()
    #expect(try settle(.runIfReadable) == own)
    #expect(recorder.news == [])
    #expect(try file.read() == .absent)
  }

  @Test func aFullDiskKeepsNoRunFromBeingResumed() throws {
    _ = try harness.create()
    file.remove()
    harness.world.storage.decide = { operation, _ in
      operation == .write ? .refused(.noSpace) : .done
    }
    #expect(try settle(.run) == own)
    #expect(recorder.news == [.notSaved])
    #expect(throws: RunError.self) { _ = try settle(.caller) }
    #expect(try file.read() == .absent)
  }

  @Test func oneThatCannotBeReadStopsOnlyWhatLaunches() throws {
    _ = try harness.create()
    try spoil()
    let path = harness.home.folder(of: "run").environment
    #expect(throws: RunError.environmentIsUnreadable(path: path)) { _ = try settle(.run) }
    #expect(try settle(.runIfReadable) == own)
    #expect(try settle(.caller) == own)
    #expect(recorder.news == [.unreadable(path: path), .replaced(names: nil)])
    #expect(try file.read() == .saved(own))
  }

  /// The same where the storage does not give it.
  @Test func anErrorOfTheStorageStopsOnlyWhatLaunches() throws {
    _ = try harness.create()
    harness.world.storage.failedLook = { $0 == .read ? .inputOutput : nil }
    #expect(throws: RunError.self) { _ = try settle(.run) }
    #expect(try settle(.runIfReadable) == own)
    #expect(try settle(.caller) == own)
  }

  // MARK: The end of a run

  @Test func itGoesWhenTheRunHasSucceeded() throws {
    var driver = try harness.create()
    while try driver.step() == nil { #expect(try file.read() != .absent) }
    try driver.finish()
    #expect(try file.read() == .absent)
  }

  @Test func itStaysWithARunThatHasFailed() throws {
    let harness = Harness(failurePercent: 100)
    let created = harness.world.callerEnvironment
    var driver = try harness.create()
    while try driver.step() == nil {}
    try driver.finish()
    let file = EnvironmentFile(harness.home.folder(of: "run"), in: harness.world.storage)
    #expect(try file.read() == .saved(created))
  }

  /// Its engine died before it could remove it.
  @Test func theNextEngineThatSeesItRemovesIt() throws {
    do { _ = try harness.create() }
    harness.world.replaceEngine()
    #expect(try harness.drive(by: 2))
    try file.replace(with: own)
    harness.world.replaceEngine()
    #expect(try harness.resume(by: 3) == nil)
    #expect(try file.read() == .absent)
  }
}
