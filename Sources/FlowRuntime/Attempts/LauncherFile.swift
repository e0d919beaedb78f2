import CMonitor
import FlowStorage

/// The file whose lock a run's launcher holds, and each of its monitors until the attempt's record
/// is made: while it is locked a fork may be in flight, and a record that is missing may yet come.
/// The engine takes the lock for its launcher and keeps none of it.
struct LauncherFile<Store: Storage> {
  let path: String
  let storage: Store

  /// Whether a launcher, or a monitor that is about to begin, holds the lock. Takes nothing.
  func isLocked() throws(StorageError) -> Bool {
    do throws(StorageError) {
      return try File(path, .read, in: storage).isLockedByAnother()
    } catch {
      if error.errno == .noSuchFile { return false }
      throw error
    }
  }

  /// Takes the lock; the file is made where it is missing.
  ///
  /// - Returns: nil if another holds it.
  func take() throws(StorageError) -> File<Store>? {
    let file = try open()
    let isTaken: Bool
    do throws(StorageError) {
      // A cleaner may have removed it meanwhile: then others will find another.
      isTaken = if try file.tryLock() { try file.isAtItsPath() } else { false }
    } catch {
      // In words, as in `Launcher.start`: the engine would hold the lock against its own launcher.
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
      // Nothing of it has to outlive a power loss: no lock does.
      return try File(path, .create, in: storage)
    }
  }

  /// What the launcher that was started last is; nil where nobody has said.
  func launcher() -> LauncherRecord? {
    do throws(StorageError) {
      let file = try File(path, .read, in: storage)
      return .decode(try file.read(at: 0, count: LauncherRecord.byteCount))
    } catch {
      return nil
    }
  }
}

/// Which process the launcher is, so that a later engine can find one that lingers: 56 bytes
/// (`CheckedNumbers`).
struct LauncherRecord: Hashable {
  var processID: Int32
  /// When it was started, in the kernel's own count.
  var processStart: UInt64
  var host: HostMark

  private static let magic: UInt64 = 0x6863_6e6c_776f_6c66  // "flowlnch"
  static let byteCount = CheckedNumbers.byteCount(6)

  func encoded() -> [UInt8] {
    CheckedNumbers.encode([
      Self.magic, UInt64(processID), processStart, host.boot, host.mount, host.processNamespace,
    ])
  }

  /// Nil where there is none, or not a whole one.
  static func decode(_ bytes: [UInt8]) -> LauncherRecord? {
    guard let numbers = CheckedNumbers.decode(bytes, count: 6), numbers[0] == magic,
      let processID = Int32(exactly: numbers[1])
    else { return nil }
    let host = flow_host_context(boot: numbers[3], mount: numbers[4], process_namespace: numbers[5])
    return LauncherRecord(processID: processID, processStart: numbers[2], host: HostMark(host))
  }
}
