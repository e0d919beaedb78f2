import FlowCommandLine
import FlowSystem

/// The program `flowsim`.
package enum FlowsimMain {
  private static let seedOption = Option(
    "seed", takes: .integer(placeholder: "N", 0...Int.max), "the first seed (needed)")
  private static let runsOption = Option(
    "runs", takes: .integer(placeholder: "K", 1...1_000_000_000), "K seeds from N on (1)")
  private static let timelineOption = Option(
    "timeline", "print all that happens in the world of one seed")

  static let syntax = CommandSyntax(
    program: "flowsim", name: nil,
    purpose: "drive the engine of flow through simulated worlds that lose power",
    details: """
      Each seed is a world: a workflow, how its commands behave, and what goes wrong
      with disk, machine and clock. The same seed is always the same world. Stops at
      the first world in which something does not hold that must, and counts it as a
      run that failed.
      """,
    options: [seedOption, runsOption, timelineOption, .json, .version],
    examples: [
      .init("flowsim --seed 1 --runs 1000", "a thousand worlds"),
      .init("flowsim --seed 42 --timeline", "one world, event by event"),
      .init("flowsim rehearse FILE", "your workflow where all goes well (see its --help)"),
    ],
    exitCodes: [.success, .runFailed, .usage])

  /// - Parameter line: the command line without the program's name.
  /// - Returns: what the process exits with.
  package static func run(_ line: [String]) -> Int32 {
    let output = StandardStream.output()
    let errors = StandardStream.error()
    defer {
      output.flush()
      errors.flush()
    }
    do throws(UsageError) {
      if line.first == RehearseCommand.syntax.name {
        return try rehearse(line.dropFirst(), output, errors).rawValue
      }
      switch try ArgumentScanner.scan(line[...], as: syntax) {
      case .helpRequested:
        output.write(HelpText.of(syntax))
        return ExitCode.success.rawValue
      case .arguments(let arguments) where arguments.has(.version):
        output.write("flowsim \(Version.current)\n")
        return ExitCode.success.rawValue
      case .arguments(let arguments):
        return try simulate(arguments, output).rawValue
      }
    } catch {
      errors.write("\(error)\n")
      return ExitCode.usage.rawValue
    }
  }

  private static func rehearse(
    _ line: ArraySlice<String>, _ output: StandardStream, _ errors: StandardStream
  ) throws(UsageError) -> ExitCode {
    switch try ArgumentScanner.scan(line, as: RehearseCommand.syntax) {
    case .helpRequested:
      output.write(HelpText.of(RehearseCommand.syntax))
      return .success
    case .arguments(let arguments):
      do throws(DefinitionFileError) {
        return try RehearseCommand.perform(arguments, output)
      } catch {
        errors.write("\(error.description(by: "flowsim"))\n")
        return .usage
      }
    }
  }

  private static func simulate(
    _ arguments: ScannedArguments, _ output: StandardStream
  ) throws(UsageError) -> ExitCode {
    guard let seed = arguments.integer(seedOption) else {
      throw UsageError(
        program: "flowsim", command: nil, .missingArgument("--\(seedOption.name) N"))
    }
    let runs = arguments.integer(runsOption) ?? 1
    let (last, overflow) = seed.addingReportingOverflow(runs - 1)
    guard !overflow else {
      throw UsageError(
        program: "flowsim", command: nil,
        .invalidValue("--runs", value: String(runs), expected: "as many as there are seeds left"))
    }
    let batch = SeedBatch(UInt64(seed)...UInt64(last))
    return batch.run(
      json: arguments.has(.json), timeline: arguments.has(timelineOption), to: output)
  }
}
