import FlowCommandLine
import FlowSimulation
import FlowStorage
import FlowSystem
import FlowText

/// `flowsim compare ONE OTHER`: the first choice in which two worlds differ that should be the
/// same.
enum CompareCommand {
  static let syntax = CommandSyntax(
    program: "flowsim", name: "compare",
    purpose: "name the first choice that differs between two worlds",
    details: """
      For a seed that makes different worlds on two machines, in two builds, or in
      two runs: write the output of flowsim --seed N --choices of each to a file.
      If all choices are the same and the worlds are not, something is decided
      without a choice.
      """,
    arguments: [
      Argument("ONE", .one, "the output of flowsim --seed N --choices"),
      Argument("OTHER", .one, "the same of the other world"),
    ],
    examples: [.init("flowsim compare debug.txt release.txt", "where two builds differ")],
    exitCodes: [.success, .runFailed, .usage], exitMeaning: meaning)

  private static let meaning: @Sendable (ExitCode) -> String = { code in
    switch code {
    case .success: "all choices are the same"
    case .runFailed: "a choice differs; it is printed"
    default:
      ExitCode.meaningOfFlowsim(code)
    }
  }

  /// Larger than the output of any world.
  private static let longestFile = 256 << 20

  static func perform(
    _ arguments: ScannedArguments, _ context: FlowsimContext
  ) throws(FlowsimError) -> ExitCode {
    let (one, other) = (arguments.positional[0], arguments.positional[1])
    let choices = try (read(one), read(other))
    guard let difference = ChoiceDifference.first(of: choices.0, choices.1) else {
      context.output.write("all \(choices.0.count) choices are the same\n")
      return .success
    }
    let text = difference.text(one, other)
    context.output.write("\(TerminalText.escaped(text))\n")
    return .runFailed
  }

  /// The choices at the beginning of a file. The results of the world follow them.
  private static func read(_ path: String) throws(FlowsimError) -> [ChoiceLine] {
    let bytes: [UInt8]
    do throws(Errno) {
      bytes = try FileReading.bytes(of: path, limit: longestFile)
    } catch {
      throw .unreadable(path, error)
    }
    var choices: [ChoiceLine] = []
    for line in bytes.split(separator: 10) {
      guard let choice = ChoiceLine(String(decoding: line, as: UTF8.self)) else { break }
      choices.append(choice)
    }
    if choices.isEmpty { throw .noChoices(path) }
    return choices
  }
}
