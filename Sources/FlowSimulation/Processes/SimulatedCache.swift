import FlowCache
import FlowCore
import FlowPublication
import FlowRuntime
import FlowStorage

/// What a process of a cached step is told, as `CachedLaunch` has it.
struct SimulatedCachedStep {
  let note: String
  let name: String
  let run: String
  let attempt: Int32
  let inputs: [String]
  let files: [String]
  let folder: String
  /// What its key has besides its inputs, as texts.
  let counted: [(KeyFact.Kind, String, [UInt8])]
  /// Of a process that keeps a result: the step's outputs.
  let outputs: [CachedResult.Output]

  /// Nil for one of a step that is not cached.
  init?(_ request: LaunchRequest) {
    let mark = request.arguments.firstIndex(of: "--") ?? request.arguments.endIndex
    let options = request.arguments[..<mark]
    func values(of option: String) -> [String] {
      options.indices.filter { options[$0] == "--\(option)" }.map { options[$0 + 1] }
    }
    guard values(of: CachedCommand.results).first != nil,
      let note = values(of: CachedCommand.note).first
    else { return nil }
    self.note = note
    name = values(of: CachedCommand.step).first ?? ""
    run = values(of: CachedCommand.run).first ?? ""
    attempt = values(of: CachedCommand.attempt).first.flatMap { Int32($0) } ?? 0
    inputs = values(of: CachedCommand.input)
    files = values(of: CachedCommand.file)
    folder = request.workingDirectory
    let command = request.commandArguments.joined(separator: " ")
    var counted = [(KeyFact.Kind.command, "", Array(command.utf8))]
    for variable in request.environment
    where !variable.name.utf8.starts(with: "FLOW_".utf8) || variable.name == "FLOW_ITEM" {
      counted.append((.variable, variable.name, Array(variable.value.utf8)))
    }
    let steps = request.inputs?.steps ?? []
    for step in steps {
      for value in step.values {
        counted.append((.value, "\(step.id).\(value.name)", value.bytes))
      }
    }
    self.counted = counted
    outputs = steps.first?.values.map { .init(name: $0.name, value: $0.bytes) } ?? []
  }

  func step(_ digest: ([UInt8]) -> Digest) -> CachedStep {
    CachedStep(
      identity: digest(Array(name.utf8)), folder: folder,
      facts: counted.map { KeyFact($0, $1, digest($2)) }, inputs: inputs, files: files)
  }
}

/// Commands of cached steps, which look for a former result first.
extension SimulatedProcesses {
  enum Look {
    /// A former result is used.
    case reused
    /// The command runs.
    case runs
    /// It cannot: an input is missing.
    case refused
  }

  /// The process of an attempt looks, before it becomes its command.
  ///
  /// - Returns: nil if it does not.
  func look(_ monitor: SimulatedMonitor) -> Look? {
    guard let cached = SimulatedCachedStep(monitor.request), monitor.request.note != nil else {
      return nil
    }
    world.changeInput(of: cached)
    let files = files(of: monitor.process)
    let step = cached.step(world.results.digest)
    let finding: Cache<SimulatedPublicationFiles>.Finding
    do throws(StorageError) {
      finding = try Cache(in: files, world.results).look(at: step)
    } catch {
      write(.fault(input: error.path), of: cached, files)
      return .refused
    }
    switch finding {
    case .fault(let fault):
      write(.fault(input: fault.path), of: cached, files)
      return .refused
    case .miss(let key, let miss):
      write(.miss(key, miss), of: cached, files)
      return .runs
    case .hit(let result):
      guard write(.hit(run: result.run, attempt: result.attempt), of: cached, files) else {
        return .runs
      }
      if monitor.request.outputs != nil {
        world.ledger.putOut(monitor.entry, result.outputs.map(\.value), nil)
      }
      if let stage = monitor.request.stage { try? files.removeTree(stage.path) }
      world.files.used(made(by: cached), by: monitor.request.attempt)
      world.befell(.resultReused)
      return .reused
    }
  }

  @discardableResult
  private func write(
    _ note: CacheNote, of cached: SimulatedCachedStep, _ files: SimulatedPublicationFiles
  ) -> Bool {
    try? files.removeFile(cached.note)
    return (try? files.makeFile(cached.note, note.encoded())) != nil
  }

  private func files(of process: Int) -> SimulatedPublicationFiles {
    SimulatedPublicationFiles(world.storage, as: process, operations: nil) {}
  }

  /// What the command makes of its input as that is now: nothing else than what it declares counts.
  func made(by cached: SimulatedCachedStep) -> [String: [UInt8]] {
    var read: [UInt8] = []
    for (_, name, value) in cached.counted { read += Array(name.utf8) + [0] + value + [0] }
    for input in cached.inputs {
      read += Array(input.utf8) + [0] + (world.content(ofFile: input) ?? [])
    }
    var made: [String: [UInt8]] = [:]
    for path in cached.files {
      let line = Array("\(path), made of ".utf8) + read + [UInt8(ascii: "\n")]
      made[path] = (0..<8).flatMap { _ in line }
    }
    return made
  }

  /// Whether the attempt whose files are to be published has used a former result, and was lost.
  func hasReused(_ cached: SimulatedCachedStep, by serial: Int) -> Bool {
    guard let bytes = try? files(of: serial).read(cached.note) else { return false }
    if case .hit? = CacheNote.decode(bytes) { return true }
    return false
  }

  /// What an attempt has made is in place: its result is kept for later ones.
  func keepResult(_ cached: SimulatedCachedStep, by serial: Int, manifest: String) {
    let files = files(of: serial)
    guard let bytes = try? files.read(cached.note),
      case .miss(let key?, _)? = CacheNote.decode(bytes),
      let published = try? Manifest.decode(files.read(manifest))
    else { return }
    let result = CachedResult(
      key: key, run: cached.run, attempt: cached.attempt, manifest: published,
      outputs: cached.outputs)
    _ = try? Cache(in: files, world.results).keep(result, of: cached.step(world.results.digest))
  }
}

extension World {
  /// Somebody may change what a cached step reads; the change is durable.
  func changeInput(of cached: SimulatedCachedStep) {
    for input in cached.inputs {
      let path = "\(cached.folder)/\(input)"
      let isNew = content(ofFile: input) == nil
      guard isNew || choices.happens(.inputContent, perMille: 300) else { continue }
      let version = isNew ? 0 : choices.choose(.inputContent, below: 3)
      if !isNew { befell(.inputChanges) }
      visit {
        do throws(Errno) {
          if !isNew { try storage.removeFile(path) }
          try storage.makeFile(path, Array("version \(version)".utf8))
          try storage.syncDirectory("\(cached.folder)/\(RandomFiles.inputs)")
        } catch {
          preconditionFailure("an input cannot be changed: \(error)")
        }
      }
    }
  }
}
