import FlowCore
import FlowPublication
import FlowRuntime
import FlowStorage
import FlowSystem
import FlowText
import Glibc

/// One run of a proof, from its start to its end.
struct ProofRun {
  struct Result {
    /// Nil if the run did not end in time.
    var ending: ChildProcess.Ending?
    /// How the attempt was that was to be lost; nil if it ended before it was seen.
    var kill: AttemptKiller.Kill?
    var recovery: ProofHistory.Recovery
    var attempts: [ProofPlan.Attempt]
    /// `STEP.NAME` and a value.
    var outputs: [String: [UInt8]]
    /// The files that steps have declared and published, relative to the workflow's folder.
    var published: Set<String>
    /// What the run printed as an error.
    var errors: String

    var succeeded: Bool { ending == .exit(0) }
  }

  private static let id = "proof"
  /// How long a run has to end that is told to, in milliseconds.
  private static let patience: Int32 = 10_000

  private let scratch: ProofScratch
  private let options: [String]
  private let file: String
  private let signals: StopSignals

  private var home: RunHome<LinuxStorage> { RunHome(scratch.home, in: LinuxStorage()) }

  /// - Parameters:
  ///   - file: the name of the definition file in the workflow's folder.
  ///   - options: more words for `flow run`.
  init(
    _ file: String, _ options: [String],
    in scratch: ProofScratch, _ signals: StopSignals
  ) {
    self.scratch = scratch
    self.options = options
    self.file = file
    self.signals = signals
  }

  /// - Parameter limit: microseconds after which the run is killed.
  func perform(
    _ disturbance: ProofPlan.Disturbance?, limit: Int64
  ) throws(ProofStop) -> Result {
    try drive(
      ["run", "--quiet", "--no-cache", "--run-id", Self.id] + options + ["\(scratch.work)/\(file)"],
      disturbance, limit: limit)
  }

  /// What a user does about a run that has failed.
  func restart(limit: Int64) throws(ProofStop) -> Result {
    unsafe _ = unlink(cPath(scratch.errors))
    return try drive(
      ["restart", "--failed", "--quiet", Self.id], nil, limit: limit)
  }

  private func drive(
    _ words: [String], _ disturbance: ProofPlan.Disturbance?, limit: Int64
  ) throws(ProofStop) -> Result {
    let process: Int32
    do throws(Errno) {
      process = try ChildProcess.start(
        ["/proc/self/exe"] + words, environment: environment, output: .nothing,
        errors: .file(scratch.errors))
    } catch {
      throw .failed(.system("start flow", error))
    }
    var history = ProofHistory(of: Self.id, in: home, losing: disturbance?.attempt.id)
    var killer = AttemptKiller(disturbance, in: home.folder(of: Self.id))
    let begin = EventLoop.monotonicNow().microseconds
    var ending: ChildProcess.Ending?
    while true {
      ending = ChildProcess.end(of: process)
      killer.look()
      // Not while the attempt is looked for, which can be over before the history is read.
      if !killer.needsCare || ending != nil { history.readOn() }
      if ending != nil { break }
      if EventLoop.monotonicNow().microseconds - begin > limit {
        killer.release()
        abandon(process)
        history.readOn()
        break
      }
      if let signal = signals.wait(microseconds: killer.needsCare ? 50 : 1_000) {
        killer.release()
        abandon(process)
        throw .asked(signal)
      }
    }
    // What a step leaves on purpose would be in the way of the next run.
    HomeProcesses.kill(ofHome: scratch.home)
    let errors = (try? FileReading.tail(of: scratch.errors, limit: 1 << 16)) ?? []
    return Result(
      ending: ending, kill: history.wasLost ? killer.kill : nil, recovery: history.recovery,
      attempts: history.attempts, outputs: history.outputs(), published: published(),
      errors: String(decoding: errors, as: UTF8.self))
  }

  private var environment: [String] {
    ProcessFacts.environment().variables.map(RawText.text)
      .filter { !$0.hasPrefix("FLOW_HOME=") } + ["FLOW_HOME=\(scratch.home)"]
  }

  /// Ends the run and all its processes.
  private func abandon(_ process: Int32) {
    if let engine = ProcessDescriptor(process) {
      engine.signal(SIGQUIT)
      _ = engine.awaitEnd(milliseconds: Self.patience)
    }
    HomeProcesses.kill(ofHome: scratch.home)
    _ = ChildProcess.end(of: process)
  }

  /// A manifest that cannot be read tells of no file.
  private func published() -> Set<String> {
    let manifests =
      (try? PublishedManifest.last(in: home.folder(of: Self.id), of: LinuxStorage())) ?? []
    var paths: Set<String> = []
    for published in manifests {
      guard let bytes = try? FileReading.bytes(of: published.path, limit: 1 << 30),
        let manifest = try? Manifest.decode(bytes)
      else { continue }
      for root in manifest.roots {
        if let path = WorkFolder.path("\(manifest.folder)/\(root.path)", in: scratch.work) {
          paths.insert(path)
        }
      }
    }
    return paths
  }
}
