// FlowCache knows when the result of a step can be used again.
//
// What a step with `cache` would make follows from what it declares: its command, its variables, the values that
// it gets, and its inputs with their content. All of that together is its key (`CacheKey`). Before the command
// of an attempt runs, the process that becomes it looks (`Cache.look`): if an attempt with the same key has
// succeeded, and what it made is still in place, the command does not run. When the command has run, the
// process that publishes what it has made looks at the inputs again, and only if they are what they were, keeps
// the result (`Cache.keep`).
//
// The module knows file systems by `PublicationFiles`, and results by `ResultStore`, which can lose what it has
// at any time. It has no time, threads or randomness.
//
// Invariant: a result is kept after everything that it vouches for is durable.
// Invariant: a result is used only where every file that it vouches for has the content it had then.

package import FlowCore
package import FlowPublication
package import FlowStorage

/// Looks for former results of a step, and keeps new ones.
package struct Cache<Files: PublicationFiles> {
  /// What comes of a look.
  package enum Finding: Equatable, Sendable {
    case hit(CachedResult)
    /// The command runs, on what was seen of the step.
    case miss(CacheKey, CacheMiss)
    /// An input cannot be used, so the command cannot run.
    case fault(InputFault)
  }

  /// What comes of keeping a result.
  package enum Keeping: Equatable, Sendable {
    case kept
    /// An input changed while the command ran, so nobody knows what it has read.
    case changed(input: String)
    case failed(ResultStoreError)
  }

  private let disk: Disk<Files>
  private let store: any ResultStore

  /// - Parameter files: for what a step reads and has made.
  package init(in files: Files, _ store: any ResultStore) {
    disk = Disk(files: files)
    self.store = store
  }

  /// - Parameter ignoresResults: whether the command is to run, whatever is known.
  package func look(
    at step: CachedStep, ignoringResults ignoresResults: Bool = false
  ) throws(StorageError) -> Finding {
    let inputs: [InputFile]
    switch try InputSurvey(in: disk, of: step).take() {
    case .fault(let fault): return .fault(fault)
    case .inputs(let found): inputs = found
    }
    let key = CacheKey(step.facts, inputs, of: step, digest: store.digest)
    if ignoresResults { return .miss(key, CacheMiss(.notWanted)) }
    do throws(ResultStoreError) {
      guard let result = try store.result(of: key.digest) else {
        return .miss(key, Self.miss(key, try store.lastResult(of: step.identity)))
      }
      if let path = try difference(from: result, in: step.folder) {
        return .miss(key, CacheMiss(.files, path))
      }
      return .hit(result)
    } catch {
      return .miss(key, CacheMiss(.unreadable, error.description))
    }
  }

  /// Keeps the result of a command that has succeeded, and whose files are published.
  ///
  /// - Parameter result: with the key that was found before the command ran, and the stamps of its inputs.
  package func keep(_ result: CachedResult, of step: CachedStep) throws(StorageError) -> Keeping {
    switch try InputSurvey(in: disk, of: step).take() {
    case .fault(let fault): return .changed(input: fault.path)
    case .inputs(let inputs):
      let before = result.key.inputs
      if let difference = InputDifference(from: before, to: inputs) {
        return .changed(input: difference.name)
      }
      // The command may have read something else in between.
      if let file = zip(before, inputs).first(where: { $0.stamp != $1.stamp })?.1 {
        return .changed(input: file.path)
      }
    }
    do throws(ResultStoreError) { try store.keep(result, of: step.identity) } catch {
      return .failed(error)
    }
    return .kept
  }

  /// The first file that is not what the result says; nil if there is none.
  private func difference(
    from result: CachedResult, in folder: String
  ) throws(ResultStoreError) -> String? {
    guard let made = result.manifest else { return nil }
    do throws(StorageError) {
      let manifest = Manifest(of: made.entries, in: try disk.realPath(folder))
      return try PublishedFiles(in: disk.files).differences(from: manifest).first?.path
    } catch {
      // What cannot be looked at is not what was made.
      return error.path
    }
  }

  /// Why there is no result with that key, as the last result of the step shows.
  private static func miss(_ key: CacheKey, _ last: CachedResult?) -> CacheMiss {
    guard let last else { return CacheMiss(.noResult) }
    if let fact = key.firstDifference(from: last.key) { return fact }
    guard let inputs = InputDifference(from: last.key.inputs, to: key.inputs) else {
      return CacheMiss(.noResult)
    }
    return CacheMiss(inputs.reason, inputs.name, count: inputs.count, of: inputs.total)
  }
}
