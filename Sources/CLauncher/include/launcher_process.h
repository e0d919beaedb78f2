/// CLauncher is the Linux processes of launchers and monitors: it performs what CMonitor decides. A
/// constructor turns this executable into a launcher if its title and its descriptors say so.
///
/// It may include CMonitor and the C library. Only FlowSystem links it.
///
/// Invariant: a launcher and its monitors run no Swift code and have one thread each.
/// Invariant: a monitor writes only to its own stack and to memory that it has mapped, and calls no
/// function that may set `errno`.
/// Invariant: a monitor signals only processes that it has not reaped.
/// Invariant: a launcher's lock is free only if no fork is in flight.

/// How an engine starts a launcher process, and how it signals monitors.
#pragma once

/// The first argument that makes this executable run as a launcher. No program's own name has a
/// colon.
#define FLOW_LAUNCHER_TITLE "flow: launcher"

/// The descriptors that a launcher starts with, besides 0, 1 and 2, which are /dev/null.
enum {
  /// One end of a stream socket, on which requests arrive. Its end of file means that the engine is
  /// gone.
  FLOW_LAUNCHER_REQUESTS = 3,
  /// The write end of a non-blocking pipe, for reports. Each report takes one write.
  FLOW_LAUNCHER_REPORTS = 4,
  /// The launcher's lock file.
  FLOW_LAUNCHER_LOCK = 5,
};

/// The signals that an engine sends to a monitor. Launchers and monitors block them from their
/// first moment on, and no other program sends these by accident.
enum {
  FLOW_MONITOR_SIGNAL_STOP = 40,
  FLOW_MONITOR_SIGNAL_FORCE = 41,
};
