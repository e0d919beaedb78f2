package import FlowCommandLine
import FlowCore
import FlowRuntime
import FlowStorage
import FlowSystem
import FlowText

/// `flow prove FILE`.
package struct ProveCommand: Subcommand, Equatable {
  package let file: String
  let parameters: RunParameters
  private let words: [String]
  let steps: StepOptions
  let skipped: StepOptions
  package let rounds: Int
  /// Nil means that one is drawn.
  package let seed: Int?
  /// Whether files count that no step declares.
  package let comparesAll: Bool
  package let json: Bool
  /// Where the copies are made; nil for the folder of temporary files.
  package let scratch: String?
  /// A larger folder is not copied.
  package let mostMebibytes: Int

  private static let stepOption = StepOptions.option("only", "prove these steps alone")
  private static let skipOption = StepOptions.option(
    "skip", "leave these steps out, as flow run does")
  private static let roundsOption = Option(
    "rounds", takes: .integer(placeholder: "N", 1...1_000),
    "kill the attempt of each step N times (4)")
  private static let seedOption = Option(
    "seed", takes: .integer(placeholder: "N", 0...Int(Int32.max)),
    "draw the moments from N, as a former proof did")
  private static let allOption = Option(
    "all", "compare the whole folder, declared or not")
  private static let scratchOption = Option(
    "scratch", takes: .text(placeholder: "FOLDER"), "copy to FOLDER (TMPDIR, or /tmp)")
  private static let sizeOption = Option(
    "max-size", takes: .integer(placeholder: "MIB", 1...(1 << 30)),
    "copy a folder of up to so many MiB (16384)")
  private static let jobsOption = Option(
    "jobs", short: "j", takes: .integer(placeholder: "N", 1...4_096),
    "run at most N attempts at once")
  private static let jsonOption = Option("json", "print one JSON object at the end")

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
      its work is done and not yet recorded, later at a random moment. Recovery does
      what onLost says; a run that fails by that is restarted as a user would, with
      flow restart --failed. What is left in the end is compared with what the
      undisturbed run left. Of a step with forEach one of the items is killed,
      another in each round.

      Outputs are compared, and the files that steps declare; the whole folder if
      there is a step that declares none, or with --all. Steps must work within the
      folder, and ask no person: --skip leaves others out. Runs in the folder
      (FLOW_HOME) are not copied.

      It ends by itself, removes its copies, and keeps the folder of a round that
      shows a fault. What steps do elsewhere (databases, other machines, files outside
      of the folder) it neither sees nor undoes: give it a workflow that may run.

      Exit code 1: a step may not be run again, or was too short to be killed, or the
      workflow is not deterministic, or does not succeed by itself.
      """,
    arguments: [.definition],
    options: [
      stepOption, skipOption, roundsOption, seedOption, allOption, jobsOption,
      RunParameters.option, RunParameters.fileOption, scratchOption, sizeOption, jsonOption,
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
    steps = try StepOptions(arguments, [Self.stepOption], command: Self.syntax.name)
    skipped = try StepOptions(arguments, [Self.skipOption], command: Self.syntax.name)
    self.words = words + skipped.words
    rounds = arguments.integer(Self.roundsOption) ?? 4
    seed = arguments.integer(Self.seedOption)
    comparesAll = arguments.has(Self.allOption)
    json = arguments.has(Self.jsonOption)
    scratch = arguments.text(Self.scratchOption)
    mostMebibytes = arguments.integer(Self.sizeOption) ?? 16_384
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    let file = try context.definition(file)
    guard file.fileName != nil else {
      throw .tool("a definition from a pipe has no folder of its own; give its file")
    }
    let values = try RunParameters.values(
      of: file.definition, parameters.all(), at: context.now().wall)
    let leftOut: StepSet
    let selected: [Int32]
    do throws(UsageError) {
      leftOut = try skipped.leftOut(file.definition, file.graph).steps
      selected = try self.selected(of: file.definition, without: leftOut)
    } catch {
      throw .usage(error)
    }
    let obstacles = ProofObstacles(
      file.definition, in: WorkFolder(path: file.folder, values: values), without: leftOut)
    if !obstacles.refusals.isEmpty { throw .cannotProve(self.file, obstacles.refusals) }
    let parent = try realPath(scratch ?? ProcessFacts.environmentValue("TMPDIR") ?? "/tmp")
    let excluded = excludedHome(of: file.folder, context)
    let size = try room(for: file.folder, without: excluded, in: parent)
    let signals = StopSignals()
    let place = try ProofScratch(of: file.folder, without: excluded, in: parent, signals)
    let plan = ProofPlan(seed: UInt64(seed ?? Int(ProcessFacts.randomBits() >> 33)))
    let scope = ProofComparison.scope(of: file.definition, comparesAll: comparesAll)
    let prover = Prover(
      file: file, options: words, steps: selected, rounds: rounds, plan: plan,
      comparison: ProofComparison(scope: scope, showsValues: file.definition.secrets.isEmpty),
      scratch: place, signals: signals)
    let printer = ProofPrinter(
      workflow: file.definition.name, folder: file.folder, seed: plan.seed, scope: scope)
    let notes =
      obstacles.notes
      + [
        excluded.map { "the runs in \(file.folder)/\($0) are not copied" },
        ProofPrinter.note(ofLinks: size.linksOut),
      ].compactMap(\.self)
    if !json {
      say(
        printer.beginning(
          size, steps: selected.count, rounds: rounds, in: place.path, notes: notes), context)
    }
    do throws(Prover.Problem) { return try prove(prover, printer, notes, context) } catch {
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

  /// The steps to prove. What runs after a failure only is not reached undisturbed.
  private func selected(
    of definition: WorkflowDefinition, without leftOut: StepSet
  ) throws(UsageError) -> [Int32] {
    var selected = try steps.steps(StepOptions.only, of: definition)
    if steps.isEmpty {
      selected = definition.steps.indices.map(Int32.init).filter {
        definition.isOwnStep(Int($0)) && !leftOut.contains($0)
      }
    }
    // Of a node each step that runs for its items.
    return selected.flatMap { step in
      definition.stepsPerItem(ofNode: Int(step)).map(Int32.init)
    }
  }

  private func prove(
    _ prover: Prover, _ printer: ProofPrinter, _ notes: [String], _ context: CommandContext
  ) throws(Prover.Problem) -> ExitCode {
    let normal = try prover.undisturbed()
    if !json { say(printer.text(normal), context) }
    var proofs: [StepProof] = []
    for step in prover.steps {
      let proof = try prover.prove(step, normal)
      if !json { say(printer.text(proof), context) }
      proofs.append(proof)
    }
    let hasFault = proofs.contains(where: \.isFault)
    let isDeterministic = normal.differences.isEmpty
    let undisturbed = hasFault ? normal.folder : nil
    if json {
      context.output.write(
        ProofJSON(printer: printer, notes: notes, undisturbed: undisturbed).text(normal, proofs))
    } else {
      say(
        printer.end(proofs, isDeterministic: isDeterministic, undisturbed: undisturbed), context)
    }
    do throws(ProofStop) {
      if hasFault {
        try prover.scratch.clear()
      } else {
        try prover.scratch.remove()
      }
    } catch {
      throw .stop(error)
    }
    // Where a condition keeps a step from running, there is nothing to prove, unless it was asked for.
    let isProven = !proofs.contains {
      $0.verdict == .tooShort || $0.verdict == .neverRan && !steps.isEmpty
    }
    return hasFault || !isDeterministic || !isProven ? .runFailed : .success
  }

  private func say(_ text: String, _ context: CommandContext) {
    context.output.write(text)
    context.output.flush()
  }

  private func realPath(_ path: String) throws(CommandError) -> String {
    do throws(Errno) { return try ProcessFacts.realPath(path) } catch { throw .file(path, error) }
  }

  /// The home of this user's runs, relative to the workflow's folder; nil if it is not in it.
  private func excludedHome(of folder: String, _ context: CommandContext) -> String? {
    guard let home = try? context.home().path, let real = try? ProcessFacts.realPath(home),
      let path = WorkFolder.path(real, in: folder)
    else { return nil }
    return path.isEmpty ? "runs" : path
  }

  /// Whether the copies have room.
  private func room(
    for folder: String, without excluded: String?, in parent: String
  ) throws(CommandError) -> FolderContents.Size {
    if WorkFolder.path(parent, in: folder) != nil {
      throw .tool(
        "the copies cannot be within the workflow's folder \(folder); name another --scratch")
    }
    let size: FolderContents.Size
    do throws(StorageError) {
      size = try FolderContents.size(of: folder, without: excluded.map { "\(folder)/\($0)" })
    } catch {
      throw .tool("\(error)")
    }
    if size.bytes > Int64(mostMebibytes) << 20 {
      throw .tool(
        "the workflow's folder \(folder) has \(ByteText.of(bytes: size.bytes)), and no more than"
          + " \(mostMebibytes) MiB are copied; give a larger --max-size, or prove it in a smaller"
          + " folder")
    }
    let needed = Self.copies * size.bytes + Self.margin
    let space = try ProofScratch.space(in: parent)
    if space < needed {
      throw .tool(
        "\(parent) has \(ByteText.of(bytes: space)) of space, and \(ByteText.of(bytes: needed)) are"
          + " needed for copies of \(folder); name another folder with --scratch")
    }
    return size
  }
}
