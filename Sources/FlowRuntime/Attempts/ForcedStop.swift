package import FlowCore
import FlowStorage

/// Ends what runs of a run whose history cannot be read: all that is known of it is what the records
/// of its attempts say.
package struct ForcedStop<Host: ProcessHost, Time: TimeSource> {
  private let folder: RunFolder
  private let host: Host
  private let time: Time
  private let here: HostMark
  private let records: RecordReader<Host.Store>

  package struct Report: Equatable, Sendable {
    /// Attempts whose monitors were told to end them, and have.
    package var stopped = 0
    /// The records of those that go on: their monitors run elsewhere, cannot be told from the records,
    /// or have not come to an end.
    package var left: [String] = []
    /// The records that cannot be read: what became of their attempts nobody knows.
    package var unreadable: [String] = []
  }

  /// A monitor that has just begun has its record locked before it says who it is.
  private static var beginMicroseconds: Int64 { 1_000_000 }
  /// A storage that fails now may not a moment later.
  private static var looks: Int { 4 }
  /// A monitor gives up what it cannot kill after thirty seconds.
  private static var limitMicroseconds: Int64 { 35_000_000 }

  /// - Parameter here: where this process runs.
  package init(
    _ folder: RunFolder, host: Host, storage: Host.Store, time: Time, here: HostContext
  ) {
    self.folder = folder
    self.host = host
    self.time = time
    self.here = HostMark(here)
    records = RecordReader(storage: storage)
  }

  /// Tells every monitor that lives here to end its attempt without grace, and waits for all of them.
  package func perform() throws(RunError) -> Report {
    let begin = time.now().monotonic
    let haveBegun = begin.advanced(byMicroseconds: Self.beginMicroseconds)
    let deadline = begin.advanced(byMicroseconds: Self.limitMicroseconds)
    var told: Set<String> = []
    var left: [String] = []
    // How often each could not be read, up to the last look.
    var failures: [String: Int] = [:]
    while true {
      left = []
      let now = time.now().monotonic
      var isWaiting = false
      // Anew each time: a launcher that still lives may have begun more.
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

  /// - Returns: whether there was a monitor to be told.
  private func tell(_ sighting: RecordSighting, _ path: String) -> Bool {
    guard let start = sighting.record?.start, start.host == here,
      let monitor = host.open(start.monitorID)
    else { return false }
    // What was opened is the monitor only if one still lives now, and was started when this process
    // was.
    guard let again = try? records.look(atPath: path), again.isLocked,
      again.record?.start == start,
      host.startTime(of: monitor) == start.monitorStart
    else { return false }
    host.signal(monitor, .force)
    return true
  }
}
