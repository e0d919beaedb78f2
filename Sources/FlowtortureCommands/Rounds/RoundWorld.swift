import CLinux
import CTorture
import FlowCore
import FlowStorage
import FlowSystem
import Glibc

/// The processes of a round: starts them, waits for them, and notes their ends.
final class RoundWorld {
  let folder: RoundFolder
  /// The path of `flow`.
  private let flow: String
  private(set) var commands: [CommandRecord] = []
  /// The indexes of living commands, by process id.
  private var living: [Int32: Int] = [:]
  /// The files of a command's output and errors, without extension.
  private var outputs: [Int32: String] = [:]
  private let begunAt = RoundWorld.now
  private let parent = getppid()
  private(set) var lateMicroseconds = 0
  private(set) var pausedMicroseconds = 0
  /// Processes that were stopped, until `resume`.
  private var suspended: [Descendant] = []
  private var suspendedAt = 0
  /// How many processes the round's user may have.
  private(set) var limit: Int?
  private(set) var wasDiskFull = false
  private(set) var isDiskFull = false
  private(set) var journal: [String] = []
  /// Called with each command that has ended, and its output.
  var onEnd: (CommandRecord, String) -> Void = { _, _ in }

  init(_ folder: RoundFolder, flow: String) {
    self.folder = folder
    self.flow = flow
    var set = Self.childSignals
    unsafe sigprocmask(SIG_BLOCK, &set, nil)
  }

  static var now: Int { Int(EventLoop.monotonicNow().microseconds) }

  private static var childSignals: sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    unsafe sigaddset(&set, SIGCHLD)
    return set
  }

  func note(_ text: String) {
    journal.append("\(Self.now - begunAt) us (\(Self.now)): \(text)")
  }

  // MARK: Commands

  /// Starts `flow` with these arguments.
  @discardableResult
  func start(
    _ kind: CommandRecord.Kind, _ arguments: [String], answer: GivenAnswer? = nil
  ) throws(Errno) -> Int32 {
    let name = "\(folder.path)/command-\(commands.count)"
    let environment = [
      "FLOW_HOME=\(folder.home)", "HOME=\(folder.path)", "PATH=/usr/local/bin:/usr/bin:/bin",
    ]
    var record = CommandRecord(kind, process: 0, startedAt: Self.now)
    record.sawRunMissing = !folder.hasRun
    record.sawDiskFull = isDiskFull
    record.sawLimit = limit != nil
    record.answer = answer
    record.process = try ChildProcess.start(
      [flow] + arguments, environment: environment, output: .file("\(name).out"),
      errors: .file("\(name).err"))
    if let limit { torture_limit_processes(record.process, limit) }
    living[record.process] = commands.count
    outputs[record.process] = name
    commands.append(record)
    note("started \(record.process): flow \(arguments.joined(separator: " "))")
    return record.process
  }

  /// Living commands that drive the run or may begin to.
  var drivers: [Int32] {
    commands.filter { $0.ending == nil && $0.kind.drives }.map(\.process)
  }

  var hasLiving: Bool { !living.isEmpty }

  func command(_ process: Int32) -> CommandRecord? {
    commands.last { $0.process == process }
  }

  /// - Returns: false if the process has already ended.
  @discardableResult
  func signal(_ process: Int32, _ number: Int32) -> Bool {
    reap()
    // A child keeps its id until it is waited for.
    guard let index = living[process] else { return false }
    switch number {
    case SIGKILL: commands[index].wasKilled = true
    case SIGTERM: commands[index].wasTerminated = true
    case SIGINT: commands[index].wasInterrupted = true
    default: break
    }
    note("signal \(number) to \(process) (\(commands[index].kind.rawValue))")
    return kill(process, number) == 0
  }

  /// Notes that all living commands get SIGTERM.
  func noteTermination() {
    reap()
    for index in living.values { commands[index].wasTerminated = true }
  }

  /// Kills all processes of the round.
  ///
  /// - Returns: false if one does not die.
  func killAll() -> Bool {
    reap()
    for index in living.values { commands[index].wasKilled = true }
    return wait(microseconds: 20_000_000, every: 1_000) {
      let left = Descendant.all().filter { !$0.hasEnded }
      for process in left { process.signal(SIGKILL) }
      return left.isEmpty && living.isEmpty
    }
  }

  // MARK: Waiting

  /// - Parameter interval: how often to check a condition that does not depend on the end of a child.
  /// - Returns: whether the condition became true in time.
  @discardableResult
  func wait(
    microseconds: Int, every interval: Int = 500_000, until isDone: () -> Bool = { false }
  ) -> Bool {
    let deadline = Self.now + microseconds
    while true {
      reap()
      if isDone() { return true }
      let left = deadline - Self.now
      if left <= 0 {
        lateMicroseconds = max(lateMicroseconds, -left)
        return false
      }
      if getppid() != parent { abandon() }
      var set = Self.childSignals
      // Half a second is often enough to notice that the parent is gone.
      let length = min(left, interval, 500_000)
      var timeout = timespec(tv_sec: 0, tv_nsec: length * 1_000)
      unsafe sigtimedwait(&set, nil, &timeout)
    }
  }

  /// Waits for the end of a command, and returns its output; nil if it does not end in time.
  func output(of process: Int32, within microseconds: Int) -> String? {
    guard wait(microseconds: microseconds, until: { living[process] == nil }) else { return nil }
    return outputs[process].map { folder.text("\($0).out") }
  }

  private func reap() {
    var status: Int32 = 0
    while true {
      let process = unsafe waitpid(-1, &status, WNOHANG)
      if process <= 0 { return }
      // Adopted orphans are no commands.
      guard let index = living.removeValue(forKey: process) else { continue }
      let name = outputs[process] ?? ""
      commands[index].endedAt = Self.now
      commands[index].ending = ChildProcess.ending(status)
      commands[index].errors = folder.text("\(name).err", limit: 1 << 16)
      if !folder.hasRun { commands[index].sawRunMissing = true }
      note("ended \(process) (\(commands[index].kind.rawValue)): \(ChildProcess.ending(status))")
      onEnd(commands[index], folder.text("\(name).out"))
    }
  }

  /// The parent is gone: clean up and exit.
  private func abandon() -> Never {
    Descendant.killAll()
    ProcessLimit.becomeRootAgain()
    folder.remove()
    exit(1)
  }

  // MARK: Disturbances

  func removeLock() {
    guard folder.removeFile(folder.lock) else { return }
    for index in living.values { commands[index].sawLockRemoved = true }
    note("removed the lock file")
  }

  func fillDisk() {
    isDiskFull = true
    wasDiskFull = true
    for index in living.values { commands[index].sawDiskFull = true }
    folder.fillDisk()
    note("filled the disk")
  }

  func freeDisk() {
    if !isDiskFull { return }
    folder.freeDisk()
    isDiskFull = false
    note("freed the disk")
  }

  func pause(_ processes: [Descendant], microseconds: Int) {
    // Those that are suspended stay so.
    let processes = processes.filter { $0.state != "T" }
    let begin = Self.now
    for process in processes { process.signal(SIGSTOP) }
    note("paused \(processes.map(\.process))")
    wait(microseconds: microseconds)
    for process in processes { process.signal(SIGCONT) }
    pausedMicroseconds += Self.now - begin
    note("continued them")
  }

  /// - Returns: those that were stopped.
  func suspend(_ processes: [Descendant]) -> [Descendant] {
    let stopped = processes.filter { $0.state != "T" && $0.signal(SIGSTOP) }
    if stopped.isEmpty { return [] }
    if suspended.isEmpty { suspendedAt = Self.now }
    suspended += stopped
    note("suspended \(stopped.map(\.process))")
    return stopped
  }

  func resume() {
    if suspended.isEmpty { return }
    for process in suspended { process.signal(SIGCONT) }
    suspended = []
    pausedMicroseconds += Self.now - suspendedAt
    note("continued what was suspended")
  }

  func limitProcesses(spare: Int) {
    let most = ProcessLimit.set(spare: spare)
    limit = most
    for index in living.values { commands[index].sawLimit = true }
    note("limited processes to \(most)")
  }

  func unlimitProcesses() {
    if limit == nil { return }
    limit = nil
    ProcessLimit.lift()
    note("lifted the limit of processes")
  }
}
