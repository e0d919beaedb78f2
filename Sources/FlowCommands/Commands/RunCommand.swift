package import FlowCommandLine
import FlowCore
import FlowLog
import FlowRuntime
import FlowSystem

/// `flow run FILE`.
package struct RunCommand: Subcommand, Equatable {
  package let file: String
  /// Nil means what the definition says.
  package let jobs: Int?
  /// Nil means that one is made.
  package let runID: String?
  package let isQuiet: Bool
  package let json: Bool

  private static let jobsOption = Option(
    "jobs", short: "j", takes: .integer(placeholder: "N", 1...4_096),
    "run at most N attempts at once (1 to 4096)")
  private static let runIDOption = Option(
    "run-id", takes: .text(placeholder: "ID"), "name the run, instead of by workflow and time")
  private static let quietOption = Option("quiet", short: "q", "print nothing but errors")
  private static let jsonOption = Option("json", "print each event as a line of JSON")

  package static let syntax = CommandSyntax(
    name: "run", purpose: "create a run of a workflow and drive it to its end",
    details: "The first line that is printed is \"run ID\"; progress follows.",
    arguments: [Argument("FILE", .one, "the workflow definition")],
    options: [jobsOption, runIDOption, quietOption, jsonOption],
    examples: [
      .init("flow run nightly.json", "run it"),
      .init("flow run --jobs 4 nightly.json", "at most four attempts at once"),
      .init("flow run --json nightly.json", "for a program that follows the run"),
    ],
    exitCodes: [
      .success, .runFailed, .usage, .runCancelled, .runUnfinished, .damaged, .environment,
    ])

  package init(_ arguments: ScannedArguments) {
    file = arguments.positional[0]
    jobs = arguments.integer(Self.jobsOption)
    runID = arguments.text(Self.runIDOption)
    isQuiet = arguments.has(Self.quietOption)
    json = arguments.has(Self.jsonOption)
  }

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    let file = try context.definition(file)
    let home = try context.home()
    let now = context.now().wall
    let created = RunCreated(
      runID: runID ?? NewRunID.make(for: file.definition.name, at: now),
      seed: ProcessFacts.randomBits(), policyVersion: Decider.policyVersion,
      programVersion: Version.current,
      jobs: Int32(jobs ?? file.definition.jobs ?? ProcessFacts.availableProcessors),
      definitionFolder: file.folder, definitionByteCount: 0)
    let run = NewRun(
      created: created, definition: file.definition, graph: file.graph,
      definitionFile: file.bytes)
    return ExitCode(try drive(run, display(of: run, home, context), home, context))
  }

  private func display(
    of run: NewRun, _ home: RunHome<LinuxStorage>, _ context: CommandContext
  ) -> any RunDisplay {
    let id = run.created.runID
    if isQuiet { return NoDisplay() }
    if json {
      return JSONDisplay(context.output, EventPrinter(runID: id, definition: run.definition))
    }
    return context.display(of: AttemptOutputs(runID: id, folder: home.folder(of: id)))
  }

  private func drive(
    _ run: NewRun, _ display: any RunDisplay, _ home: RunHome<LinuxStorage>,
    _ context: CommandContext
  ) throws(CommandError) -> RunOutcome {
    let (world, process) = try prepare(home, context)
    world.time.pendingOutput = { context.output.pendingDescriptor }
    world.time.nextFrame = { display.nextFrame }
    world.onTerminalChange = display.terminalChanged
    do throws(RunError) {
      var driver = try Driver.create(
        run, by: process, home: home, world: world, observer: RunProgress(display))
      world.watchRequests(in: home.folder(of: run.created.runID))
      while true {
        if let outcome = try driver.step() {
          try driver.finish()
          world.finish()
          return outcome
        }
        display.wake(at: context.now())
      }
    } catch {
      display.abandon()
      throw .run(error)
    }
  }

  private func prepare(
    _ home: RunHome<LinuxStorage>, _ context: CommandContext
  ) throws(CommandError) -> (LinuxEnvironment, RunProcess) {
    do throws(Errno) {
      let place = try ProcessFacts.place(of: home.path)
      let world = try LinuxEnvironment(storage: context.storage, in: place)
      let process = RunProcess(
        processID: ProcessFacts.processID, place: place,
        salts: SaltSource(seed: ProcessFacts.randomBits()))
      return (world, process)
    } catch {
      throw .system("watch processes", error)
    }
  }
}
