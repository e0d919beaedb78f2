import CLinux
import FlowCore
import FlowRuntime
import Glibc

/// Tells when somebody may have left a request in a run's folder (`CancelRequests`).
final class RequestWatch {
  private let path: String
  /// Readable when something is new there; -1 where nothing is watched.
  private(set) var descriptor: Int32 = -1
  /// Whether what is there was not looked at since the watch began, or since something was new.
  private var hasNews = true
  private var isFolderWatched = false
  /// Where nothing can be watched: the next look.
  private(set) var nextLook: Instant?

  /// Watches are few for each user (inotify(7)); without one, requests are found a second late.
  private static let lookMilliseconds: Int64 = 1_000

  init(_ folder: RunFolder) {
    path = folder.requests
    watch(folder.requests, elseIn: folder.path)
  }

  deinit {
    if descriptor >= 0 { _ = close(descriptor) }
  }

  /// The folder of requests is made with the first request; until then it is what is waited for.
  private func watch(_ requests: String, elseIn folder: String) {
    descriptor = unsafe clinux_watch_folder(requests)
    isFolderWatched = descriptor >= 0
    if descriptor < 0 && errno == ENOENT { descriptor = unsafe clinux_watch_folder(folder) }
    if descriptor < 0 { lookLater() }
  }

  private func lookLater() {
    nextLook = EventLoop.monotonicNow().advanced(byMilliseconds: Self.lookMilliseconds)
  }

  /// Something is to be read from the descriptor.
  func takeEvents() {
    // What they say does not matter. They are at most so long (inotify(7)).
    var buffer = [UInt8](repeating: 0, count: 4_096)
    while unsafe read(descriptor, &buffer, buffer.count) > 0 {}
    hasNews = true
    if isFolderWatched { return }
    // The first request may have come with its folder: so what is there is looked at after this.
    let inFolder = unsafe clinux_watch_folder(path)
    guard inFolder >= 0 else {
      if errno != ENOENT { lookLater() }
      return
    }
    _ = close(descriptor)
    descriptor = inFolder
    isFolderWatched = true
  }

  /// Whether something may be new since this was last asked.
  func take() -> Bool {
    if let nextLook, nextLook <= EventLoop.monotonicNow() {
      hasNews = true
      lookLater()
    }
    defer { hasNews = false }
    return hasNews
  }
}
