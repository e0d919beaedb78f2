import Glibc

/// What a SIGTERM means to an engine.
package enum TerminationPolicy: String, CaseIterable, Sendable {
  /// Let go of the run: what runs goes on, and another engine can take it up.
  case detach
  /// Cancel the run, as a Ctrl-C does.
  case cancel

  /// The first process of a container takes all others with it: nothing would go on.
  package static var usual: TerminationPolicy { getpid() == 1 ? .cancel : .detach }
}
