import FlowCore

extension Command {
  /// For people: what the shell gets, or a program and its arguments with blanks between them.
  var line: String {
    switch self {
    case .shell(let line): line
    case .program(let arguments): arguments.joined(separator: " ")
    }
  }
}
