/// CMonitor holds what monitors and launchers decide, and the formats that they share with an
/// engine: the attempt record, requests and reports. It is pure C: the Linux processes (CLauncher)
/// and the simulated ones drive the same functions.
///
/// It includes only headers of the C library that every POSIX system has, for constants and memory
/// functions, and makes no system call.
///
/// Invariant: a step function is a pure function of its state and the event.
/// Invariant: an event that cannot happen in a phase traps; it is a fault of the caller.
/// Invariant: decoding never fails and trusts no value without its checksum.
/// Invariant: a process id in a decoded record is positive, so that no signal reaches a group by
/// accident.

/// The decisions of a monitor: a step function from an event to actions.
///
/// A monitor owns one attempt. It creates and locks the attempt record, releases the launcher's
/// lock only once the record says `starting`, and starts the command. It alone enforces the
/// deadline and signals the attempt's processes, and writes the end once no process of the attempt
/// is left.
///
/// STOP, FORCE, TOLD and TIME may come at any time: too early, TIME is ignored and the others are
/// remembered; too late, they change nothing. The answer to an action comes before any event but
/// these. The caller checks its children whenever no answer is due, and before it checks the clock,
/// so that a command that ended in time does not count as past its deadline. TOLD comes before
/// COMMAND_ENDED where both have happened.
#pragma once

#include "record.h"

enum flow_monitor_event_kind {
  /// The first: the monitor has been forked.
  FLOW_MONITOR_BEGIN,
  /// The answer to the last action: `result` is what it returned, or a negative error number.
  FLOW_MONITOR_DONE,
  /// The command itself has ended; `result` is its status as `waitpid` returns it. Only the action
  /// that follows reaps it, so that its id still names its process group.
  FLOW_MONITOR_COMMAND_ENDED,
  /// No descendant is left (ECHILD), and the command was reaped. The caller sends this event or
  /// FLOW_MONITOR_DESCENDANTS_LEFT after FLOW_MONITOR_REAP_COMMAND, and after each later reaping.
  FLOW_MONITOR_NO_DESCENDANT_LEFT,
  /// A request to end the attempt, with grace.
  FLOW_MONITOR_STOP,
  /// A request to end the attempt now.
  FLOW_MONITOR_FORCE,
  /// Time has passed: `flow_monitor_wake_up` may be due.
  FLOW_MONITOR_TIME,
  /// The command was reaped and `result` descendants are left. The number counts the first time
  /// only.
  FLOW_MONITOR_DESCENDANTS_LEFT,
  /// This monitor was told to end (SIGTERM), which flow never does: the system ends everything. The
  /// monitor stays, and notes that the attempt's end was not the attempt's own doing.
  FLOW_MONITOR_TOLD,
};

struct flow_monitor_event {
  enum flow_monitor_event_kind kind;
  int64_t result;
  /// CLOCK_MONOTONIC in microseconds, with every event.
  int64_t now;
};

enum flow_monitor_action {
  // Answered by FLOW_MONITOR_DONE, before any other event; always the last of a step's actions.
  /// O_CREAT | O_EXCL.
  FLOW_MONITOR_CREATE_RECORD,
  FLOW_MONITOR_LOCK_RECORD,
  /// Reserve space for all its parts, so that the end can be written on a full disk.
  FLOW_MONITOR_RESERVE_RECORD,
  /// O_CREAT | O_EXCL. Before the start is recorded: without space for it nothing is started.
  FLOW_MONITOR_CREATE_OUTPUT,
  /// And the output before it, if it was created: either one blocks a later launch.
  FLOW_MONITOR_REMOVE_RECORD,
  FLOW_MONITOR_WRITE_START,
  /// Start the command; the result is its process id, or the negative error number of the operation
  /// that `flow_monitor.failed_operation` is then set to by the caller.
  FLOW_MONITOR_SPAWN,
  FLOW_MONITOR_WRITE_COMMAND,
  /// Remove the files of secrets, and overwrite secrets in the output, durably. May be repeated.
  FLOW_MONITOR_SCRUB,
  /// Copy what the attempt has put out into one file, and note its size and checksum in `end`. May be
  /// repeated.
  FLOW_MONITOR_COLLECT,
  /// Write `end`, with CPU time and peak memory filled in by the caller. May be repeated.
  FLOW_MONITOR_WRITE_END,

  // Not answered.
  /// Close the launcher's lock.
  FLOW_MONITOR_RELEASE_LAUNCHER,
  /// Report to the engine, if it lives.
  FLOW_MONITOR_REPORT_LAUNCHED,
  FLOW_MONITOR_REPORT_DEADLINE,
  /// The system ends everything, and this attempt with it.
  FLOW_MONITOR_REPORT_TOLD,
  FLOW_MONITOR_REPORT_ENDED,
  /// Nothing was started, since the machine lacks something for the moment: `end.code` is the error
  /// number. The attempt can be launched again.
  FLOW_MONITOR_REPORT_SHORTAGE,
  /// Nothing was started: the record could not be created, and `end` has the reason.
  FLOW_MONITOR_REPORT_REFUSED,
  /// SIGTERM to the command's group; the command is not reaped. The caller remembers which processes
  /// that reached.
  FLOW_MONITOR_TERMINATE_GROUP,
  /// SIGCONT to the same: a stopped process handles no signal before it continues.
  FLOW_MONITOR_CONTINUE_GROUP,
  /// SIGTERM and SIGCONT to those direct children that had no SIGTERM yet: many programs take a
  /// second one for the order to quit without cleaning up. The command has been reaped.
  FLOW_MONITOR_TERMINATE_CHILDREN,
  /// SIGKILL to all direct children.
  FLOW_MONITOR_KILL_CHILDREN,
  /// Reap the command, which has ended.
  FLOW_MONITOR_REAP_COMMAND,
  /// Fill `end.unkillable` and its ids with the descendants that are left, zombies excluded.
  FLOW_MONITOR_NAME_SURVIVORS,
  FLOW_MONITOR_EXIT,
};

enum { FLOW_MONITOR_MAX_ACTIONS = 6 };

enum {
  /// Once the command has ended, orphans that the monitor adopts are looked for after this time, and
  /// get their SIGTERM.
  FLOW_MONITOR_TERMINATE_AGAIN_US = 200 * 1000,
  /// SIGKILL is repeated after this time, for orphans that the monitor has adopted since.
  FLOW_MONITOR_KILL_AGAIN_US = 50 * 1000,
  /// From the first SIGKILL until the survivors are recorded and given up.
  FLOW_MONITOR_GIVE_UP_US = 30 * 1000 * 1000,
  /// A monitor that kills this much too late was itself delayed (stopped, or frozen together with
  /// the attempt). It gives up no sooner than this long after it has killed again.
  FLOW_MONITOR_DELAYED_US = 1000 * 1000,
  /// An end for which there is no space is written again after this time.
  FLOW_MONITOR_RETRY_US = 1000 * 1000,
  /// Everything is told to end at once, but hears it one after the other: an end that SIGTERM
  /// explains is held back this long, for the SIGTERM to this monitor. An attempt with a shorter
  /// grace than this has this long to end of a SIGTERM that this monitor heard first.
  FLOW_MONITOR_TOLD_LATE_US = 500 * 1000,
};

struct flow_monitor_actions {
  int count;
  enum flow_monitor_action list[FLOW_MONITOR_MAX_ACTIONS];
};

///     NEW ─▶ CREATING ─▶ LOCKING ─▶ RESERVING ─▶ OPENING ─▶ STARTING
///               │           └───────────┴───────────┴──┬───────┘ │ │
///               ▼                                      ▼         │ ▼
///             DONE ◀─────────────────────────────── REMOVING     │ SPAWNING ─▶ NOTING ─▶ WATCHING
///                                                                │   │                     │
///                                                                │   │      CLEARING ◀─ REAPING
///                                                                ▼   ▼         ▼           ▼
///                                         WAITING_FOR_SPACE ◀──▶ ENDING ◀──────┴───────────┘
///                                                                  └─▶ DONE
///
/// An output that cannot be created, but for a shortage, is a launch that failed: STARTING is
/// followed by ENDING. Where no process is to be had for the command, REMOVING follows SPAWNING.
/// WATCHING is followed by ENDING if the command itself cannot be killed, and REAPING by ENDING if
/// no descendant is left, or those left may stay. Before ENDING comes HOLDING where the command may
/// have ended because the system ends everything; where that is so, and descendants are left that
/// otherwise might stay, CLEARING follows. Where the attempt has secrets, SCRUBBING comes before
/// ENDING, and WAITING_FOR_SPACE may follow it: the end is not written before the output is scrubbed.
/// Where the step has outputs and the command succeeded, COLLECTING comes before that, likewise.
enum flow_monitor_phase {
  FLOW_MONITOR_IS_NEW,
  FLOW_MONITOR_IS_CREATING,
  FLOW_MONITOR_IS_LOCKING,
  FLOW_MONITOR_IS_RESERVING,
  FLOW_MONITOR_IS_OPENING,
  FLOW_MONITOR_IS_REMOVING,
  FLOW_MONITOR_IS_STARTING,
  FLOW_MONITOR_IS_SPAWNING,
  FLOW_MONITOR_IS_NOTING,
  /// The command runs.
  FLOW_MONITOR_IS_WATCHING,
  /// The command is being reaped; the next event reports whether descendants are left.
  FLOW_MONITOR_IS_REAPING,
  /// The command was reaped, and its descendants are being stopped.
  FLOW_MONITOR_IS_CLEARING,
  /// Nothing is left, and a SIGTERM to this monitor may still explain the end.
  FLOW_MONITOR_IS_HOLDING,
  FLOW_MONITOR_IS_COLLECTING,
  FLOW_MONITOR_IS_SCRUBBING,
  FLOW_MONITOR_IS_ENDING,
  FLOW_MONITOR_IS_WAITING_FOR_SPACE,
  FLOW_MONITOR_IS_DONE,
};

struct flow_monitor {
  // Set by `flow_monitor_init`.
  /// Negative: none.
  int64_t timeout_us;
  int64_t grace_us;
  bool keeps_stragglers;
  /// Set by the caller afterwards, for a run of a version that knows no interrupted attempts: the
  /// end of one is reported and not written, so that any version takes the attempt for lost.
  bool hides_interruption;
  /// Set by the caller afterwards, for an attempt with secrets.
  bool has_secrets;
  /// Set by the caller afterwards, for an attempt whose step declares outputs.
  bool has_outputs;

  // Read by the caller when it performs an action.
  struct flow_record_end end;
  /// The command's process id, once started.
  int32_t command;

  // Set by the caller when FLOW_MONITOR_SPAWN fails.
  enum flow_launch_operation failed_operation;

  // The step function's own.
  enum flow_monitor_phase phase;
  /// When the command was started.
  int64_t started_at;
  /// Why the record is being removed.
  int32_t record_error;
  /// Whether the engine was told what lacks; the record is removed after that.
  bool reported_shortage;
  /// Why the output could not be created; zero if it was.
  int32_t output_error;
  bool command_ended;
  bool command_reaped;
  bool stop_asked, force_asked;
  /// Whether the system ended the attempt, as far as is known; and whether its deadline came first.
  bool was_told, timed_out;
  bool told_reported;
  /// How many descendants the command has left, as far as was counted.
  int32_t left;
  bool is_collected, is_scrubbed;
  /// Times of the monotonic clock; INT64_MAX for none.
  int64_t deadline, terminate_at, kill_at, give_up_at, retry_at, hold_until;
  /// When the monitor was told to end, last; when the command ended; when no process was left.
  int64_t told_at, ended_at, over_at;
};

void flow_monitor_init(
    struct flow_monitor *monitor, int64_t timeout_us, int64_t grace_us, bool keeps_stragglers);

/// Handles an event; `actions` receives what to do, in order.
void flow_monitor_step(
    struct flow_monitor *monitor, const struct flow_monitor_event *event,
    struct flow_monitor_actions *actions);

/// When the monitor needs a FLOW_MONITOR_TIME at the latest; INT64_MAX for never.
int64_t flow_monitor_wake_up(const struct flow_monitor *monitor);
