package import FlowCommandLine
import FlowCore
import FlowStorage
import FlowSystem
import FlowText

/// `flow prove FILE`.
package struct ProveCommand: Subcommand, Equatable {
  package let file: String
  let parameters: RunParameters
  private let words: [String]
  let steps: StepOptions
  package let rounds: Int
  /// Nil means that one is drawn.
  package let seed: Int?
  package let json: Bool
  /// Where the copies are made; nil for the folder of temporary files.
  package let scratch: String?

  private static let stepOption = StepOptions.option("only", "prove these steps alone")
  private static let roundsOption = Option(
    "rounds", takes: .integer(placeholder: "N", 1...1_000),
    "kill the attempt of each step N times (4)")
  private static let seedOption = Option(
    "seed", takes: .integer(placeholder: "N", 0...Int(Int32.max)),
    "draw the moments from N, as a former proof did")
  private static let scratchOption = Option(
    "scratch", takes: .text(placeholder: "FOLDER"), "copy to FOLDER (TMPDIR, or /tmp)")
  private static let jobsOption = Option(
    "jobs", short: "j", takes: .integer(placeholder: "N", 1...4_096),
    "run at most N attempts at once")
  private static let jsonOption = Option("json", "print one JSON object at the end")

  /// A larger folder is not copied, in bytes.
  private static let mostBytes: Int64 = 16 << 30
  /// How many copies of the folder there are at once, at most.
  private static let copies: Int64 = 3
  /// Room for what steps make, and for runs, in bytes.
  private static let margin: Int64 = 64 << 20

  package static let syntax = CommandSyntax(
    name: "prove", purpose: "find out whether steps may be run again",
    details: """
      After a crash, a step whose end was not recorded runs again, unless its onLost
      says otherwise. This command finds out what that does. It copies the workflow's
      folder, runs the workflow twice in the copy, undisturbed, and then again and
      again, each time with the attempt of one step killed: in the first round when
      its work is done and not yet recorded, later at a random moment. What the
      folder holds in the end is compared with what the undisturbed run left. Of a
      step with forEach one of the items is killed, another in each round.

      It ends by itself, removes its copies, and keeps the folder of a round that
      shows a fault. What steps do elsewhere (databases, other machines, files outside
      of the folder) it neither sees nor undoes: give it a workflow that may run.

      Exit code 1: a step may not be run again, or the workflow is not deterministic,
      or does not succeed by itself.
      """,
    arguments: [.definition],
    options: [
      stepOption, roundsOption, seedOption, jobsOption, RunParameters.option,
      RunParameters.fileOption, scratchOption, jsonOption,
    ],
    examples: [
      .init("flow prove nightly.yaml", "every step, four times each"),
      .init("flow prove --only load --rounds 20 nightly.yaml", "one step, at more moments"),
    ],
    exitCodes: [.success, .runFailed, .usage, .environment])

  package init(_ arguments: ScannedArguments) throws(UsageError) {
    file = arguments.positional[0]
    parameters = try RunParameters(arguments, command: Self.syntax.name)
    var words: [String] = []
    for option in [RunParameters.option, RunParameters.fileOption] {
      for text in arguments.texts(option) { words += [option.spelling, text] }
    }
    if let jobs = arguments.integer(Self.jobsOption) {
      words += [Self.jobsOption.spelling, String(jobs)]
    }
    self.words = words
    steps = try StepOptions(arguments, [Self.stepOption], command: Self.syntax.name)
    rounds = arguments.integer(Self.roundsOption) ?? 4
    seed = arguments.integer(Self.seedOption)
    json = arguments.has(Self.jsonOption)
    scratch = arguments.text(Self.scratchOption)
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    let file = try context.definition(file)
    guard file.fileName != nil else {
      throw .tool("a definition from a pipe has no folder of its own; give its file")
    }
    _ = try RunParameters.values(of: file.definition, parameters.all(), at: context.now().wall)
    var selected: [Int32]
    do throws(UsageError) {
      selected = try steps.steps(StepOptions.only, of: file.definition)
    } catch {
      throw .usage(error)
    }
    if selected.isEmpty {
      // What runs after a failure only is not reached undisturbed.
      selected = file.definition.steps.indices.filter { file.definition.isOwnStep($0) }
        .map(Int32.init)
    }
    // Of a node each step that runs for its items.
    selected = selected.flatMap { step in
      file.definition.stepsPerItem(ofNode: Int(step)).map(Int32.init)
    }
    let parent = scratch ?? ProcessFacts.environmentValue("TMPDIR") ?? "/tmp"
    let size = try room(for: file.folder, in: parent)
    let signals = StopSignals()
    let place = try ProofScratch(of: file.folder, in: try realPath(parent), signals)
    let prover = Prover(
      file: file, options: words, steps: selected, rounds: rounds,
      seed: UInt64(seed ?? Int(ProcessFacts.randomBits() >> 33)), scratch: place, signals: signals)
    let printer = ProofPrinter(
      workflow: file.definition.name, folder: file.folder, seed: prover.seed)
    if !json {
      say(
        printer.beginning(size, steps: selected.count, rounds: rounds, in: place.path), context)
    }
    do throws(Prover.Problem) { return try prove(prover, printer, context) } catch {
      try? place.remove()
      switch error {
      case .stop(.failed(let failure)): throw failure
      case .stop(.asked(let signal)):
        context.errors.flush()
        SignalDescriptor.end(by: signal)
        return .environment
      case .fails(let errors):
        context.errors.write(
          "flow: the workflow does not succeed in a copy of its folder, with nothing that disturbs it:\n"
            + errors.unicodeScalars.split(separator: "\n").map {
              "  \(TerminalText.escaped(String($0)))\n"
            }
            .joined())
        return .runFailed
      }
    }
  }

  private func prove(
    _ prover: Prover, _ printer: ProofPrinter, _ context: CommandContext
  ) throws(Prover.Problem) -> ExitCode {
    let normal = try prover.undisturbed()
    if !json { say(printer.text(normal), context) }
    var proofs: [StepProof] = []
    for step in prover.steps {
      let proof = try prover.prove(step, normal)
      if !json { say(printer.text(proof), context) }
      proofs.append(proof)
    }
    if json {
      context.output.write(printer.json(normal, proofs))
    } else {
      say(printer.end(proofs, isDeterministic: normal.differences.isEmpty), context)
    }
    let hasFault = proofs.contains(where: \.isFault)
    do throws(ProofStop) {
      if hasFault {
        try prover.scratch.clear()
      } else {
        try prover.scratch.remove()
      }
    } catch {
      throw .stop(error)
    }
    return hasFault || !normal.differences.isEmpty ? .runFailed : .success
  }

  private func say(_ text: String, _ context: CommandContext) {
    context.output.write(text)
    context.output.flush()
  }

  private func realPath(_ path: String) throws(CommandError) -> String {
    do throws(Errno) { return try ProcessFacts.realPath(path) } catch { throw .file(path, error) }
  }

  /// Whether the copies have room.
  private func room(
    for folder: String, in parent: String
  ) throws(CommandError) -> FolderContents.Size {
    let size: FolderContents.Size
    do throws(StorageError) { size = try FolderContents.size(of: folder) } catch {
      throw .tool("\(error)")
    }
    let real = try realPath(parent)
    if real.utf8.elementsEqual(folder.utf8) || real.utf8.starts(with: "\(folder)/".utf8) {
      throw .tool(
        "the copies cannot be within the workflow's folder \(folder); name another --scratch")
    }
    if size.bytes > Self.mostBytes {
      throw .tool(
        "the workflow's folder \(folder) has \(ByteText.of(bytes: size.bytes)), and no more than"
          + " \(ByteText.of(bytes: Self.mostBytes)) are copied; try it on a smaller one")
    }
    let needed = Self.copies * size.bytes + Self.margin
    let space = try ProofScratch.space(in: real)
    if space < needed {
      throw .tool(
        "\(real) has \(ByteText.of(bytes: space)) of space, and \(ByteText.of(bytes: needed)) are"
          + " needed for copies of \(folder); name another folder with --scratch")
    }
    return size
  }
}
