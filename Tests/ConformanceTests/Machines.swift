import FlowCore
import FlowRuntime
import FlowSimulation
import FlowStorage
import FlowSystem
import Glibc
import TestSupport

/// The machine on which a run is driven: this one, or a simulated one.
protocol Machine: AnyObject {
  associatedtype World: Environment

  var world: World { get }
  /// The home of the runs.
  var home: String { get }
  var hostContext: HostContext { get }
  /// The engine is gone, and another one starts.
  func replaceEngine()
}

/// How commands behave.
enum Behaviour {
  case succeeds
  /// They run until they are stopped.
  case hangs

  var command: Command {
    switch self {
    case .succeeds: .program(["true"])
    case .hangs: .program(["sleep", "600"])
    }
  }
}

/// A simulated machine without faults.
final class SimulatedMachine: Machine {
  let world: FlowSimulation.World
  let home = "/home"
  var hostContext: HostContext { world.host }

  init(_ behaviour: Behaviour) {
    var options = SimulationOptions()
    if case .hangs = behaviour { options.hangPercent = 100 }
    world = World(options, choices: SeededChoices(seed: 1), trace: Trace())
  }

  func replaceEngine() { world.replaceEngine() }
}

/// Real launchers, monitors and files, without the signals and the terminal of a driver process.
final class RealMachine: Machine {
  private let folder = TemporaryFolder()
  private(set) var world: RealWorld
  let hostContext: HostContext
  var home: String { "\(folder.path)/home" }

  init() throws {
    hostContext = try ProcessFacts.hostContext(of: folder.path)
    world = try RealWorld(in: hostContext)
  }

  func replaceEngine() {
    guard let next = try? RealWorld(in: hostContext) else {
      preconditionFailure("no descriptors left")
    }
    world = next
  }
}

final class RealWorld: Environment, TimeSource {
  let storage = LinuxStorage()
  let callerEnvironment = ProcessFacts.environment()
  private let processes: LinuxProcesses
  private let workSync = WorkSync()
  private(set) lazy var runner: AttemptSupervisor<LinuxProcesses, RealWorld> = AttemptSupervisor(
    host: processes, storage: storage, time: self, here: hostContext)
  private let hostContext: HostContext
  var time: RealWorld { self }

  init(in hostContext: HostContext) throws(Errno) {
    self.hostContext = hostContext
    processes = try LinuxProcesses(in: hostContext)
  }

  func now() -> Moment { EventLoop.now() }

  func wait(until deadline: Instant?) {
    var descriptors = processes.prepareWait()
    var timeout: Int32 = -1
    if let deadline {
      let left = deadline.microseconds - EventLoop.monotonicNow().microseconds
      timeout = Int32(clamping: max(0, left + 999) / 1_000)
    }
    if runner.hasReports || processes.hasMessages || storage.hasFinishedSync { timeout = 0 }
    _ = unsafe poll(&descriptors, nfds_t(descriptors.count), timeout)
    processes.take(descriptors[...])
  }

  func pause(until time: Instant) { EventLoop.pause(until: time) }

  func readSecret(at path: String, limit: Int) throws(Errno) -> [UInt8] { throw .noSuchFile }
  var memoryFolder: String? { nil }
  func startWorkSync(_ folders: [String]) { workSync.start(folders) }
  func finishedWorkSync() -> Result<Void, Errno>? { workSync.finish() }
  let userName: @Sendable (UInt32) -> String = { ProcessFacts.name(ofUser: $0) }
  func nextCancelRequest() -> CancelRequest? { nil }
  func takeRequestNotice() -> Bool { false }
  func finish() { processes.finish() }
}
