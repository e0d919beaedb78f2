import CLinux
package import FlowStorage
import Glibc

/// Syncs the file systems that steps write to, on a thread of its own.
package final class WorkSync {
  private var pending: PendingSync?
  private var thread: SyncThread?

  package init() {}

  /// - Parameter folders: absolute paths. Of one that is gone, the nearest folder counts that is there.
  package func start(_ folders: [String]) {
    precondition(pending == nil, "a sync was started while another is in progress")
    if thread == nil { thread = try? SyncThread() }
    if let thread {
      thread.start { () throws(Errno) in try Self.syncFileSystems(of: folders) }
      pending = .onThread(thread)
    } else {
      // Without a thread or descriptor, a synchronous sync is slower and just as durable.
      pending = .done(Result { () throws(Errno) in try Self.syncFileSystems(of: folders) })
    }
  }

  /// The outcome of the sync, once; nil while it runs.
  package func finish() -> Result<Void, Errno>? {
    let outcome = pending?.outcome
    if outcome != nil { pending = nil }
    return outcome
  }

  /// Whether the outcome of a sync is available without a wait.
  package var isFinished: Bool { pending?.isDone ?? false }

  /// A descriptor that becomes readable when the sync in progress is complete; nil if there is none.
  package var descriptor: Int32? { pending?.descriptor }

  // MARK: File systems

  package static func syncFileSystems(of folders: [String]) throws(Errno) {
    var synced: Set<dev_t> = []
    for folder in folders {
      guard let descriptor = try openNearest(folder) else { continue }
      defer { _ = close(descriptor) }
      var status = stat()
      _ = try systemCall { unsafe fstat(descriptor, &status) }
      guard synced.insert(status.st_dev).inserted,
        !typesInMemory.contains(clinux_file_system_of(descriptor))
      else { continue }
      _ = try systemCall { clinux_sync_file_system(descriptor) }
    }
  }

  /// What statfs(2) says of tmpfs and ramfs: nothing of them outlives the memory of the machine.
  private static let typesInMemory = [0x0102_1994, 0x8584_58f6]

  /// - Returns: nil if not even the root can be opened.
  private static func openNearest(_ folder: String) throws(Errno) -> Int32? {
    var path = folder
    while true {
      do throws(Errno) {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        return try systemCall { unsafe clinux_open(cPath(path), flags, 0) }
      } catch {
        switch error {
        // A folder that may not be read is on the file system of the one that holds it, as good as always.
        case .noSuchFile, .notDirectory, .permissionDenied: break
        default: throw error
        }
      }
      guard path != "/", let slash = path.lastIndex(of: "/") else { return nil }
      path = slash == path.startIndex ? "/" : String(path[..<slash])
    }
  }
}
