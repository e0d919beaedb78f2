import FlowCommandLine
import FlowCore
import FlowSimulation
import FlowSystem

/// `flowsim rehearse FILE`: what the engine costs for a workflow in which nothing goes wrong.
struct RehearseCommand {
  static let jobsOption = Option(
    "jobs", short: "j", takes: .integer(placeholder: "N", 1...4_096),
    "at most N attempts at once (the definition's, or 8)")

  static let syntax = CommandSyntax(
    program: "flowsim", name: "rehearse",
    purpose: "drive the engine through a workflow in which every command succeeds",
    details: """
      Starts no process and writes no file. Prints how long it takes to load the
      definition and to drive the engine, how long the longest turn of that takes,
      such as the one in which a step with "forEach" gets its items, and how much
      memory that needs.
      """,
    arguments: [Argument("FILE", .one, "the workflow definition, JSON or YAML")],
    options: [jobsOption, .json],
    examples: [.init("flowsim rehearse nightly.json", "time and memory for one workflow")],
    exitCodes: [.success, .usage],
    exitMeaning: { $0 == .success ? "the workflow was driven to its end" : $0.meaning })

  static func perform(
    _ arguments: ScannedArguments, _ context: FlowsimContext
  ) throws(FlowsimError) -> ExitCode {
    let output = context.output
    let before = ProcessFacts.peakResidentBytes
    let start = EventLoop.monotonicNow()
    let file = try definition(arguments.positional[0])
    let loaded = EventLoop.monotonicNow()
    let afterLoad = ProcessFacts.peakResidentBytes
    let jobs = arguments.integer(jobsOption) ?? file.definition.jobs ?? 8
    var rehearsal = Rehearsal(file.definition, file.graph, jobs: Int32(jobs))
    var (end, longest) = (EventLoop.monotonicNow(), Int64(0))
    var goesOn = true
    while goesOn {
      goesOn = rehearsal.turn()
      let now = EventLoop.monotonicNow()
      longest = max(longest, now.microseconds - end.microseconds)
      end = now
    }
    let figures: [(name: String, value: Int64)] = [
      ("steps", Int64(file.definition.steps.count)),
      ("events", Int64(rehearsal.events)),
      ("commits", Int64(rehearsal.commits)),
      ("loadUs", loaded.microseconds - start.microseconds),
      ("runUs", end.microseconds - loaded.microseconds),
      ("turnUs", longest),
      ("loadBytes", afterLoad - before),
      ("runBytes", ProcessFacts.peakResidentBytes - afterLoad),
      ("peakBytes", ProcessFacts.peakResidentBytes),
    ]
    if arguments.has(.json) {
      var writer = JSONWriter()
      writer.object { writer in
        for figure in figures { writer.member(figure.name, figure.value) }
      }
      writer.endLine()
      output.write(writer.take())
    } else {
      for figure in figures { output.write("\(figure.name) \(figure.value)\n") }
    }
    return .success
  }
  private static func definition(_ path: String) throws(FlowsimError) -> DefinitionFile {
    do throws(DefinitionFileError) { return try DefinitionFile(path) } catch {
      throw .definition(error)
    }
  }
}
