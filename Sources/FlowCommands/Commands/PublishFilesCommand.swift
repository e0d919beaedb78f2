import FlowCache
package import FlowCommandLine
import FlowPublication
import FlowRuntime
import FlowSystem
import FlowText

/// `flow publish-files`, which a monitor runs as an attempt of its own: it puts the files that a step declares
/// into place when the step's command has succeeded.
///
/// What it prints is the output of that attempt: a line for each thing that is wrong.
package struct PublishFilesCommand: Subcommand, Equatable {
  private static let completing = Option("complete", "only what has a manifest")
  private static let manifest = Option(
    "manifest", takes: .text(placeholder: "FILE"), "where the manifest is")
  private static let folder = Option(
    "folder", takes: .text(placeholder: "FOLDER"), "the working folder of the step")
  private static let stage = Option(
    "stage", takes: .text(placeholder: "FOLDER"), "where the step has made its files")

  private static let run = Option(
    CachedCommand.run, takes: .text(placeholder: "RUN"), "the run of the result")
  private static let attempt = Option(
    CachedCommand.attempt, takes: .integer(placeholder: "N", 1...Int(Int32.max)),
    "the attempt that has made it")
  private static let outputs = Option(
    CachedCommand.outputs, takes: .text(placeholder: "FOLDER"), "the values that it has put out")

  private let plan: PublicationPlan
  private let result: CachedStepResult?

  package static let syntax = CommandSyntax(
    name: "publish-files", purpose: "put the files of a step into place, for the engine",
    arguments: [Argument("PATH", .any, "what the step declares in `files`")],
    options: [completing, manifest, folder, stage, run, attempt, outputs] + CachedStepOptions.all,
    exitCodes: PublicationExit.allCases.map(\.exitCode),
    exitMeaning: { code in
      switch PublicationExit(rawValue: code.rawValue) {
      case .published: "everything is in place"
      case .refused: "the step has not made what it declares"
      case .notBegun: "there is no manifest to complete"
      case .gone: "what the manifest names is gone"
      case .failed, nil: "a system operation failed, or the command line is invalid"
      }
    })

  package init(_ arguments: ScannedArguments) throws(UsageError) {
    func required(_ option: Option) throws(UsageError) -> String {
      guard let value = arguments.text(option) else {
        throw UsageError(command: Self.syntax.name, .missingArgument(option.spelling))
      }
      return value
    }
    plan = PublicationPlan(
      manifest: try required(Self.manifest), folder: try required(Self.folder),
      stage: arguments.text(Self.stage), paths: arguments.positional,
      onlyCompletes: arguments.has(Self.completing), token: "")
    result = try CachedStepOptions(ofPublication: arguments).map {
      CachedStepResult(
        $0, run: arguments.text(Self.run) ?? "", attempt: arguments.integer(Self.attempt) ?? 0,
        manifest: arguments.text(Self.manifest), outputs: arguments.text(Self.outputs))
    }
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    // Its attempt was lost, and had used a former result: that is in place.
    if !plan.onlyCompletes, result?.isReused == true { return PublicationExit.published.exitCode }
    let files = LinuxPublicationFiles()
    var isWaiting = false
    while true {
      var plan = plan
      plan.token = String(ProcessFacts.randomBits(), radix: 36)
      do throws(PublicationError) {
        if let remains = try Publication(plan, in: files).perform() {
          say("published, but \(remains)", context)
        }
        if let reason = result?.keep() { say("the result is not cached: \(reason)", context) }
        return PublicationExit.published.exitCode
      } catch {
        guard error.waitsForSpace else {
          for message in error.messages { say(message, context) }
          return error.exit.exitCode
        }
        if !isWaiting {
          for message in error.messages { say("\(message); waiting for disk space", context) }
          context.errors.flush()
        }
        isWaiting = true
        files.pause(seconds: 1)
      }
    }
  }

  private func say(_ message: String, _ context: CommandContext) {
    context.errors.write("\(TerminalText.escaped(message))\n")
  }
}

extension PublicationExit {
  /// The same number, whose meaning for other commands is another.
  fileprivate var exitCode: ExitCode {
    guard let code = ExitCode(rawValue: rawValue) else {
      preconditionFailure("exit \(rawValue) has no name")
    }
    return code
  }
}
