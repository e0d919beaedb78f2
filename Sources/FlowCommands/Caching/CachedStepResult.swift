import FlowCache
import FlowPublication
import FlowStorage
import FlowSystem

/// The result of an attempt whose files are published, for later runs.
struct CachedStepResult: Equatable, Sendable {
  private let options: CachedStepOptions
  private let run: String
  private let attempt: Int32
  private let manifest: String?
  private let outputs: String?

  /// - Parameters:
  ///   - manifest: where that of its files is.
  ///   - outputs: the folder with the values that it has put out; nil if it declares none.
  init(
    _ options: CachedStepOptions, run: String, attempt: Int, manifest: String?, outputs: String?
  ) {
    self.options = options
    self.run = run
    self.attempt = Int32(attempt)
    self.manifest = manifest
    self.outputs = outputs
  }

  /// Whether the attempt has made nothing, since it has used a former result.
  var isReused: Bool {
    let files = LinuxPublicationFiles()
    guard let bytes = try? files.read(options.note) else { return false }
    if case .hit? = CacheNote.decode(bytes) { return true }
    return false
  }

  /// Keeps it, if the inputs are still what they were before the command ran.
  ///
  /// - Returns: why it is not kept; nil if it is.
  func keep() -> String? {
    let (results, problem) = options.openedResults()
    guard let results else { return problem?.description ?? "there is no file of results" }
    let files = LinuxPublicationFiles(memory: results)
    let disk = Disk(files: files)
    do throws(StorageError) {
      guard case .miss(let key?, _)? = CacheNote.decode(try disk.read(options.note)) else {
        return "nothing is known of its inputs"
      }
      // What the step does not declare may be all that it has made.
      let step = options.cachedStep(facts: key.facts, results.digest)
      if options.files.isEmpty { try syncAll(in: step.folder) }
      let result = CachedResult(
        key: key, run: run, attempt: attempt, manifest: try published(disk),
        outputs: try values(disk))
      let keeping = try Cache(in: files, results).keep(result, of: step)
      try? results.flush()
      switch keeping {
      case .kept: return nil
      case .changed(let input): return "\(input) changed while the command ran"
      case .failed(let error): return "\(error)"
      }
    } catch {
      return "\(error)"
    }
  }

  private func published(
    _ disk: Disk<LinuxPublicationFiles>
  ) throws(StorageError) -> Manifest? {
    guard !options.files.isEmpty, let manifest else { return nil }
    return try? Manifest.decode(try disk.read(manifest))
  }

  private func values(
    _ disk: Disk<LinuxPublicationFiles>
  ) throws(StorageError) -> [CachedResult.Output] {
    guard let outputs else { return [] }
    return try FolderOfValues(disk: disk).all(in: outputs).map {
      CachedResult.Output(name: $0, value: $1)
    }
  }

  private func syncAll(in folder: String) throws(StorageError) {
    try naming(.sync, folder) { () throws(Errno) in try WorkSync.syncFileSystems(of: [folder]) }
  }
}
