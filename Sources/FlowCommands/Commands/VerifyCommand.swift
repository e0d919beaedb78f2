package import FlowCommandLine
import FlowCore
import FlowDefinition
import FlowLog
import FlowRuntime
import FlowStorage
import FlowSystem

/// `flow verify RUN_OR_PATH…`.
package struct VerifyCommand: Subcommand, Equatable {
  package let names: [String]
  package let all: Bool
  package let repair: Bool
  package let files: Bool
  package let json: Bool

  private static let allOption = Option("all", "verify all runs")
  private static let repairOption = Option(
    "repair", "recover a log with an unreadable tail; nothing is deleted")
  private static let filesOption = Option(
    "files", "also compare published files with what was published")
  private static let jsonOption = Option("json", "print one JSON object per log")

  package static let syntax = CommandSyntax(
    name: "verify", purpose: "check a run's log for damage and inconsistencies",
    details: """
      Verdicts: intact; torn (the engine died during a write); ambiguous (the last
      commit has a bad checksum: a torn write or disk corruption); damaged; newer
      (written by a newer flow). Events are decoded and applied, decisions are
      recomputed, and attempt records are compared with the history. --repair starts
      a new segment after an unreadable tail; it refuses to drop readable events.
      A torn or ambiguous tail is not damage, and has an exit code of its own (9): a
      crash leaves it, and flow restart continues before it. Of several logs the
      gravest verdict decides the exit code. With --files, a file that is not what
      the run has published counts as damage.
      """,
    arguments: [
      Argument(
        "RUN_OR_PATH", .any, "a run id, a unique prefix of one, \"latest\", or a folder")
    ],
    options: [allOption, repairOption, filesOption, jsonOption],
    examples: [
      .init("flow verify latest", "the most recent run"),
      .init("flow verify --all", "all runs"),
      .init("flow verify ./copy-of-a-run", "a run's folder, or a folder of segments"),
    ],
    exitCodes: [.success, .usage, .damaged, .environment, .newer, .unfinishedTail])

  package init(_ arguments: ScannedArguments) throws(UsageError) {
    names = arguments.positional
    all = arguments.has(Self.allOption)
    repair = arguments.has(Self.repairOption)
    files = arguments.has(Self.filesOption)
    json = arguments.has(Self.jsonOption)
    if all, let name = names.first {
      throw UsageError(command: Self.syntax.name, .superfluousArgument(name))
    }
    if !all, names.isEmpty {
      throw UsageError(command: Self.syntax.name, .missingArgument("RUN_OR_PATH"))
    }
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    var code = ExitCode.success
    for log in try logs(context) {
      let one: ExitCode
      do throws(CommandError) { one = try verify(log, context) } catch {
        // One log that cannot be verified does not keep the others from it.
        context.output.flush()
        context.errors.write("\(error)\n")
        one = error.exitCode
      }
      code = Self.graver(code, one)
    }
    return code
  }

  /// Of several logs the gravest result counts: a log that is damaged over one that is only newer,
  /// and that over one that only ends with an unfinished write.
  package static func graver(_ one: ExitCode, _ other: ExitCode) -> ExitCode {
    let order: [ExitCode] = [.success, .unfinishedTail, .newer, .usage, .damaged, .environment]
    func gravity(_ code: ExitCode) -> Int { order.firstIndex(of: code) ?? order.count }
    return gravity(one) < gravity(other) ? other : one
  }

  // MARK: What is meant

  private struct Log {
    let subject: LogVerifier<LinuxStorage>.Subject
    let name: String
    /// Nil for segments outside a run's folder.
    let folder: RunFolder?
  }

  private func logs(_ context: CommandContext) throws(CommandError) -> [Log] {
    var logs: [Log] = []
    if all {
      let home = try context.home()
      let ids: [String]
      do throws(RunError) { ids = try home.list() } catch { throw .run(error) }
      return ids.map { log(ofRun: $0, in: home) }
    }
    for name in names {
      if name.utf8.contains(UInt8(ascii: "/")) || name == "." || name == ".." {
        logs.append(try log(at: name, context))
      } else {
        let home = try context.home()
        do throws(RunError) { logs.append(log(ofRun: try home.resolve(name), in: home)) } catch {
          throw .run(error)
        }
      }
    }
    return logs
  }

  private func log(ofRun id: String, in home: RunHome<LinuxStorage>) -> Log {
    let folder = home.folder(of: id)
    return Log(subject: .run(folder, id: id), name: "run \(id)", folder: folder)
  }

  private func log(at path: String, _ context: CommandContext) throws(CommandError) -> Log {
    do throws(Errno) {
      let real = try ProcessFacts.realPath(path)
      guard let attributes = try context.storage.attributes(of: real) else { throw .noSuchFile }
      guard attributes.isDirectory else { throw .notDirectory }
      let folder = RunFolder(path: real)
      if try context.storage.attributes(of: folder.log)?.isDirectory == true {
        return Log(subject: .run(folder, id: nil), name: "run in \(path)", folder: folder)
      }
      return Log(subject: .log(real), name: "log \(path)", folder: nil)
    } catch {
      throw .file(path, error)
    }
  }

  // MARK: Doing it

  private func verify(_ log: Log, _ context: CommandContext) throws(CommandError) -> ExitCode {
    let bootID: String
    do throws(Errno) { bootID = try ProcessFacts.bootID() } catch {
      throw .system("read the boot id", error)
    }
    do throws(RunError) {
      let report = try LogVerifier.verify(log.subject, in: context.storage, bootID: bootID)
      guard repair else {
        let published = try publishedFiles(log, context)
        print(withDefinitionChecked(report, of: log), published, of: log, context)
        let code = ExitCode(report.verdict)
        return published?.faults.isEmpty == false ? Self.graver(code, .damaged) : code
      }
      return try repair(log, report, bootID, context)
    } catch {
      throw .run(error)
    }
  }

  /// Nil where they were not asked for, or there is no run.
  private func publishedFiles(
    _ log: Log, _ context: CommandContext
  ) throws(RunError) -> PublishedFilesCheck? {
    guard files, let folder = log.folder else { return nil }
    do throws(StorageError) {
      return try PublishedFilesCheck(of: folder, in: context.storage)
    } catch {
      throw .storage(error)
    }
  }

  private func print(
    _ report: LogReport, _ published: PublishedFilesCheck? = nil, of log: Log,
    _ context: CommandContext
  ) {
    let printer = VerdictPrinter(report, name: log.name, published)
    context.output.write(json ? printer.json : printer.text)
    context.output.flushWhenLarge()
  }

  /// With a remark where the copy of the definition is not what the history recorded. The run goes
  /// by its history.
  private func withDefinitionChecked(_ report: LogReport, of log: Log) -> LogReport {
    guard let path = log.folder?.definition,
      let recorded = report.state?.definition.withoutChildren,
      // The copy is of the one file that calls others.
      !recorded.parameters.contains(where: \.isGivenByCall),
      !recorded.steps.indices.contains(where: recorded.isCalled)
    else { return report }
    let fault: String?
    do throws(DefinitionFileError) {
      // A flow before this one read the same file with other defaults.
      var isSame = try copy(at: path, standard: StepSettings()) == recorded
      if !isSame { isSame = try copy(at: path, standard: .implied) == recorded }
      fault = isSame ? nil : "it is not the definition that the history recorded, which counts"
    } catch {
      switch error {
      case .unreadable(_, .noSuchFile): fault = "the copy of the definition is missing"
      case .unreadable(_, let error): fault = "the copy of the definition cannot be read: \(error)"
      case .tooLarge, .tooMany, .invalid, .variableFiles:
        fault = "it is no longer a valid definition; the one that the history recorded counts"
      }
    }
    guard let fault else { return report }
    var report = report
    report.notes.append("\(path): \(fault)")
    return report
  }

  /// The definition in a run's copy of the file. The copy of a YAML file has the same name.
  private func copy(
    at path: String, standard: StepSettings
  ) throws(DefinitionFileError) -> WorkflowDefinition {
    do throws(DefinitionFileError) {
      return try DefinitionFile(path, as: .json, standard: standard).definition
    } catch {
      guard case .invalid = error else { throw error }
      return try DefinitionFile(path, as: .yaml, standard: standard).definition
    }
  }

  private func repair(
    _ log: Log, _ report: LogReport, _ bootID: String, _ context: CommandContext
  ) throws(RunError) -> ExitCode {
    if report.verdict == .intact && report.engine == nil {
      print(report, of: log, context)
      return .success
    }
    guard let folder = log.folder else {
      print(report, of: log, context)
      context.warn("cannot repair \(report.log) outside its run's folder; name the run's folder")
      return ExitCode(report.verdict)
    }
    let process = RunProcess(
      processID: ProcessFacts.processID, host: HostContext(bootID: bootID),
      salts: SaltSource(seed: ProcessFacts.randomBits()))
    let id = report.runID ?? log.name
    switch try LogRepair.repair(folder, id: id, by: process, in: context.storage) {
    case .whole: break
    case .refused(let report):
      print(report, of: log, context)
      context.warn(
        "cannot repair \(report.log) without losing readable events; nothing was changed")
      return ExitCode(report.verdict)
    case .repaired(_, let tail, let segment):
      context.warn(
        "\(tail.path): ignoring the last \(tail.bytes) bytes, from offset \(tail.offset) (nothing is"
          + " deleted); the history continues after event \(tail.lastSequence) in segment \(segment)"
      )
    }
    let report = try LogVerifier.verify(log.subject, in: context.storage, bootID: bootID)
    print(report, of: log, context)
    return ExitCode(report.verdict)
  }
}

extension ExitCode {
  fileprivate init(_ verdict: LogVerdict) {
    switch verdict {
    case .intact: self = .success
    case .torn, .ambiguous: self = .unfinishedTail
    case .damaged: self = .damaged
    case .newer: self = .newer
    }
  }
}
