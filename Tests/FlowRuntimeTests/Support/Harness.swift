import FlowCore
import FlowLog
import FlowRuntime
import FlowStorage
import Testing

@testable import FlowSimulation

/// A simulated machine without faults of its own, with one workflow to run on it.
struct Harness {
  let world: World
  let home: RunHome<SimulatedStorage>
  let recorder = Recorder()
  let workflow: WorkflowDefinition
  let jobs: Int32

  init(
    _ workflow: WorkflowDefinition = chain(3), jobs: Int32 = 2, failurePercent: Int = 0,
    choices: any ChoiceSource = SeededChoices(seed: 1)
  ) {
    var options = SimulationOptions()
    options.failurePercent = failurePercent
    world = World(options, choices: choices, trace: Trace())
    home = RunHome("/home/state/flow", in: world.storage)
    self.workflow = workflow
    self.jobs = jobs
  }

  static func chain(_ count: Int, _ settings: StepSettings = StepSettings()) -> WorkflowDefinition {
    let steps = (0..<count).map { index in
      StepDefinition(
        id: "s\(index)", command: .program(["w"]), needs: index == 0 ? [] : [Int32(index - 1)],
        settingsIndex: 0)
    }
    return WorkflowDefinition(name: "chain", steps: steps, settings: [settings])
  }

  /// - Parameter boot: nil for the machine's own.
  func process(_ id: Int32, boot: String? = nil) -> RunProcess {
    var host = world.host
    if let boot { host.bootID = boot }
    var options = LogOptions()
    options.reservationBytes = 1_024
    options.rotationBytes = 600
    options.compression = .none
    return RunProcess(
      processID: id, host: host, logOptions: options,
      salts: SaltSource(seed: UInt64(id)))
  }

  func create(
    by id: Int32 = 1, files: [EnvironmentVariable] = []
  ) throws(RunError) -> Driver<World> {
    let graph: DependencyGraph
    do throws(DependencyCycle) { graph = try workflow.graph() } catch {
      preconditionFailure("a cycle")
    }
    let run = NewRun(
      runID: "run", seed: 1, programVersion: "0", jobs: jobs, definitionFolder: "/",
      definition: workflow, graph: graph)
    return try Driver.create(
      run, definitionFile: [0x7b, 0x7d], files: files, by: process(id), home: home, world: world,
      observer: recorder)
  }

  /// - Returns: nil if the run has ended.
  func resume(by id: Int32, boot: String? = nil) throws(RunError) -> Driver<World>? {
    try Driver.resume(
      "run", by: process(id, boot: boot), home: home, world: world, observer: recorder)
  }

  /// Goes on with the run, to its end.
  ///
  /// - Returns: false if it had ended before.
  func drive(by id: Int32, boot: String? = nil) throws(RunError) -> Bool {
    guard var driver = try resume(by: id, boot: boot) else { return false }
    for _ in 0..<10_000 where try driver.step() != nil { return true }
    Issue.record("the run does not end")
    return true
  }

  /// What a reader sees.
  func read() throws(RunError) -> [Event] {
    var reader = try RunReader(
      home.folder(of: "run"), in: world.storage, bootID: world.host.bootID)
    var events: [Event] = []
    while let event = try reader.next() { events.append(event) }
    return events
  }

  /// All that is on the disk, files and folders.
  func names(in path: String = "/") throws -> [String] {
    try world.storage.entries(of: path).flatMap { name in
      let inner = path == "/" ? "/\(name)" : "\(path)/\(name)"
      let isFolder = try world.storage.attributes(of: inner)?.isDirectory == true
      return [inner] + (isFolder ? try names(in: inner) : [])
    }
  }
}

final class Recorder: RunObserver {
  private(set) var events: [Event] = []
  private(set) var tails: [LogTail] = []
  var onCommit: () -> Void = {}

  func tookOver(_ tail: LogTail) { tails.append(tail) }

  func committed(_ events: [Event], _ state: RunState) {
    self.events += events
    onCommit()
  }
}
