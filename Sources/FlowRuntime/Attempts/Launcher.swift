import FlowCore
import FlowStorage

/// The launcher of a run as its engine sees it: there is none, or one that takes requests.
struct Launcher<Host: ProcessHost> {
  let file: LauncherFile<Host.Store>
  private let host: Host
  private let here: HostMark
  private(set) var isAlive = false

  private static var tries: Int { 3 }

  init(_ host: Host, _ file: LauncherFile<Host.Store>, here: HostMark) {
    self.host = host
    self.file = file
    self.here = here
  }

  enum OnStart: Equatable {
    case started
    /// Something of an earlier one is left.
    case lockIsHeld
    case failed(Errno)
  }

  /// Starts one, where there is none.
  mutating func start() -> OnStart {
    precondition(!isAlive, "a launcher takes requests already")
    var failure = Errno.tryAgain
    for _ in 0..<Self.tries {
      do throws(StorageError) {
        guard let lock = try file.take() else { return .lockIsHeld }
        do throws(StorageError) {
          // The record of the one before must not lead to this one's lock. That one may still
          // live, to reap what it has forked.
          let nobody = [UInt8](repeating: 0, count: LauncherRecord.byteCount)
          try lock.write(nobody.span, at: 0)
          isAlive = try start(holding: lock)
        } catch {
          // In words: Swift 6.3.1, optimizing, forgets to deinitialize what it took out of an
          // optional, and the engine would hold the lock against its own next launcher.
          try? lock.close()
          throw error
        }
        try? lock.close()
        return .started
      } catch {
        failure = error.errno
      }
    }
    return .failed(failure)
  }

  private func start(holding lock: borrowing File<Host.Store>) throws(StorageError) -> Bool {
    let processID: Int32
    do throws(Errno) {
      processID = try lock.lend { (handle) throws(Errno) in
        try host.startLauncher(holding: handle)
      }
    } catch {
      throw StorageError(.open, file.path, error)
    }
    guard let process = host.open(processID), let start = host.startTime(of: process) else {
      return true
    }
    let record = LauncherRecord(processID: processID, processStart: start, host: here)
    // Where it cannot be written, a launcher that lingers cannot be killed by a later engine.
    try? lock.write(record.encoded().span, at: 0)
    return true
  }

  mutating func isGone() {
    isAlive = false
  }

  /// Kills the launcher that holds the lock, if it can be told which process that is.
  ///
  /// - Returns: whether it was.
  func killOrphan() -> Bool {
    guard let record = file.launcher(), record.host == here,
      let process = host.open(record.processID)
    else { return false }
    // What was opened is that launcher only if it was started when it was, and one lives.
    guard host.startTime(of: process) == record.processStart,
      (try? file.isLocked()) == true, file.launcher() == record
    else { return false }
    host.signal(process, .kill)
    return true
  }
}
