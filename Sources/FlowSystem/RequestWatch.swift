import CLinux
import FlowCore
import FlowRuntime
import Glibc

/// Reports when a run's folder may have received a cancel request (`CancelRequests`).
final class RequestWatch {
  private let path: String
  /// Becomes readable when the folder changes; -1 without a watch.
  private(set) var descriptor: Int32 = -1
  /// Whether the folder was not read since the watch began, or since its last change.
  private var hasNews = true
  private var isFolderWatched = false
  /// Without a watch: the time of the next look.
  private(set) var nextLook: Instant?

  /// The kernel limits watches per user (inotify(7)). Without one, requests are found a second
  /// late.
  private static let lookMilliseconds: Int64 = 1_000

  init(_ folder: RunFolder) {
    path = folder.requests
    watch(folder.requests, elseIn: folder.path)
  }

  deinit {
    if descriptor >= 0 { _ = close(descriptor) }
  }

  /// The first request creates the folder of requests; until then its parent is watched.
  private func watch(_ requests: String, elseIn folder: String) {
    descriptor = unsafe clinux_watch_folder(cPath(requests))
    isFolderWatched = descriptor >= 0
    if descriptor < 0 && errno == ENOENT { descriptor = unsafe clinux_watch_folder(cPath(folder)) }
    if descriptor < 0 { lookLater() }
  }

  private func lookLater() {
    nextLook = EventLoop.monotonicNow().advanced(byMilliseconds: Self.lookMilliseconds)
  }

  /// Drains the descriptor once it is readable.
  func takeEvents() {
    // The content of the events does not matter; this is their largest size (inotify(7)).
    var buffer = [UInt8](repeating: 0, count: 4_096)
    while unsafe read(descriptor, &buffer, buffer.count) > 0 {}
    hasNews = true
    if isFolderWatched { return }
    // The first request may have arrived with its folder, so the caller reads the folder after
    // this.
    let inFolder = unsafe clinux_watch_folder(cPath(path))
    guard inFolder >= 0 else {
      if errno != ENOENT { lookLater() }
      return
    }
    _ = close(descriptor)
    descriptor = inFolder
    isFolderWatched = true
  }

  /// Whether there may be a new request since the last call.
  func take() -> Bool {
    if let nextLook, nextLook <= EventLoop.monotonicNow() {
      hasNews = true
      lookLater()
    }
    defer { hasNews = false }
    return hasNews
  }
}
