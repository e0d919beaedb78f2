import CLinux
import FlowStorage
import Glibc
import Synchronization

/// Syncs on a thread of its own, one thing at a time, so that the driver can launch attempts and handle their
/// ends in the meantime. A process has at most two: for its log, and for the work of its steps.
final class SyncThread: Sendable {
  typealias Operation = @Sendable () throws(Errno) -> Void

  /// Becomes readable when a sync is complete.
  let doneDescriptor: Int32
  private let requestDescriptor: Int32
  private let operation = Mutex<Operation?>(nil)
  /// Zero, or the error number of the last sync.
  private let result = Atomic<Int32>(0)

  /// Signals must be blocked before; otherwise the thread would receive them.
  init() throws(Errno) {
    requestDescriptor = try systemCall { clinux_eventfd(0) }
    do throws(Errno) {
      doneDescriptor = try systemCall { clinux_eventfd(Int32(CLINUX_EVENTFD_NONBLOCK)) }
    } catch {
      _ = close(requestDescriptor)
      throw error
    }
    var thread = pthread_t()
    let context = unsafe Unmanaged.passRetained(self).toOpaque()
    let failure = unsafe pthread_create(
      &thread, nil,
      { context in
        if let context = unsafe context {
          unsafe Unmanaged<SyncThread>.fromOpaque(context).takeRetainedValue().serve()
        }
        return nil
      }, context)
    if failure != 0 {
      _ = close(requestDescriptor)
      _ = close(doneDescriptor)
      unsafe Unmanaged<SyncThread>.fromOpaque(context).release()
      throw Errno(rawValue: failure)
    }
    pthread_detach(thread)
  }

  /// Starts a sync. The next one may start once `finish` has returned an outcome.
  func start(_ operation: @escaping Operation) {
    self.operation.withLock { $0 = operation }
    Self.post(requestDescriptor)
  }

  /// The outcome of the sync; nil while it runs.
  func finish() -> Result<Void, Errno>? {
    guard Self.take(doneDescriptor) else { return nil }
    let failure = result.load(ordering: .acquiring)
    return failure == 0 ? .success(()) : .failure(Errno(rawValue: failure))
  }

  /// Runs as long as the process.
  private func serve() -> Never {
    while true {
      guard Self.take(requestDescriptor) else { continue }
      var failure: Int32 = 0
      do throws(Errno) {
        try operation.withLock { $0 }?()
      } catch {
        failure = error.rawValue
      }
      result.store(failure, ordering: .releasing)
      Self.post(doneDescriptor)
    }
  }

  private static func post(_ descriptor: Int32) {
    var one: UInt64 = 1
    let count = unsafe write(descriptor, &one, 8)
    precondition(count == 8, "an eventfd of this process refused a write")
  }

  private static func take(_ descriptor: Int32) -> Bool {
    var count: UInt64 = 0
    return unsafe read(descriptor, &count, 8) == 8
  }
}
