package import FlowCore
import FlowStorage

/// Stops the running attempts of a run whose history cannot be read, or whose engine does not
/// answer. The attempt records are the only source.
package struct ForcedStop<Host: ProcessHost, Time: TimeSource> {
  private let folder: RunFolder
  private let host: Host
  private let time: Time
  private let here: HostMark
  private let records: RecordReader<Host.Store>

  package struct Report: Equatable, Sendable {
    /// Attempts whose monitors were told to end them and did, or were killed with what they watched.
    package var stopped = 0
    /// Records of attempts that still run: their monitors run in another host context, cannot be
    /// told from the records, or have not ended.
    package var left: [String] = []
    /// Records that cannot be read: the outcome of their attempts is unknown.
    package var unreadable: [String] = []
    /// Records of attempts whose monitors were killed, and of which processes are left that cannot be
    /// killed.
    package var unkillable: [String] = []
  }

  /// A monitor locks its record before it writes its process id into it.
  private static var beginMicroseconds: Int64 { 1_000_000 }
  /// A storage failure can be temporary.
  private static var looks: Int { 4 }
  /// A monitor gives up on processes that it cannot kill after thirty seconds.
  private static var limitMicroseconds: Int64 { 35_000_000 }

  /// - Parameter here: the host context of this process.
  package init(
    _ folder: RunFolder, host: Host, storage: Host.Store, time: Time, here: HostContext
  ) {
    self.folder = folder
    self.host = host
    self.time = time
    self.here = HostMark(here)
    records = RecordReader(storage: storage)
  }

  /// Tells every monitor of this host context to end its attempt without grace, and waits for all
  /// of them.
  package func perform() throws(RunError) -> Report {
    let begin = time.now().monotonic
    let haveBegun = begin.advanced(byMicroseconds: Self.beginMicroseconds)
    let deadline = begin.advanced(byMicroseconds: Self.limitMicroseconds)
    var told: [String: Instant] = [:]
    var killed: [String: AttemptID] = [:]
    var left: [String] = []
    var unkillable: Set<String> = []
    // How often in a row each could not be read.
    var failures: [String: Int] = [:]
    while true {
      left = []
      let now = time.now().monotonic
      var isWaiting = false
      // Listed anew each time: a launcher that still lives may have started more attempts.
      for path in try records.paths(in: folder) {
        guard let sighting = try? records.look(atPath: path) else {
          failures[path, default: 0] += 1
          if failures[path, default: 0] < Self.looks || told[path] != nil { isWaiting = true }
          continue
        }
        failures[path] = nil
        guard sighting.isLocked else {
          // With an end in its record, what is left of the attempt may stay.
          if let attempt = killed.removeValue(forKey: path), sighting.record?.end == nil,
            sweep(attempt, path) > 0
          {
            unkillable.insert(path)
          }
          continue
        }
        left.append(path)
        if let since = told[path] {
          let isLate = since.advanced(byMicroseconds: DeafMonitor.patienceMicroseconds)
          if killed[path] == nil, now >= isLate { killed[path] = killIfDeaf(sighting, path) }
        } else if let monitor = monitor(sighting, path) {
          host.signal(monitor, .force)
          told[path] = now
        }
        if told[path] != nil || now < haveBegun { isWaiting = true }
      }
      if !isWaiting || now >= deadline { break }
      time.pause(until: now.advanced(byMicroseconds: Backoff.firstMicroseconds))
    }
    let unreadable = failures.keys.sorted()
    return Report(
      stopped: Set(told.keys).subtracting(left).subtracting(unreadable).subtracting(unkillable)
        .count, left: left, unreadable: unreadable, unkillable: unkillable.sorted())
  }

  /// - Returns: the monitor, if it lives in this host context.
  private func monitor(_ sighting: RecordSighting, _ path: String) -> Host.ProcessHandle? {
    guard let start = sighting.record?.start, start.host == here,
      let monitor = host.open(start.monitorID)
    else { return nil }
    // Ids are reused: the process that was opened is the monitor only if the monitor's lock is held
    // now, and its start time is the recorded one.
    guard let again = try? records.look(atPath: path), again.isLocked,
      again.record?.start == start,
      host.startTime(of: monitor) == start.monitorStart
    else { return nil }
    return monitor
  }

  /// - Returns: the attempt, if its monitor did not act and was killed.
  private func killIfDeaf(_ sighting: RecordSighting, _ path: String) -> AttemptID? {
    guard let monitor = monitor(sighting, path), host.isPending(.force, in: monitor),
      let attempt = sighting.record?.start?.id
    else { return nil }
    host.signal(monitor, .kill)
    return attempt
  }

  /// Kills what a killed monitor has left. Its engine may do the same at the same time.
  ///
  /// - Returns: how many processes cannot be killed.
  private func sweep(_ attempt: AttemptID, _ path: String) -> Int32 {
    let name = PathName.last(of: path)
    guard let file = AttemptFileName(name) else { return 0 }
    let variables = LaunchPlan.identity(
      of: file.stepID, file.stepID, attempt.number, runID: PathName.last(of: folder.path), folder)
    return host.killOrphans(
      of: LaunchRequest(
        attempt: attempt, intent: 0, arguments: [], environment: variables,
        workingDirectory: "/", outputPath: "", recordPath: path, settings: StepSettings())
    ).unkillable
  }
}
