import FlowCore
import FlowJSON
import FlowStorage
import FlowSystem
import Glibc

/// One run whose steps print secrets. Its engine, launcher and monitors are killed, and other engines take it
/// over, until it has ended.
struct SecretRound {
  private let path: String
  private let flow: String
  private var dice: Dice
  private let plan: SecretPlan
  private let secrets: [SecretForms]
  private var violations: [String] = []
  private var kills = 0
  private var looks = 0
  private var engines = 0
  private var said = 0

  private static let longestMicroseconds: Int64 = 120_000_000

  init(seed: UInt64, folder: String, flow: String) {
    path = folder
    self.flow = flow
    dice = Dice(seed: seed)
    plan = SecretPlan(&dice)
    secrets = [SecretForms(plan.password), SecretForms(plan.key)]
  }

  var totals: String {
    "\(engines) engines, \(kills) kills, \(looks) looks, \(violations.count) violations"
  }

  private var home: String { "\(path)/home" }

  /// - Returns: what was violated.
  mutating func play() throws(Errno) -> [String] {
    let storage = LinuxStorage()
    try RoundFolder.remove(path)
    try storage.makeDirectory(path)
    try FileWriting.write(Array("\(plan.password)\n".utf8), to: "\(path)/pw")
    try FileWriting.write(Array(plan.workflow.utf8), to: "\(path)/workflow.json")
    let deadline = EventLoop.monotonicNow().advanced(byMicroseconds: Self.longestMicroseconds)
    var engine = try start(["run", "--quiet", "--run-id", "r", "workflow.json"])
    var killsLeft = dice.below(7)
    while true {
      usleep(UInt32(dice.scaled(500, 40_000)))
      lookAtCommandLines()
      if dice.happens(30) { try lookAtRun() }
      if killsLeft > 0, dice.happens(50) {
        killsLeft -= 1
        killSomething(engine)
      }
      if hasEnded(engine) {
        if try isFinished() { break }
        let hasRun = try storage.attributes(of: "\(home)/runs/r") != nil
        engine = try start(
          hasRun
            ? ["restart", "--quiet", "r"] : ["run", "--quiet", "--run-id", "r", "workflow.json"])
      }
      if EventLoop.monotonicNow() > deadline {
        violations.append("the run does not end")
        break
      }
    }
    awaitProcesses()
    try lookAtTheEnd()
    for process in processes() { kill(process, SIGKILL) }
    if violations.isEmpty { try RoundFolder.remove(path) }
    return violations
  }

  // MARK: Processes

  private var environment: [String] {
    [
      "PATH=/usr/local/bin:/usr/bin:/bin", "HOME=\(path)", "FLOW_HOME=\(home)",
      "CI_KEY=\(plan.key)",
      "SWIFT_BACKTRACE=enable=no",
    ]
  }

  /// Starts a command of flow, whose output is looked at in the end.
  private mutating func start(_ arguments: [String]) throws(Errno) -> Int32 {
    if ["run", "restart"].contains(arguments[0]) { engines += 1 }
    said += 1
    let name = "\(path)/said-\(said)"
    let words = arguments.map { $0 == "workflow.json" ? "\(path)/workflow.json" : $0 }
    return try ChildProcess.start(
      [flow] + words, environment: environment, output: .file(name), errors: .file(name))
  }

  private func hasEnded(_ process: Int32) -> Bool {
    var status: Int32 = 0
    return unsafe waitpid(process, &status, WNOHANG) != 0
  }

  /// A command that is waited for.
  ///
  /// - Returns: what it said.
  private mutating func say(_ arguments: [String]) throws(Errno) -> [UInt8] {
    let process = try start(arguments)
    var status: Int32 = 0
    _ = try systemCall { unsafe waitpid(process, &status, 0) }
    let bytes = (try? FileReading.bytes(of: "\(path)/said-\(said)", limit: 64 << 20)) ?? []
    check(bytes, "the output of flow \(arguments.joined(separator: " "))")
    return bytes
  }

  /// Processes of the run, other than this one and what it has started.
  private func processes(named name: String? = nil) -> [Int32] {
    ProcessList.all().filter { process in
      guard process != getpid() else { return false }
      let folder = Array("FLOW_HOME=\(home)\0".utf8)
      let environment =
        (try? FileReading.bytes(of: "/proc/\(process)/environ", limit: 4 << 20)) ?? []
      guard SecretForms.contains(environment, folder) else { return false }
      guard let name else { return true }
      let title = (try? FileReading.bytes(of: "/proc/\(process)/comm", limit: 64)) ?? []
      return title == Array("\(name)\n".utf8)
    }
  }

  private mutating func killSomething(_ engine: Int32) {
    kills += 1
    let (monitors, launchers) = (
      processes(named: "flow: monitor"), processes(named: "flow: launcher")
    )
    switch dice.below(5) {
    case 0: kill(engine, SIGKILL)
    case 1: for monitor in monitors { kill(monitor, SIGKILL) }
    case 2: for launcher in launchers { kill(launcher, SIGKILL) }
    case 3:
      kill(engine, SIGKILL)
      for process in monitors + launchers { kill(process, SIGKILL) }
    default:
      for monitor in monitors { kill(monitor, SIGKILL) }
      kill(engine, SIGKILL)
    }
  }

  private func awaitProcesses() {
    for _ in 0..<1_000 {
      var status: Int32 = 0
      while unsafe waitpid(-1, &status, WNOHANG) > 0 {}
      if processes().isEmpty { return }
      usleep(10_000)
    }
  }

  // MARK: Looking

  private mutating func check(_ bytes: [UInt8], _ what: @autoclosure () -> String) {
    looks += 1
    for secret in secrets where secret.isIn(bytes) { violations.append("\(what()) holds a secret") }
  }

  /// `ps` shows what is in these.
  private mutating func lookAtCommandLines() {
    for process in ProcessList.all() {
      let line = (try? FileReading.bytes(of: "/proc/\(process)/cmdline", limit: 4 << 20)) ?? []
      if line.isEmpty { continue }
      looks += 1
      for secret in secrets where SecretForms.contains(line, secret.value) {
        // Commands of the steps themselves may do that: `printf` is none, it is built into the shell.
        violations.append("the command line of process \(process) shows a secret")
      }
    }
  }

  private mutating func events() throws(Errno) -> [JSON] {
    let text = String(decoding: try say(["events", "r", "--json"]), as: UTF8.self)
    return text.split(separator: "\n").compactMap { try? JSON(String($0)) }
  }

  private mutating func isFinished() throws(Errno) -> Bool {
    try events().last?["kind"]?.string == "runFinished"
  }

  /// What may be looked at while it runs: the outputs of attempts that have ended.
  private mutating func lookAtRun() throws(Errno) {
    for event in try events() where event["kind"]?.string == "attemptEnded" {
      guard let step = event["step"]?.string, let attempt = event["attempt"]?.integer else {
        continue
      }
      if event["mayHoldSecrets"] != nil {
        violations.append("\(step)#\(attempt) counts as not scrubbed, and all values are there")
      }
      let name = "\(home)/runs/r/attempts/\(step)@\(attempt).out"
      let bytes = (try? FileReading.bytes(of: name, limit: 64 << 20)) ?? []
      check(bytes, "the output of \(step)#\(attempt), whose end is recorded,")
    }
    _ = try say(dice.pick([["logs", "r"], ["status", "r"], ["why", "r"], ["logs", "r", "s0"]]))
  }

  /// When the run has ended: everything.
  private mutating func lookAtTheEnd() throws(Errno) {
    try lookAtRun()
    for command in [
      ["logs", "r"], ["why", "r"], ["why", "r", "s0"], ["report", "r", "--output", "-"],
      ["export", "r"], ["export", "r", "--format", "junit"], ["status", "r", "--json"],
      ["verify", "r"],
    ] { _ = try say(command) }
    for number in 1...said {
      let bytes = (try? FileReading.bytes(of: "\(path)/said-\(number)", limit: 64 << 20)) ?? []
      check(bytes, "what a command of flow said (said-\(number))")
    }
    try lookAtFiles(home)
    for name in try LinuxStorage().entries(of: "/dev/shm") where name.hasPrefix("flow-") {
      // Runs beside this one have other secrets.
      for file in (try? LinuxStorage().entries(of: "/dev/shm/\(name)")) ?? [] {
        let bytes = (try? FileReading.bytes(of: "/dev/shm/\(name)/\(file)", limit: 1 << 20)) ?? []
        check(bytes, "the file \(file) of \(name) in memory")
      }
    }
  }

  private mutating func lookAtFiles(_ folder: String) throws(Errno) {
    let storage = LinuxStorage()
    for name in try storage.entries(of: folder) {
      let inner = "\(folder)/\(name)"
      if try storage.attributes(of: inner)?.isDirectory == true {
        try lookAtFiles(inner)
      } else {
        check((try? FileReading.bytes(of: inner, limit: 64 << 20)) ?? [], "the file \(inner)")
      }
    }
  }
}

/// The processes of this machine.
private enum ProcessList {
  static func all() -> [Int32] {
    ((try? LinuxStorage().entries(of: "/proc")) ?? []).compactMap { Int32($0) }
  }
}
