import FlowCommandLine
import FlowCore
import FlowSimulation
import FlowText

/// `flowsim --workflow FILE`: runs the user's own definition under faults, and reports its hazards.
struct WorkflowCommand {
  static let workflowOption = Option(
    "workflow", takes: .text(placeholder: "FILE"),
    "run this definition in the worlds, and report its hazards")
  static let modelOption = Option(
    "model", takes: .text(placeholder: "FILE"),
    "how its steps behave (default: learned from earlier runs)")

  /// How many worlds there are unless said otherwise.
  static let defaultRuns = 1_000
  /// A simulated machine has a hundred process ids.
  private static let mostJobs = 16
  /// Where the definition leaves it to the machine: a report must not depend on the machine.
  private static let defaultJobs = 4

  let file: String
  let model: String?
  let seeds: ClosedRange<UInt64>
  let isJSON: Bool

  func perform(_ context: FlowsimContext) throws(FlowsimError) -> ExitCode {
    var definition: WorkflowDefinition
    do throws(DefinitionFileError) { definition = try DefinitionFile(file).definition } catch {
      throw .definition(error)
    }
    do throws(WorkflowProblem) { try definition.studyItems() } catch { throw .workflow(error) }
    let (source, behaviour) = try find(definition)
    let jobs = Int32(min(definition.jobs ?? Self.defaultJobs, Self.mostJobs))
    let study = HazardStudy(
      HazardStudy.Subject(definition, jobs: jobs, behaviour), seeds: seeds, live: context.answer)
    do throws(HazardStudy.Broken) {
      let findings = Findings(
        report: try study.run(), definition: definition, jobs: jobs,
        firstSeed: seeds.lowerBound, source: source)
      context.output.write(isJSON ? HazardJSON(findings).text : HazardText(findings).text)
      return .success
    } catch {
      show(error, definition, context)
      return .runFailed
    }
  }

  private func find(
    _ definition: WorkflowDefinition
  ) throws(FlowsimError) -> (ModelSource, WorkflowModel) {
    do throws(WorkflowProblem) { return try ModelSource.find(definition, path: model) } catch {
      throw .workflow(error)
    }
  }

  // MARK: Failures

  private func show(
    _ broken: HazardStudy.Broken, _ definition: WorkflowDefinition, _ context: FlowsimContext
  ) {
    if isJSON {
      context.output.write(ReportJSON.of(broken.report))
      return
    }
    guard let violation = broken.report.violation else {
      preconditionFailure("a world that broke has no violation")
    }
    let failure = Failure(
      report: broken.report, violation: violation, name: "seed \(broken.report.seed)",
      command: nil)
    context.output.write(failure.beginning)
    context.output.flush()
    let recipe = Self.recipe(broken.question, context.answer)
    let shrunk = recipe.shrink(
      seed: broken.report.seed, violation.property, isolated: context.isolated)
    let trace = Trace(keepsLines: true)
    let again = recipe.replay(shrunk.world, trace)
    context.output.write(failure.text(of: shrunk, again, trace.lines ?? []))
    if let change = broken.change {
      context.output.write(
        "this was with \(change.kind.member) in step \(definition.steps[change.step].id)\n")
    }
    context.output.write("to see it again: \(invocation(broken.report.seed))\n")
  }

  /// How the world of a question is made from a seed.
  private static func recipe(
    _ question: HazardStudy.Question, _ answer: @escaping HazardStudy.World
  ) -> WorldRecipe {
    do throws(SimulationOptions.SettingError) {
      return try WorldRecipe { _, options, choices, trace in
        answer(question, options, choices, trace).report
      }
    } catch {
      preconditionFailure("no settings, and one of them is wrong: \(error)")
    }
  }

  private func invocation(_ seed: UInt64) -> String {
    var line = "flowsim --workflow \(TerminalText.escaped(file))"
    if let model { line += " --model \(TerminalText.escaped(model))" }
    return line + " --seed \(seed) --runs 1"
  }
}

extension WorkflowDefinition {
  /// Two items stand for all that a step with `forEach` can have: a study is of what faults do to commands.
  fileprivate mutating func studyItems() throws(WorkflowProblem) {
    let nodes = declaredSteps.filter { forEach(ofStep: $0) != nil }
    guard let node = nodes.first else { return }
    let asked = stepsPerItem(ofNode: node).contains { step in
      extras(ofStep: step).condition?.references.contains { reference in
        if case .item(_?) = reference { true } else { false }
      } ?? false
    }
    if nodes.count > 1 || asked { throw .forEach(step: steps[nodes[nodes.count - 1]].id) }
    let place = Int(steps[node].extrasIndex)
    extras[place].forEach?.source = .literal(["a", "b"])
    extras[place].forEach?.key = nil
    extras[place].forEach?.most = ForEach.impliedMost
  }
}

/// A report, and what it is of.
struct Findings {
  let report: HazardReport
  let definition: WorkflowDefinition
  let jobs: Int32
  let firstSeed: UInt64
  let source: ModelSource
}
