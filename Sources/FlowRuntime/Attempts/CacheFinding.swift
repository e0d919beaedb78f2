import FlowCache
import FlowCore
import FlowStorage

/// What the process of an attempt has found in the cache before its command ran.
struct CacheFinding {
  private let note: CacheNote
  private let looksForResults: Bool

  /// Larger notes are of steps with very many inputs.
  private static let mostBytes = 256 << 20

  /// Nil if it has not looked, or was ended before it could say what it found.
  ///
  /// - Throws: if the storage fails.
  init?(
    of request: LaunchRequest, _ end: AttemptEnd, in storage: some Storage
  ) throws(StorageError) {
    guard let path = request.note else { return nil }
    switch end.result {
    case .exited, .signalled: break
    case .launchFailed, .lost: return nil
    }
    let bytes: [UInt8]
    do throws(StorageError) {
      let file = try File(path, .read, in: storage)
      bytes = try file.read(at: 0, count: min(Self.mostBytes, Int(try file.size())))
    } catch {
      if error.errno == .noSuchFile { return nil }
      throw error
    }
    guard let note = CacheNote.decode(bytes) else { return nil }
    self.note = note
    looksForResults = request.arguments.contains("--\(CachedCommand.results)")
  }

  func apply(to end: inout AttemptEnd) {
    switch note {
    case .hit(let run, let attempt): end.look = .hit(run: run, attempt: attempt)
    case .miss(_, let miss): if looksForResults { end.look = .miss(miss) }
    case .fault(let input):
      let refusal = OutputRefusal(.noInput, input)
      if end.cause == .byItself, !end.wasInterrupted, refusal.fault.fits(end.result),
        end.exitCode != 0
      {
        end.refusal = refusal
      }
    case .notExecuted(let errno):
      if end.cause == .byItself, case .exited = end.result {
        end.result = .launchFailed(LaunchFailure(operation: .execute, errno: errno))
      }
    }
  }
}
