import FlowCore
import FlowPublication
import FlowRuntime
import FlowStorage

/// What commands leave of the files that their steps declare, and the processes that publish these.
extension SimulatedProcesses {
  /// The engine makes the folder in which a command makes its files.
  ///
  /// - Returns: why that is impossible.
  func makeStage(_ stage: LaunchStage, in folder: String) -> Errno? {
    world.disk.isStaging = true
    defer { world.disk.isStaging = false }
    do throws(Errno) {
      try world.storage.makeStage(stage, in: folder)
      return nil
    } catch {
      return error
    }
  }

  // MARK: Commands

  /// A command that makes files comes to its end.
  ///
  /// - Returns: how: as it would have, or with a failure, if the disk has refused a file.
  func leaveFiles(_ serial: Int, _ ending: AttemptEnd.Result) -> AttemptEnd.Result {
    let command = commands[table[serial].index]
    guard let stage = command.stage else { return answer(command, ending) }
    let hasSucceeded = ending == .exited(code: 0)
    var files: [String: [UInt8]] = [:]
    if let cached = command.cached {
      files = command.made ?? made(by: cached)
    } else {
      for path in stage.files { files[path] = Self.content(of: path, madeBy: command.entry) }
    }
    let isIncomplete =
      hasSucceeded
      && world.choices.happens(.fileContent, perMille: world.options.fileFaultPercent * 10)
    let count =
      hasSucceeded && !isIncomplete
      ? files.count : world.choices.choose(.fileContent, below: files.count)
    do throws(Errno) {
      try world.storage.act(as: serial) { () throws(Errno) in
        for (place, path) in files.keys.sorted().enumerated() where place <= count {
          guard let bytes = files[path] else { continue }
          // The next one is half made.
          let part = place < count ? bytes : Array(bytes[..<(bytes.count / 2)])
          if place == count, hasSucceeded { continue }
          try world.storage.makeFile("\(stage.path)/\(path)", part)
        }
      }
    } catch {
      return hasSucceeded ? .exited(code: 1) : ending
    }
    if hasSucceeded, !isIncomplete { world.files.made(files, by: command.attempt) }
    if isIncomplete { world.befell(.filesAreMissing) }
    return ending
  }

  /// A probe looks at the files that its step makes: it does not call done what is half done.
  private func answer(
    _ command: SimulatedCommand, _ ending: AttemptEnd.Result
  ) -> AttemptEnd.Result {
    let entries = world.ledger.entries
    guard ending == .exited(code: 0), entries[command.entry].isProbe,
      let definition = world.run?.definition,
      !definition.files(ofStep: Int(command.attempt.step)).isEmpty,
      let maker = entries.last(where: {
        $0.attempt.step == command.attempt.step && $0.task == .command
      }), world.files.made[maker.attempt] == nil
    else { return ending }
    return .exited(code: 1)
  }

  /// Of each attempt another, and larger than a sector.
  private static func content(of path: String, madeBy entry: Int) -> [UInt8] {
    let line = Array("\(path), made by entry \(entry) of the ledger\n".utf8)
    return (0..<24).flatMap { _ in line }
  }

  // MARK: Publications

  /// How a process that publishes behaves by itself.
  func behaviourOfPublication() -> CommandBehaviour {
    let duration = [0, 1_000, 40_000, 900_000]
    return CommandBehaviour(
      ending: .result(.exited(code: 0)),
      durationMicroseconds: Int64(
        duration[world.choices.choose(.publication, below: duration.count)]),
      ignoresTermination: false)
  }

  /// A process that publishes does its work, all at once.
  ///
  /// - Parameter operations: after how many it is killed; nil if it is not.
  /// - Returns: how it ends; nil if it waits for space, or is killed.
  func publish(_ serial: Int, operations: Int? = nil) -> AttemptEnd.Result? {
    guard let plan = commands[table[serial].index].publication else {
      preconditionFailure("process \(serial) publishes nothing")
    }
    let files = SimulatedPublicationFiles(world.storage, as: serial, operations: operations) {
      [unowned world] in
      do throws(Violation) { try world.checkFiles() } catch {
        world.checkers.violated(error.property, error.message)
      }
    }
    if !plan.onlyCompletes, let cached = commands[table[serial].index].cached,
      hasReused(cached, by: serial)
    {
      return .exited(code: 0)
    }
    do throws(PublicationError) {
      _ = try Publication(plan, in: files).perform()
      if let cached = commands[table[serial].index].cached, !files.hasDied {
        keepResult(cached, by: serial, manifest: plan.manifest)
      }
      return files.hasDied ? nil : .exited(code: 0)
    } catch {
      if files.hasDied || error.waitsForSpace { return nil }
      return .exited(code: UInt8(error.exit.rawValue))
    }
  }

  /// It is killed on the way.
  func publishInPart(_ serial: Int) {
    world.befell(.publicationKilled)
    _ = publish(serial, operations: world.choices.choose(.publication, below: 30))
  }

  /// The machine is about to lose power: processes that publish have come so far.
  func leaveFilesAtPowerLoss() {
    for command in commands where command.publication != nil && table.isLiving(command.process) {
      publishInPart(command.process)
    }
  }
}

extension SimulatedStorage {
  fileprivate func makeStage(_ stage: LaunchStage, in folder: String) throws(Errno) {
    try makeIfMissing(LaunchStage.folder(in: folder))
    do throws(StorageError) { try removeTree(stage.path) } catch { throw error.errno }
    try makeDirectory(stage.path)
    for folder in stage.folders { try makeIfMissing("\(stage.path)/\(folder)") }
    do throws(Errno) { try removeFile(stage.note) } catch .noSuchFile {}
    try makeFile(stage.note, Array(stage.path.utf8))
  }

  private func makeIfMissing(_ path: String) throws(Errno) {
    do throws(Errno) { try makeDirectory(path) } catch .fileExists {}
  }
}

extension PublicationPlan {
  /// Of a request for an attempt that publishes.
  init?(_ request: LaunchRequest, token: String) {
    func value(of option: String) -> String? {
      guard let place = request.arguments.firstIndex(of: option) else { return nil }
      return request.arguments[place + 1]
    }
    guard request.arguments.dropFirst().first == PublishCommand.name,
      let manifest = value(of: PublishCommand.manifest),
      let folder = value(of: PublishCommand.folder)
    else { return nil }
    let mark = request.arguments.firstIndex(of: "--") ?? request.arguments.endIndex
    self.init(
      manifest: manifest, folder: folder, stage: value(of: PublishCommand.stage),
      paths: Array(request.arguments[mark...].dropFirst()),
      onlyCompletes: request.arguments.contains(PublishCommand.completes), token: token)
  }
}
