/// What runs a command that is a line.
package enum Shell: Hashable, Sendable {
  /// `/bin/sh`, which stops at the first command that fails.
  case sh
  /// `bash` as it is found along PATH: stops at the first command that fails, also within a pipe, and
  /// at a variable that is not set.
  case bash
  /// A program and its arguments; the line is added as the last one. Never empty.
  case program([String])

  /// What recorded definitions mean that name none: flow 0.1 ran lines by it.
  package static let plain = Shell.program(["/bin/sh", "-c"])
  package static let words = ["sh", "bash"]

  /// The program and arguments that run a line.
  ///
  /// - Parameter isProbe: a probe answers by its exit code. If it stopped at a helper that fails, that
  ///   would read as "the work was not done".
  package func arguments(for line: String, isProbe: Bool) -> [String] {
    switch self {
    case .sh: ["/bin/sh"] + (isProbe ? [] : ["-e"]) + ["-c", line]
    case .bash: ["bash"] + (isProbe ? [] : ["-euo", "pipefail"]) + ["-c", line]
    case .program(let arguments): arguments + [line]
    }
  }
}

extension Shell {
  /// As a definition spells it: a word is a line, a program an array.
  package var spelled: Command {
    switch self {
    case .sh: .shell("sh")
    case .bash: .shell("bash")
    case .program(let arguments): .program(arguments)
    }
  }

  /// Nil for a word that is none of `words`.
  package init?(spelled: Command) {
    switch spelled {
    case .shell("sh"): self = .sh
    case .shell("bash"): self = .bash
    case .shell: return nil
    case .program(let arguments): self = .program(arguments)
    }
  }
}

extension Command {
  /// The text of a script that names its interpreter; nil for other commands.
  package var script: String? {
    if case .shell(let line) = self, line.utf8.starts(with: "#!".utf8) { line } else { nil }
  }

  /// The program that is executed, and its arguments.
  package func arguments(by shell: Shell, isProbe: Bool) -> [String] {
    switch self {
    case .shell(let line): shell.arguments(for: line, isProbe: isProbe)
    case .program(let arguments): arguments
    }
  }
}
