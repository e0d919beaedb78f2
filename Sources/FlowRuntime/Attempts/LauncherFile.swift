import CMonitor
import FlowStorage

/// The file whose lock is held by a run's launcher, and by each of its monitors until the attempt
/// record exists. While it is locked, a fork may be in flight, and a missing record may still
/// appear. The engine takes the lock for its launcher and does not keep it.
struct LauncherFile<Store: Storage> {
  let path: String
  let storage: Store

  /// Whether a launcher, or a monitor that is about to begin, holds the lock. Does not take it.
  func isLocked() throws(StorageError) -> Bool {
    do throws(StorageError) {
      return try File(path, .read, in: storage).isLockedByAnother()
    } catch {
      if error.errno == .noSuchFile { return false }
      throw error
    }
  }

  /// Takes the lock, and creates the file if it is missing.
  ///
  /// - Returns: nil if another process holds the lock.
  func take() throws(StorageError) -> File<Store>? {
    let file = try open()
    let isTaken: Bool
    do throws(StorageError) {
      // If a cleaner removed the file in the meantime, other processes would lock another one.
      isTaken = if try file.tryLock() { try file.isAtItsPath() } else { false }
    } catch {
      // Explicit for the reason given in `Launcher.start`.
      try? file.close()
      throw error
    }
    guard isTaken else {
      try file.close()
      return nil
    }
    return file
  }

  private func open() throws(StorageError) -> File<Store> {
    do throws(StorageError) {
      return try File(path, .update, in: storage)
    } catch {
      guard error.errno == .noSuchFile else { throw error }
      // It need not survive a power loss: no lock does.
      return try File(path, .create, in: storage)
    }
  }

  /// The launcher that was started last; nil if the file does not say.
  func launcher() -> LauncherRecord? {
    do throws(StorageError) {
      let file = try File(path, .read, in: storage)
      return .decode(try file.read(at: 0, count: LauncherRecord.byteCount))
    } catch {
      return nil
    }
  }
}

/// Which process the launcher is, so that a later engine can kill it as an orphan: 56 bytes
/// (`CheckedNumbers`).
struct LauncherRecord: Hashable {
  var processID: Int32
  /// Its start time as the kernel counts it.
  var processStart: UInt64
  var host: HostMark

  private static let magic: UInt64 = 0x6863_6e6c_776f_6c66  // "flowlnch"
  static let byteCount = CheckedNumbers.byteCount(6)

  func encoded() -> [UInt8] {
    CheckedNumbers.encode([
      Self.magic, UInt64(processID), processStart, host.boot, host.mount, host.processNamespace,
    ])
  }

  /// Nil if there is none, or it is incomplete.
  static func decode(_ bytes: [UInt8]) -> LauncherRecord? {
    guard let numbers = CheckedNumbers.decode(bytes, count: 6), numbers[0] == magic,
      let processID = Int32(exactly: numbers[1])
    else { return nil }
    let host = flow_host_context(boot: numbers[3], mount: numbers[4], process_namespace: numbers[5])
    return LauncherRecord(processID: processID, processStart: numbers[2], host: HostMark(host))
  }
}
