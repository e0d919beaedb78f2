import FlowCore
import FlowStorage
import FlowSystem
import Glibc

/// A build that is edited and run again, compared with its model.
struct BuildRound {
  private let path: String
  private let flow: String
  private var dice: Dice
  private var model: BuildModel
  private let storage = LinuxStorage()
  /// By step, the keys with which it has succeeded.
  private var known: [Set<String>]
  /// By step, what is wrong with its file.
  private var isDamaged: Set<Int> = []
  /// What is in the places of the files, if they are not damaged.
  private var inPlace: [String]
  private var runs = 0
  private var kills = 0
  private var ran = 0
  private var reused = 0

  private static let longestMicroseconds: Int64 = 300_000_000

  init(seed: UInt64, steps: Int, folder: String, flow: String) {
    path = folder
    self.flow = flow
    dice = Dice(seed: seed)
    model = BuildModel(&dice, steps: steps)
    known = Array(repeating: [], count: steps)
    inPlace = Array(repeating: "", count: steps)
    isDamaged = Set(0..<steps)
  }

  var totals: String {
    "\(runs) runs, \(kills) killed, \(ran) steps ran, \(reused) were reused"
  }

  private var home: String { "\(path)/home" }
  private var work: String { "\(path)/work" }

  /// - Returns: what was violated; after the first violation nothing follows.
  mutating func play(edits: Int) throws(Errno) -> [String] {
    try RoundFolder.remove(path)
    for folder in [path, work, "\(work)/src", "\(work)/out"] { try storage.makeDirectory(folder) }
    for source in model.sources.indices { try write(source) }
    var violation = try build(kills: false)
    var edit = 0
    while edit < edits, violation == nil {
      let count = dice.weighted([(70, 1), (20, 2), (10, 0)])
      for _ in 0..<count { try change() }
      edit += max(1, count)
      violation = try build(kills: dice.happens(20))
    }
    HomeProcesses.kill(ofHome: home)
    if let violation { return [violation] }
    try RoundFolder.remove(path)
    return []
  }

  // MARK: Edits

  private func write(_ source: Int) throws(Errno) {
    let text = BuildModel.text(ofSource: model.sources[source])
    try FileWriting.write(Array(text.utf8), to: "\(work)/src/\(source)")
  }

  private mutating func change() throws(Errno) {
    let step = dice.below(model.steps.count)
    let file = "\(work)/out/\(step)"
    switch dice.below(9) {
    case 0...2:
      let source = dice.below(model.sources.count)
      model.sources[source] = dice.below(3)
      try write(source)
    case 3: try write(dice.below(model.sources.count))
    case 4: model.steps[step].salt = dice.below(3)
    case 5: model.steps[step].mode = dice.below(3)
    case 6:
      unsafe _ = unlink(file)
      isDamaged.insert(step)
    case 7:
      try FileWriting.write(Array("by hand\n".utf8), to: file)
      isDamaged.insert(step)
    // It is the same.
    default:
      if !isDamaged.contains(step) {
        try FileWriting.write(Array(inPlace[step].utf8), to: file)
      }
    }
  }

  // MARK: Runs

  private mutating func build(kills isKilled: Bool) throws(Errno) -> String? {
    runs += 1
    let id = "r\(runs)"
    try FileWriting.write(Array(model.definition.utf8), to: "\(work)/build.json")
    unsafe _ = unlink("\(work)/ran")
    let deadline = EventLoop.monotonicNow().advanced(byMicroseconds: Self.longestMicroseconds)
    var killsLeft = isKilled ? 1 + dice.below(2) : 0
    while true {
      let exists = try storage.attributes(of: "\(home)/runs/\(id)/definition.json") != nil
      let engine = try start(
        exists ? ["restart", "--quiet", id] : ["run", "--quiet", "--run-id", id, "build.json"])
      if killsLeft > 0 {
        killsLeft -= 1
        kills += 1
        usleep(UInt32(dice.scaled(1_000, 600_000)))
        kill(engine, SIGKILL)
        if dice.happens(50) { HomeProcesses.kill(ofHome: home) }
      }
      let ending = try end(of: engine, deadline)
      if ending == nil { return "run \(id) does not end" }
      if ending == .signal(Int(SIGKILL)) { continue }
      // A run that came to its end when it was killed is not restarted.
      if ending != .exit(0), try !hasSucceeded(id) {
        return "run \(id) has ended with \(ending.map { "\($0)" } ?? "")"
      }
      break
    }
    return try check(id)
  }

  private func start(_ arguments: [String]) throws(Errno) -> Int32 {
    try ChildProcess.start(
      [flow] + arguments.map { $0 == "build.json" ? "\(work)/build.json" : $0 },
      environment: [
        "PATH=/usr/local/bin:/usr/bin:/bin", "FLOW_HOME=\(home)", "SWIFT_BACKTRACE=enable=no",
      ], output: .file("\(path)/said"), errors: .file("\(path)/said"))
  }

  private func end(of process: Int32, _ deadline: Instant) throws(Errno) -> ChildProcess.Ending? {
    while EventLoop.monotonicNow() < deadline {
      if let ending = ChildProcess.end(of: process) { return ending }
      usleep(2_000)
    }
    kill(process, SIGKILL)
    return nil
  }

  private func hasSucceeded(_ id: String) throws(Errno) -> Bool {
    let process = try start(["status", "--exit-status", id])
    let deadline = EventLoop.monotonicNow().advanced(byMicroseconds: Self.longestMicroseconds)
    return try end(of: process, deadline) == .exit(0)
  }

  // MARK: What must hold

  private mutating func check(_ id: String) throws(Errno) -> String? {
    let (contents, keys) = (model.contents(), model.keys())
    for (step, content) in contents.enumerated() {
      let found = (try? FileReading.bytes(of: "\(work)/out/\(step)", limit: 1 << 20)) ?? []
      if found != Array(content.utf8) {
        return "run \(id): out/\(step) is not what a build from nothing makes"
      }
    }
    let left = try storage.entries(of: "\(work)/out").filter { Int($0) == nil }
    if !left.isEmpty { return "run \(id): \(left) are in out" }
    let text = (try? FileReading.bytes(of: "\(work)/ran", limit: 1 << 20)) ?? []
    let found = Set(
      String(decoding: text, as: UTF8.self).split(separator: "\n").compactMap { Int($0) })
    // A step runs if its key is new, or if what it made with that key is not in place.
    let expected = Set(
      model.steps.indices.filter { step in
        !known[step].contains(keys[step]) || isDamaged.contains(step)
          || inPlace[step] != contents[step]
      })
    ran += found.count
    reused += model.steps.count - found.count
    if found != expected {
      return "run \(id): steps \(found.subtracting(expected).sorted()) ran for no reason, and"
        + " \(expected.subtracting(found).sorted()) did not run"
    }
    for step in model.steps.indices { known[step].insert(keys[step]) }
    (inPlace, isDamaged) = (contents, [])
    return nil
  }
}
