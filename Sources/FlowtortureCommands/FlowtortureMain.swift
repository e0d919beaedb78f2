// FlowtortureCommands is the program `flowtorture`: it plays rounds of the real flow with unruly steps,
// kills its processes, and compares the ledger that the steps wrote with the run's history. `flowtorture
// logs` damages logs and checks that each damage is reported as what it is, and `flowtorture secrets` looks
// for secrets that steps have printed, and `flowtorture files` at files that steps publish.
//
// It looks at flow from outside: by commands, their output, and files.
//
// Invariant: the plan of a round follows from its seed.
// Invariant: no process of a round outlives it.

import CTorture
import FlowCommandLine
import FlowStorage
import FlowSystem
import Glibc

/// The program `flowtorture`.
package enum FlowtortureMain {
  /// - Parameter line: the command line without the program's name.
  /// - Returns: the exit code of the process.
  package static func run(_ line: [String]) -> Int32 {
    StandardStream.openMissing()
    let (output, errors) = (StandardStream.output(), StandardStream.error())
    defer {
      output.flush()
      errors.flush()
    }
    do throws(UsageError) {
      if line.first == LogTorture.syntax.name {
        return try play(LogTorture.self, line.dropFirst(), output, errors).rawValue
      }
      if line.first == SecretTorture.syntax.name {
        return try play(SecretTorture.self, line.dropFirst(), output, errors).rawValue
      }
      if line.first == BuildTorture.syntax.name {
        return try play(BuildTorture.self, line.dropFirst(), output, errors).rawValue
      }
      let (kind, syntax) = kind(of: line)
      let rest = kind == .kills ? line[...] : line.dropFirst()
      switch try ArgumentScanner.scan(rest, as: syntax) {
      case .helpRequested:
        output.write(HelpText.of(syntax))
        return ExitCode.success.rawValue
      case .arguments(let arguments):
        return perform(try TortureOptions(arguments, kind), output, errors).rawValue
      }
    } catch {
      errors.write("\(error)\n")
      return ExitCode.usage.rawValue
    }
  }

  private static func kind(of line: [String]) -> (RoundKind, CommandSyntax) {
    switch line.first {
    case RoundKind.cuts.subcommand: (.cuts, TortureOptions.imageSyntax)
    case RoundKind.starters.subcommand: (.starters, TortureOptions.starterSyntax)
    case RoundKind.files.subcommand: (.files, TortureOptions.filesSyntax)
    default: (.kills, TortureOptions.syntax)
    }
  }

  private static func play<Command: TortureCommand>(
    _ command: Command.Type, _ line: ArraySlice<String>, _ output: StandardStream,
    _ errors: StandardStream
  ) throws(UsageError) -> ExitCode {
    switch try ArgumentScanner.scan(line, as: command.syntax) {
    case .helpRequested:
      output.write(HelpText.of(command.syntax))
      return .success
    case .arguments(let arguments): return command.init(arguments).perform(output, errors)
    }
  }

  private static func perform(
    _ options: TortureOptions, _ output: StandardStream, _ errors: StandardStream
  ) -> ExitCode {
    if options.kind == .cuts, !ImageDisk.isPossible {
      errors.write(
        "flowtorture: the power is not cut: that needs root, loop devices and mkfs.ext4\n")
      return .success
    }
    do throws(RoundFailure) {
      let workspace = try TortureWorkspace(options)
      if options.isOneRound { return try playRound(options, workspace, output) }
      return try Hunt(options, workspace.withOwnPrograms(), output, errors).run()
    } catch {
      output.flush()
      errors.write("flowtorture: \(error.text)\n")
      return .environment
    }
  }

  /// Plays one round in this process. It prints a line for each violation, and the totals as the last line.
  private static func playRound(
    _ options: TortureOptions, _ workspace: TortureWorkspace, _ output: StandardStream
  ) throws(RoundFailure) -> ExitCode {
    // Without a mount namespace, which needs rights, no small disk can be mounted.
    let mayMount = torture_own_world() == 0
    let folder = RoundFolder(path: "\(workspace.folder)/\(options.seed)")
    if options.kind == .cuts, !mayMount {
      throw RoundFailure(text: "this process may have no mounts of its own")
    }
    let round: any PlayedRound
    switch options.kind {
    case .starters:
      round = StarterRound(
        .draw(seed: options.seed), folder, flow: workspace.flow, program: workspace.program)
    case .files:
      round = FilesRound(
        .draw(seed: options.seed, mayCut: mayMount && ImageDisk.isPossible), folder,
        flow: workspace.flow)
    case .kills, .cuts:
      let plan = RoundPlan.draw(
        seed: options.seed, options.mode, mayMount: mayMount,
        mayLimit: ProcessLimit.isPossible(workspace, seed: options.seed),
        cutsPower: options.kind == .cuts)
      round = Round(plan, folder, flow: workspace.flow, program: workspace.program)
    }
    let violations = try round.play()
    for violation in violations {
      output.write("violation in run \(RoundFolder.runID) of seed \(options.seed): \(violation)\n")
    }
    if violations.isEmpty { folder.remove() }
    output.write("\(round.totals.line)\n")
    return violations.isEmpty ? .success : .runFailed
  }
}

/// A subcommand with options of its own.
protocol TortureCommand {
  static var syntax: CommandSyntax { get }
  init(_ arguments: ScannedArguments)
  func perform(_ output: StandardStream, _ errors: StandardStream) -> ExitCode
}
