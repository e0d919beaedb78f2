import FlowStorage

/// A sync that was started and whose outcome was not collected yet.
enum PendingSync {
  case done(Result<Void, Errno>)
  case onThread(SyncThread)

  /// Nil while it runs; on a thread, told once.
  var outcome: Result<Void, Errno>? {
    switch self {
    case .done(let result): result
    case .onThread(let thread): thread.finish()
    }
  }

  /// Whether the outcome is available without a wait.
  var isDone: Bool { if case .done = self { true } else { false } }

  /// Becomes readable when the sync is complete; nil if it is.
  var descriptor: Int32? {
    if case .onThread(let thread) = self { thread.doneDescriptor } else { nil }
  }
}
