import Glibc

/// What SIGTERM does to an engine.
package enum TerminationPolicy: String, CaseIterable, Sendable {
  /// Detach from the run: running attempts continue, and another engine can resume the run.
  case detach
  /// Cancel the run, as Ctrl-C does.
  case cancel

  /// The end of a container's first process kills all others, so nothing would continue.
  package static var usual: TerminationPolicy { getpid() == 1 ? .cancel : .detach }
}
