import FlowCore

extension StatusPrinter {
  /// `exit 1`, or `exit 143 (SIGTERM)` where the shell tells of a signal.
  static func exit(_ end: AttemptEnd) -> String {
    "exit \(end.exitCode ?? 0)"
      + (end.shellSignal.flatMap(EventWording.name).map { " (\($0))" } ?? "")
  }
}
