import CMonitor
import FlowCore
import FlowStorage

@testable import FlowRuntime

/// Launchers and monitors that do only what a test tells them.
final class FakeMachine: ProcessHost, TimeSource {
  typealias Store = FakeStorage

  /// What kept the supervisor from telling more.
  var failure: RunError?

  /// Names one process: a later one with the number was started at another time.
  struct Process: Hashable {
    let id: Int32
    let start: UInt64
  }

  struct Signal: Hashable {
    let processID: Int32
    let signal: ProcessSignal
  }

  let storage = FakeStorage()
  private(set) var clock: Int64 = 1_000_000
  private(set) var waits = 0
  /// Called at each wait.
  var onWait: () -> Void = {}

  /// The living processes, and when they were started.
  private(set) var processes: [Int32: UInt64] = [:]
  private var nextProcessID: Int32 = 100
  private var nextStart: UInt64 = 7_000

  private(set) var launchers: [Int32] = []
  private var launcherLocks: [Int32: FakeStorage.Description] = [:]
  var launcherErrors: [Errno] = []
  private(set) var sent: [LaunchRequest] = []
  /// The launchers to which they were sent; dead ones take nothing.
  private(set) var receivers: [Int32] = []
  private var messages = WorkQueue<ProcessMessage>()
  /// Told, and not to be read before the engine asks for all.
  private var unheard: [ProcessMessage] = []

  private(set) var signals: [Signal] = []
  /// Monitors that take no signal.
  var deaf: Set<Int32> = []
  private(set) var watches: [(process: Process, attempt: AttemptID)] = []
  private(set) var swept: [AttemptID] = []
  var remains: (killed: Int32, unkillable: Int32) = (0, 0)
  var onSweep: (AttemptID) -> Void = { _ in }
  private(set) var scrubbed: [AttemptID] = []
  var scrubs = true
  private var recordLocks: [String: FakeStorage.Description] = [:]

  // MARK: ProcessHost

  func startLauncher(
    holding lock: Int, _ environment: RunEnvironment
  ) throws(Errno) -> Int32 {
    if !launcherErrors.isEmpty { throw launcherErrors.removeFirst() }
    let id = spawn()
    launchers.append(id)
    launcherLocks[id] = storage.share(lock)
    return id
  }

  func send(_ request: LaunchRequest) {
    guard let launcher = launchers.last else { preconditionFailure("no launcher was started") }
    sent.append(request)
    receivers.append(launcher)
  }

  func nextMessage() -> ProcessMessage? { messages.removeFirst() }

  func hear() {
    for message in unheard { messages.append(message) }
    unheard = []
  }

  func open(_ processID: Int32) -> Process? {
    processes[processID].map { Process(id: processID, start: $0) }
  }

  func startTime(of process: borrowing Process) -> UInt64? {
    processes[process.id] == process.start ? process.start : nil
  }

  func signal(_ process: borrowing Process, _ signal: ProcessSignal) {
    guard startTime(of: process) != nil else { return }
    signals.append(Signal(processID: process.id, signal: signal))
    if signal == .kill { end(process.id) }
  }

  func isPending(_ signal: ProcessSignal, in process: borrowing Process) -> Bool {
    guard startTime(of: process) != nil else { return false }
    return deaf.contains(process.id)
  }

  func watch(_ process: consuming Process, for attempt: AttemptID) {
    let process = process
    guard startTime(of: process) != nil else { return messages.append(.watchedGone(attempt)) }
    watches.append((process, attempt))
  }

  func killOrphans(of request: LaunchRequest) -> (killed: Int32, unkillable: Int32) {
    swept.append(request.attempt)
    onSweep(request.attempt)
    return remains
  }

  // MARK: TimeSource

  func now() -> Moment {
    Moment(monotonic: Instant(microseconds: clock), wall: WallTime(microseconds: clock))
  }

  func wait(until deadline: Instant?) {
    waits += 1
    onWait()
    if let deadline { clock = max(clock, deadline.microseconds) }
  }

  func pause(until time: Instant) { wait(until: time) }

  func pass(microseconds: Int64) { clock += microseconds }

  // MARK: Processes

  func tell(_ message: ProcessMessage) { messages.append(message) }
  func tellUnheard(_ message: ProcessMessage) { unheard.append(message) }

  func spawn() -> Int32 {
    nextProcessID += 1
    start(nextProcessID)
    return nextProcessID
  }

  /// Starts a process with a number that is free.
  func start(_ id: Int32) {
    precondition(processes[id] == nil, "\(id) lives")
    nextStart += 1
    processes[id] = nextStart
  }

  func end(_ id: Int32) {
    guard let start = processes.removeValue(forKey: id) else { return }
    launcherLocks.removeValue(forKey: id)?.close()
    let process = Process(id: id, start: start)
    for watch in watches where watch.process == process {
      messages.append(.watchedGone(watch.attempt))
    }
    watches.removeAll { $0.process == process }
  }

  /// The launcher dies, and its engine is told.
  func endLauncher() {
    guard let launcher = launchers.last else { preconditionFailure("no launcher was started") }
    end(launcher)
    messages.append(.launcherGone)
  }

  /// The engine is gone: its launcher releases the lock, and sends no more messages.
  func engineGone() {
    for launcher in launcherLocks.keys.sorted() {
      launcherLocks.removeValue(forKey: launcher)?.close()
    }
    messages.removeAll()
    watches = []
  }

  // MARK: Monitors

  /// The launcher that lives forks a monitor, which shares its lock until it lets go of it.
  func fork() -> (processID: Int32, lock: FakeStorage.Description) {
    guard let launcher = launchers.last, let lock = launcherLocks[launcher] else {
      preconditionFailure("no launcher lives")
    }
    lock.count += 1
    return (spawn(), lock)
  }

  /// A monitor makes its record and locks it.
  ///
  /// - Parameter monitor: its process id; nil for a new process.
  /// - Returns: its process id.
  @discardableResult
  func begin(
    _ request: LaunchRequest, at host: HostContext = here, monitor: Int32? = nil,
    command: Int32? = 900,
    intent: Int64? = nil
  ) -> Int32 {
    let id = monitor ?? spawn()
    recordLocks[request.recordPath] = storage.lock(request.recordPath)
    var start = flow_record_start(
      step: request.attempt.step, attempt: request.attempt.number,
      intent: intent ?? request.intent, host: HostMark(host).encoded, monitor: id,
      monitor_start: processes[id] ?? 1, started_at: clock)
    var bytes = [UInt8](repeating: 0, count: 128)
    unsafe flow_record_encode_start(&start, &bytes)
    storage.put(bytes, in: request.recordPath)
    if let command { note(request, command: command) }
    return id
  }

  func scrub(_ request: LaunchRequest) -> Bool {
    precondition(swept.contains(request.attempt), "what is scrubbed is still printed")
    scrubbed.append(request.attempt)
    return scrubs
  }

  func note(_ request: LaunchRequest, command: Int32) {
    var part = flow_record_command(process: command, process_start: 5)
    var bytes = [UInt8](repeating: 0, count: 64)
    unsafe flow_record_encode_command(&part, &bytes)
    storage.put(bytes, in: request.recordPath, at: Int(FLOW_RECORD_COMMAND_OFFSET))
  }

  func noteEnd(_ request: LaunchRequest, code: Int32 = 0) {
    var end = flow_record_end()
    end.code = code
    end.duration_us = 1_000
    noteEnd(request, end)
  }

  func noteEnd(_ request: LaunchRequest, _ end: flow_record_end) {
    var end = end
    var bytes = [UInt8](repeating: 0, count: 128)
    unsafe flow_record_encode_end(&end, &bytes)
    storage.put(bytes, in: request.recordPath, at: Int(FLOW_RECORD_END_OFFSET))
  }

  /// Makes the start of a record that of a later version.
  func makeNewer(_ request: LaunchRequest) {
    var bytes = storage.bytes(of: request.recordPath)
    RecordBytes.makeNewer(&bytes, .start)
    storage.put(bytes, in: request.recordPath)
  }

  /// Makes the record unreadable.
  func spoil(_ request: LaunchRequest) {
    storage.put([UInt8](repeating: 0xff, count: 320), in: request.recordPath)
  }

  func release(_ request: LaunchRequest) {
    recordLocks.removeValue(forKey: request.recordPath)?.close()
  }

  /// A monitor is gone, and its lock with it.
  func endMonitor(_ id: Int32, of request: LaunchRequest) {
    release(request)
    end(id)
  }

  static let here = HostContext(bootID: "boot", mountID: 3, processNamespace: 4)
}

/// A supervisor on such a machine.
struct SupervisorHarness {
  let machine: FakeMachine
  let supervisor: AttemptSupervisor<FakeMachine, FakeMachine>
  static let folder = RunFolder(path: "/runs/run")

  init(_ machine: FakeMachine = FakeMachine()) throws {
    self.machine = machine
    supervisor = AttemptSupervisor(
      host: machine, storage: machine.storage, time: machine, here: FakeMachine.here)
    try supervisor.begin(in: Self.folder)
    supervisor.use(RunEnvironment(umask: 0o022, variables: []))
  }

  /// Of the attempt of a step; its intent is the event with the number 10.
  static func request(_ step: Int32, _ number: Int32 = 1) -> LaunchRequest {
    LaunchRequest(
      attempt: AttemptID(step: step, number: number), intent: 10, arguments: ["w"],
      environment: [], workingDirectory: "/",
      outputPath: folder.output(ofStep: "s\(step)", attempt: number),
      recordPath: folder.record(ofStep: "s\(step)", attempt: number), settings: StepSettings())
  }

  /// All reports that are due now.
  func reports() -> [Input] {
    var reports: [Input] = []
    do throws(RunError) { try supervisor.advance() } catch {
      machine.failure = error
    }
    while let report = supervisor.nextReport() { reports.append(report) }
    return reports
  }

  /// All reports after the supervisor was woken at its deadline.
  func reportsWhenDue() -> [Input] {
    machine.wait(until: supervisor.nextDeadline)
    return reports()
  }

  /// An attempt that runs.
  func run(_ request: LaunchRequest) -> Int32 {
    supervisor.launch(request)
    let monitor = machine.begin(request)
    machine.tell(.launched(request.attempt, processID: 900, monitorID: monitor))
    _ = reports()
    return monitor
  }
}

extension AttemptEnd {
  /// As `FakeMachine.noteEnd` notes it.
  static func exited(_ code: UInt8) -> AttemptEnd {
    AttemptEnd(result: .exited(code: code), cause: .byItself, durationMicroseconds: 1_000)
  }
}
