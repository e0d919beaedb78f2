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
    /// Attempts whose monitors were told to end them, and did.
    package var stopped = 0
    /// Records of attempts that still run: their monitors run in another host context, cannot be
    /// told from the records, or have not ended.
    package var left: [String] = []
    /// Records that cannot be read: the outcome of their attempts is unknown.
    package var unreadable: [String] = []
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
    var told: Set<String> = []
    var left: [String] = []
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
          if failures[path, default: 0] < Self.looks || told.contains(path) { isWaiting = true }
          continue
        }
        failures[path] = nil
        guard sighting.isLocked else { continue }
        left.append(path)
        if !told.contains(path), tell(sighting, path) { told.insert(path) }
        if told.contains(path) || now < haveBegun { isWaiting = true }
      }
      if !isWaiting || now >= deadline { break }
      time.pause(until: now.advanced(byMicroseconds: Backoff.firstMicroseconds))
    }
    let unreadable = failures.keys.sorted()
    return Report(
      stopped: told.subtracting(left).subtracting(unreadable).count, left: left,
      unreadable: unreadable)
  }

  /// - Returns: whether the monitor was told.
  private func tell(_ sighting: RecordSighting, _ path: String) -> Bool {
    guard let start = sighting.record?.start, start.host == here,
      let monitor = host.open(start.monitorID)
    else { return false }
    // Ids are reused: the process that was opened is the monitor only if the monitor's lock is held
    // now, and its start time is the recorded one.
    guard let again = try? records.look(atPath: path), again.isLocked,
      again.record?.start == start,
      host.startTime(of: monitor) == start.monitorStart
    else { return false }
    host.signal(monitor, .force)
    return true
  }
}
