import FlowCommandLine
import FlowCore
import FlowSimulation
import FlowStorage
import FlowSystem
import FlowText

/// Takes text, for a stream or for a test.
protocol TextSink: AnyObject {
  func write(_ text: String)
  func flush()
  func flushWhenLarge()
}

extension StandardStream: TextSink {}

/// What commands need from outside the simulated worlds: streams, files, real time, and how worlds
/// run.
struct FlowsimContext {
  var output: any TextSink = StandardStream.output()
  var errors: any TextSink = StandardStream.error()
  /// Runs a world; tests have others, with faults of their own.
  var run: WorldRunner = { Simulation.run(seed: $0, $1, $2, $3) }
  /// Runs the user's workflow in a world.
  var answer: HazardStudy.World = Simulation.answer
  /// How the shrinker runs its worlds apart from this process.
  var isolated: Shrinker.Isolation = { $0() }
  /// Real time. It never reaches a world.
  var now: () -> Moment = EventLoop.now
  var writeFile: (_ bytes: [UInt8], _ path: String) throws(Errno) -> Void = FileWriting.write

  func warn(_ message: String) {
    errors.write("flowsim: \(TerminalText.escaped(message))\n")
  }
}

/// Why a command failed.
enum FlowsimError: Error {
  case usage(UsageError)
  case definition(DefinitionFileError)
  case unreadable(String, Errno)
  case unwritable(String, Errno)
  case workflow(WorkflowProblem)
  /// A file that is no trace, or a trace of another version.
  case trace(String, TraceText.Problem)
  /// A file without choices.
  case noChoices(String)

  /// The one place where errors become exit codes.
  var exitCode: ExitCode {
    switch self {
    case .usage, .definition, .unreadable, .trace, .noChoices: .usage
    case .unwritable: .environment
    case .workflow(let problem): problem.exitCode
    }
  }
}

extension FlowsimError: CustomStringConvertible {
  var description: String {
    switch self {
    case .usage(let error): error.description
    case .definition(let error): error.description(by: "flowsim")
    case .unreadable(let path, let error):
      "flowsim: cannot read \(TerminalText.escaped(path)): \(error)"
    case .unwritable(let path, let error):
      "flowsim: cannot write \(TerminalText.escaped(path)): \(error)"
    case .workflow(let problem): problem.description
    case .trace(let path, let problem):
      "flowsim: \(TerminalText.escaped(path)):\(problem.line): \(Self.text(problem.reason))"
    case .noChoices(let path):
      "flowsim: no choices in \(TerminalText.escaped(path)); \"flowsim --seed N --choices\" prints them"
    }
  }

  private static func text(_ reason: TraceText.Problem.Reason) -> String {
    switch reason {
    case .notATrace: "not a trace of flowsim: the first line is not \"flowsim trace 1\""
    case .otherVersion(let version):
      "trace version \(TerminalText.quoted(version, longest: 40)) is not supported, only version 1; use"
        + " the flowsim that wrote it"
    case .unknown(let name, let kind, let names):
      "\(TerminalText.quoted(name, longest: 80)) is not \(kind) of this flowsim"
        + (Suggestion.nearest(to: name, among: names).map { ": did you mean \"\($0)\"?" } ?? "")
    case .invalid(let what, let value, let expected):
      "\(what) cannot be \(TerminalText.quoted(value, longest: 80)): it takes \(expected)"
    case .repeated(let what): "\(what) is given more than once"
    case .missing(let what): "the line \"\(what)\" is missing"
    case .textAfterEnd: "unexpected text after the line \"end\""
    }
  }
}

extension ExitCode {
  /// The meaning of exit codes in flowsim.
  static let meaningOfFlowsim: @Sendable (ExitCode) -> String = { code in
    switch code {
    case .success: "every property holds"
    case .runFailed: "a property is violated in a world, which is shown and shrunk"
    case .usage: "the command line, or a file that it names, is invalid"
    case .environment: "a file cannot be written"
    default: code.meaning
    }
  }
}
