import FlowCore
import FlowStorage

/// The launcher of a run: none is alive, or one that takes requests.
struct Launcher<Host: ProcessHost> {
  let file: LauncherFile<Host.Store>
  private let host: Host
  private let here: HostMark
  private(set) var isAlive = false
  /// What commands inherit; nil until it is known.
  var environment: RunEnvironment?

  private static var tries: Int { 3 }

  init(_ host: Host, _ file: LauncherFile<Host.Store>, here: HostMark) {
    self.host = host
    self.file = file
    self.here = here
  }

  enum OnStart: Equatable {
    case started
    /// An earlier launcher, or a fork of it, still holds the lock.
    case lockIsHeld
    case failed(Errno)
  }

  /// Starts a launcher; none may be alive.
  mutating func start() -> OnStart {
    precondition(!isAlive, "a launcher takes requests already")
    var failure = Errno.tryAgain
    for _ in 0..<Self.tries {
      do throws(StorageError) {
        guard let lock = try file.take() else { return .lockIsHeld }
        do throws(StorageError) {
          // The file must not name the previous launcher while this one holds the lock: the
          // previous one may still live, to reap its monitors.
          let blank = [UInt8](repeating: 0, count: LauncherRecord.byteCount)
          try lock.write(blank.span, at: 0)
          isAlive = try start(holding: lock)
        } catch {
          // Explicit, since Swift 6.3.1, optimizing, does not deinitialize a value that was taken
          // out of an optional: the engine would hold the lock against its own next launcher.
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
    guard let environment else { preconditionFailure("commands have no environment yet") }
    let processID: Int32
    do throws(Errno) {
      processID = try lock.lend { (handle) throws(Errno) in
        try host.startLauncher(holding: handle, environment)
      }
    } catch {
      throw StorageError(.open, file.path, error)
    }
    guard let process = host.open(processID), let start = host.startTime(of: process) else {
      return true
    }
    let record = LauncherRecord(processID: processID, processStart: start, host: here)
    // If it cannot be written, a later engine cannot kill this launcher as an orphan.
    try? lock.write(record.encoded().span, at: 0)
    return true
  }

  mutating func isGone() {
    isAlive = false
  }

  /// Kills the launcher that holds the lock, if the file tells which process that is.
  ///
  /// - Returns: whether it was killed.
  func killOrphan() -> Bool {
    guard let record = file.launcher(), record.host == here,
      let process = host.open(record.processID)
    else { return false }
    // Ids are reused: the process that was opened is the launcher only if its start time is the
    // recorded one, and the lock is still held.
    guard host.startTime(of: process) == record.processStart,
      (try? file.isLocked()) == true, file.launcher() == record
    else { return false }
    host.signal(process, .kill)
    return true
  }
}
