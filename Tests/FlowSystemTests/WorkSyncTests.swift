import FlowStorage
import FlowSystem
import Glibc
import TestSupport
import Testing

/// File systems are synced on a thread, and the end of that is told once.
struct WorkSyncTests {
  private func outcome(of sync: WorkSync) async throws -> Result<Void, Errno>? {
    var outcome: Result<Void, Errno>?
    _ = try await eventually {
      outcome = sync.finish()
      return outcome != nil
    }
    return outcome
  }

  /// Of a folder that is gone, the nearest one counts that is there; nothing of a tmpfs is synced.
  @Test func eachFileSystemIsSynced() async throws {
    let folder = TemporaryFolder()
    let sync = WorkSync()
    sync.start([folder.path, "\(folder.path)/gone/deeper", "/proc/self", "/dev/shm"])
    #expect(try await outcome(of: sync)?.failure == nil)
    #expect(sync.finish() == nil, "told once")
    // The next one has a thread already.
    sync.start([folder.path])
    #expect(sync.descriptor != nil)
    #expect(try await outcome(of: sync)?.failure == nil)
    #expect(sync.descriptor == nil)
  }

  @Test func aFolderThatCannotBeLookedForIsAnError() async throws {
    let sync = WorkSync()
    sync.start(["/" + String(repeating: "x", count: 300)])
    #expect(try await outcome(of: sync)?.failure == Errno(rawValue: ENAMETOOLONG))
  }
}

extension Result<Void, Errno> {
  fileprivate var failure: Errno? { if case .failure(let error) = self { error } else { nil } }
}
