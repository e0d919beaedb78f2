package import FlowCommandLine
import FlowCore
import FlowRuntime
import FlowStorage
import FlowSystem
import FlowText

/// `flow logs RUN [STEP]`.
package struct LogsCommand: Subcommand, Equatable {
  package let run: String
  /// Nil means every step that has output.
  package let step: String?
  /// Nil means the last.
  package let attempt: Int?
  /// The output of the step whose value is printed; nil for what its commands printed.
  package let value: String?
  /// Whether to go on until the run has ended.
  package let follow: Bool

  private static let attemptOption = Option(
    "attempt", takes: .integer(placeholder: "N", 1...Int(Int32.max)),
    "print attempt N instead of the last one")

  private static let valueOption = Option(
    "value", takes: .text(placeholder: "NAME"),
    "print what STEP has put out as NAME, byte for byte")

  package static let syntax = CommandSyntax(
    name: "logs", purpose: "print the output of a run's steps",
    arguments: [.run, Argument("STEP", .optional, "print only this step")],
    options: [.follow, attemptOption, valueOption],
    examples: [
      .init("flow logs latest build", "the last attempt of step build"),
      .init("flow logs latest build --attempt 1", "its first attempt"),
      .init("flow logs latest build --value version", "an output of build"),
      .init("flow logs latest --follow", "print output as it is written"),
    ],
    exitCodes: [.success, .usage, .damaged, .environment, .newer])

  package init(_ arguments: ScannedArguments) throws(UsageError) {
    run = arguments.positional[0]
    step = arguments.argument(1)
    attempt = arguments.integer(Self.attemptOption)
    follow = arguments.has(.follow)
    value = arguments.text(Self.valueOption)
    if follow && attempt != nil {
      throw UsageError(
        command: Self.syntax.name,
        .exclusiveOptions(Option.follow.spelling, Self.attemptOption.spelling))
    }
    if value != nil {
      for option in [Option.follow, Self.attemptOption] where arguments.has(option) {
        throw UsageError(
          command: Self.syntax.name,
          .exclusiveOptions(Self.valueOption.spelling, option.spelling))
      }
      if step == nil { throw UsageError(command: Self.syntax.name, .missingArgument("STEP")) }
    }
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    if follow {
      var follower = OutputFollower(step, context.output)
      return try RunFollower.follow(run, context) { (events, state) throws(CommandError) in
        try follower.take(events, state, in: context.home().folder(of: state.created.runID))
      }
    }
    let run = try OpenedRun(named: run, into: RunHistory(keeping: .allAttempts), context)
    if let state = run.history.state { try print(run, state, context) }
    // The steps that the readable part of the history knows were printed.
    if let problem = run.problem { throw problem }
    return .success
  }

  private func print(
    _ run: OpenedRun<RunHistory>, _ state: RunState, _ context: CommandContext
  ) throws(CommandError) {
    if let step {
      let index = try state.definition.index(ofStep: step, runID: run.id)
      if let value { return try print(value, ofStep: index, state, context) }
      try printOutput(of: index, run, state, context, isOnly: true)
    } else {
      for index in state.definition.livingSteps {
        try printOutput(of: index, run, state, context, isOnly: false)
      }
    }
  }

  private func print(
    _ name: String, ofStep step: Int, _ state: RunState, _ context: CommandContext
  ) throws(CommandError) {
    let values = state.outputs.values(ofStep: step, state.definition)
    guard let found = values.first(where: { $0.output.name == name }) else {
      let declared = state.definition.outputs(ofStep: step).map(\.name)
      throw .noSuchOutput(name, step: state.definition.steps[step].id, declared: declared)
    }
    if context.output.isTerminal {
      var escaper = OutputEscaper()
      context.output.write(escaper.escape(found.value) + escaper.finish())
      context.output.write("\n")
    } else {
      context.output.write(bytes: found.value)
    }
  }

  private func printOutput(
    of step: Int, _ run: OpenedRun<RunHistory>, _ state: RunState, _ context: CommandContext,
    isOnly: Bool
  ) throws(CommandError) {
    let id = state.definition.steps[step].id
    if state.definition.question(ofStep: step) != nil {
      if isOnly {
        context.warn("step \(id) asks, and prints nothing: flow status shows its answer")
      }
      return
    }
    if state.definition.forEach(ofStep: step) != nil {
      if isOnly { context.warn(state.whereItemsPrint(ofNode: step)) }
      return
    }
    let last = Int(state.steps[step].attempt)
    let number = attempt ?? last
    guard number > 0, number <= last else {
      if !isOnly { return }
      if attempt == nil {
        context.warn("step \(id) has not been started")
        return
      }
      throw .noSuchAttempt(number, step: id)
    }
    let path = run.folder.output(
      ofStep: state.definition.fileID(ofStep: step), attempt: Int32(number))
    let output = context.output
    if !isOnly { output.write("==> \(TerminalText.escaped(id))#\(number) <==\n") }
    do throws(Errno) {
      let settings = state.definition.settings(ofStep: step)
      let secrets = KnownSecrets().values(of: state)
      let endsLine = try Self.copy(
        path, of: settings, hiding: secrets,
        isWhole: !state.isOpen(AttemptID(step: Int32(step), number: Int32(number))), to: output)
      // The output of a single step is printed unchanged; of several, none begins within a line.
      if !isOnly && !endsLine { output.write("\n") }
    } catch .noSuchFile {
      let found = run.history.attempts(ofStep: step).first { Int($0.id.number) == number }
      if let found, Self.hadOutput(found) {
        context.warn("the output of step \(id), attempt \(number), was removed")
      } else if attempt != nil && isOnly, found?.isOfNote != true {
        // A scheduled attempt that was not launched has no output.
        throw .noSuchAttempt(number, step: id)
      }
    } catch {
      throw .run(.storage(StorageError(.read, path, error)))
    }
  }

  /// Whether there must have been a file: an empty one is removed at the end of its run.
  private static func hadOutput(_ attempt: AttemptHistory) -> Bool {
    attempt.launchedAt != nil && attempt.end?.launchFailure == nil
      && attempt.end?.output.byteCount != 0
  }

  /// - Returns: whether what was printed is empty, or ends with a line feed.
  private static func copy(
    _ path: String, of settings: StepSettings, hiding secrets: [[UInt8]], isWhole: Bool,
    to output: StandardStream
  ) throws(Errno) -> Bool {
    var last: UInt8?
    var escaper = output.isTerminal ? OutputEscaper() : nil
    func write(_ piece: [UInt8]) {
      last = piece.last
      if let text = escaper?.escape(piece) {
        output.write(text)
      } else {
        output.write(bytes: piece)
      }
      output.flush()
    }
    try OutputReading.read(path, of: settings) { (file) throws(Errno) in
      try MaskedOutput(file: file, secrets: secrets, isWhole: isWhole).forEachPiece(write) {
        write(Array(DiscardedText.line($0, after: last).utf8))
      }
    }
    if let rest = escaper?.finish() { output.write(rest) }
    return last == nil || last == UInt8(ascii: "\n")
  }
}
