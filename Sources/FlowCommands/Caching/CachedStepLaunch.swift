import FlowCache
import FlowCore
import FlowPublication
import FlowStorage
import FlowSystem
import FlowText

/// The process that looks for a former result, before it becomes the command.
struct CachedStepLaunch {
  enum Outcome {
    case reused
    /// The command runs in that environment.
    case runs([[UInt8]])
    /// It cannot run.
    case refused(String)
  }

  private let options: CachedStepOptions
  private let command: [String]
  private let outputs: [String]
  private let environment: [[UInt8]]
  private let files: LinuxPublicationFiles
  private let results: ResultFile?
  private let problem: ResultStoreError?

  /// - Parameter outputs: `NAME=TYPE` each.
  init(_ options: CachedStepOptions, command: [String], outputs: [String]) {
    self.options = options
    self.command = command
    self.outputs = outputs
    let inherited = ProcessFacts.variables()
    environment = options.results == nil ? inherited : DeclaredVariables.kept(inherited, options)
    (results, problem) = options.openedResults()
    files = LinuxPublicationFiles(memory: results)
  }

  func look() -> Outcome {
    do throws(StorageError) { return try outcome() } catch {
      let reason = TerminalText.escaped("\(error)")
      note(.fault(input: error.path))
      return .refused(reason)
    }
  }

  private func outcome() throws(StorageError) -> Outcome {
    let store: any ResultStore = results ?? NoResults(problem)
    let step = options.cachedStep(facts: try facts(store.digest), store.digest)
    let finding = try Cache(in: files, store).look(
      at: step, ignoringResults: options.ignoresResults)
    try? results?.flush()
    switch finding {
    case .fault(let fault):
      note(.fault(input: fault.path))
      return .refused(TerminalText.escaped("\(fault)"))
    case .miss(let key, let miss):
      note(.miss(options.results == nil ? nil : key, miss))
    case .hit(let result):
      // Where the outputs or the note cannot be written, the command can still make them.
      if write(result.outputs), note(.hit(run: result.run, attempt: result.attempt)) {
        removeStage()
        return .reused
      }
      note(.miss(result.key, CacheMiss(.unreadable, "they could not be copied")))
    }
    return .runs(environment)
  }

  /// - Returns: whether it could be written.
  @discardableResult
  func note(_ note: CacheNote) -> Bool {
    do throws(Errno) {
      do throws(Errno) { try files.removeFile(options.note) } catch {
        if error != .noSuchFile { throw error }
      }
      try files.makeFile(options.note, note.encoded())
      return true
    } catch {
      return false
    }
  }

  // MARK: What counts

  private func facts(_ digest: ([UInt8]) -> Digest) throws(StorageError) -> [KeyFact] {
    if options.results == nil { return [] }
    var writer = ByteWriter()
    var arguments = command.map(RawText.bytes)
    if options.isScript, let script = command.first {
      arguments[0] = try Disk(files: files).read(script)
    }
    writer.write(list: arguments) { $0.write($1) }
    var facts = [KeyFact(.command, "", digest(writer.bytes))]
    for (name, variable) in DeclaredVariables.counted(environment, options) {
      facts.append(KeyFact(.variable, name, digest(variable)))
    }
    let declared = outputs.sorted().joined(separator: " ")
    facts.append(KeyFact(.declaration, "outputs", digest(Array(declared.utf8))))
    let machine = Array(ProcessFacts.machine.utf8)
    facts.append(KeyFact(.declaration, "the type of the machine", digest(machine)))
    if let values = DeclaredVariables.value(of: "FLOW_INPUTS", in: environment) {
      for (name, bytes) in try FolderOfValues(disk: Disk(files: files)).all(in: values) {
        facts.append(KeyFact(.value, name, digest(bytes)))
      }
    }
    return facts
  }

  // MARK: A former result

  /// Puts values out as the command has.
  private func write(_ outputs: [CachedResult.Output]) -> Bool {
    guard let folder = DeclaredVariables.value(of: "FLOW_OUTPUTS", in: environment) else {
      return outputs.isEmpty
    }
    for output in outputs {
      // As text it ends where the line does.
      let isRaw = self.outputs.contains {
        $0 == "\(output.name)=lines" || $0 == "\(output.name)=json"
      }
      let bytes = output.value + (isRaw ? [] : [UInt8(ascii: "\n")])
      do throws(Errno) { try files.makeFile("\(folder)/\(output.name)", bytes) } catch {
        return false
      }
    }
    return true
  }

  private func removeStage() {
    guard let stage = DeclaredVariables.value(of: "FLOW_STAGE", in: environment) else { return }
    try? files.removeTree(stage)
    // Other steps may have theirs in it.
    if let stages = PathName.parent(of: stage) { try? files.removeFolder(stages) }
  }
}

/// Of a step that is not cached, or whose results cannot be read.
private final class NoResults: ResultStore {
  private let problem: ResultStoreError?

  init(_ problem: ResultStoreError?) { self.problem = problem }

  func digest(_ bytes: [UInt8]) -> Digest { ResultFile.digest(bytes) }

  func result(of key: Digest) throws(ResultStoreError) -> CachedResult? {
    if let problem { throw problem }
    return nil
  }

  func lastResult(of identity: Digest) throws(ResultStoreError) -> CachedResult? { nil }

  func keep(_ result: CachedResult, of identity: Digest) throws(ResultStoreError) {
    if let problem { throw problem }
  }
}
