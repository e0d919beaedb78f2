/// What a monitor decides: a pure function from what happened to what is to be done, without any
/// system call. The process that performs the actions on Linux and the simulated one drive the very
/// same function.
///
/// A monitor owns one attempt. It makes and locks the attempt's record, lets go of the launcher's
/// lock only when the record says `starting`, starts the command, alone enforces its deadline and
/// alone signals its processes, and writes the end when nothing of the attempt is left.
///
/// Not every event can come at every time; one that cannot be is a fault of the caller, and traps.
/// STOP, FORCE and TIME may come at any time: too early they are remembered (TIME is not), too late
/// they change nothing. An action that is answered is answered before anything else but these.
/// The caller looks at its children whenever no answer is due, and before it looks at the clock, so
/// that a command that ended in time is not said to have passed its deadline.
#pragma once

#include "record.h"

enum flow_monitor_event_kind {
  /// The first: the monitor has been forked.
  FLOW_MONITOR_BEGIN,
  /// The last action, one that is answered, has been performed; `result` is what it returned, or a
  /// negative error number.
  FLOW_MONITOR_DONE,
  /// The command itself has ended; `result` is its status as `waitpid` gives it. It is reaped only
  /// by the action that follows, so that its number still names its group.
  FLOW_MONITOR_COMMAND_ENDED,
  /// No descendant is left (ECHILD), the command included. This or FLOW_MONITOR_SOMEBODY_LEFT is
  /// what the caller says after FLOW_MONITOR_REAP_COMMAND, and whenever it has reaped others since.
  FLOW_MONITOR_NOBODY_LEFT,
  /// Somebody wants the attempt to end, with grace.
  FLOW_MONITOR_STOP,
  /// Somebody wants the attempt to end now.
  FLOW_MONITOR_FORCE,
  /// Time has passed: `flow_monitor_wake_up` may be due.
  FLOW_MONITOR_TIME,
  /// The command has been reaped and descendants are left: `result` says how many. The number
  /// counts the first time only.
  FLOW_MONITOR_SOMEBODY_LEFT,
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
  /// Give it room for all its parts, so that the end can be written on a full disk.
  FLOW_MONITOR_RESERVE_RECORD,
  FLOW_MONITOR_REMOVE_RECORD,
  FLOW_MONITOR_WRITE_START,
  /// Start the command; the result is its process id, or the negative error number of the operation
  /// that `flow_monitor.failed_operation` is then set to by the caller.
  FLOW_MONITOR_SPAWN,
  FLOW_MONITOR_WRITE_COMMAND,
  /// Write `end`, whose CPU time and peak memory the caller fills in. It may be asked for again.
  FLOW_MONITOR_WRITE_END,

  // Not answered.
  /// Close the launcher's lock.
  FLOW_MONITOR_RELEASE_LAUNCHER,
  /// Tell the engine, if there is one.
  FLOW_MONITOR_REPORT_LAUNCHED,
  FLOW_MONITOR_REPORT_DEADLINE,
  FLOW_MONITOR_REPORT_ENDED,
  /// Nothing was started, since the record has no room; the attempt can be launched again.
  FLOW_MONITOR_REPORT_NO_ROOM,
  /// Nothing was started: the record could not be made, and `end` says why.
  FLOW_MONITOR_REPORT_REFUSED,
  /// SIGTERM to the command's group; the command is not reaped.
  FLOW_MONITOR_TERMINATE_GROUP,
  /// SIGCONT to the same: who is stopped hears nothing else before he goes on.
  FLOW_MONITOR_CONTINUE_GROUP,
  /// SIGTERM and SIGCONT to all direct children; the command has been reaped.
  FLOW_MONITOR_TERMINATE_CHILDREN,
  /// SIGKILL to all direct children.
  FLOW_MONITOR_KILL_CHILDREN,
  /// Reap the command, which has ended.
  FLOW_MONITOR_REAP_COMMAND,
  /// Fill `end.unkillable` and its ids with the descendants that are left; what has ended and is
  /// only not reaped is none of them.
  FLOW_MONITOR_NAME_SURVIVORS,
  FLOW_MONITOR_EXIT,
};

enum { FLOW_MONITOR_MAX_ACTIONS = 6 };

enum {
  /// SIGKILL is repeated, for those that fell to the monitor since.
  FLOW_MONITOR_KILL_AGAIN_US = 50 * 1000,
  /// From the first SIGKILL until those that are left are named and given up.
  FLOW_MONITOR_GIVE_UP_US = 30 * 1000 * 1000,
  /// A monitor whose kill is later than this was itself held up (stopped, or frozen together with
  /// the attempt), and gives up no sooner than so long after it has killed again.
  FLOW_MONITOR_HELD_UP_US = 1000 * 1000,
  /// An end for which there is no room is tried again.
  FLOW_MONITOR_RETRY_US = 1000 * 1000,
};

struct flow_monitor_actions {
  int count;
  enum flow_monitor_action list[FLOW_MONITOR_MAX_ACTIONS];
};

///     NEW ─▶ CREATING ─▶ LOCKING ─▶ RESERVING ─▶ STARTING ─▶ SPAWNING ─▶ NOTING ─▶ WATCHING
///               │           └───────────┴────────────┤           │                    │
///               │                                    ▼           │     CLEARING ◀─ REAPING
///               │                                 REMOVING       │        │           │
///               ▼                                    ▼           ▼        ▼           ▼
///             DONE ◀─────────────────────────────── DONE         └───▶ ENDING ◀───────┘
///                                                                       │  ▲
///                                                      DONE ◀───────────┘  └─▶ WAITING_FOR_ROOM
///
/// From WATCHING, too, it is ENDING at once if the command itself cannot be killed; from REAPING if
/// nobody is left, or those that are may stay.
enum flow_monitor_phase {
  FLOW_MONITOR_IS_NEW,
  FLOW_MONITOR_IS_CREATING,
  FLOW_MONITOR_IS_LOCKING,
  FLOW_MONITOR_IS_RESERVING,
  FLOW_MONITOR_IS_REMOVING,
  FLOW_MONITOR_IS_STARTING,
  FLOW_MONITOR_IS_SPAWNING,
  FLOW_MONITOR_IS_NOTING,
  /// The command runs.
  FLOW_MONITOR_IS_WATCHING,
  /// The command is being reaped; whether others are left comes next.
  FLOW_MONITOR_IS_REAPING,
  /// The command has been reaped, and its descendants are being ended.
  FLOW_MONITOR_IS_CLEARING,
  FLOW_MONITOR_IS_ENDING,
  FLOW_MONITOR_IS_WAITING_FOR_ROOM,
  FLOW_MONITOR_IS_DONE,
};

struct flow_monitor {
  // Set by `flow_monitor_init`.
  /// Negative: none.
  int64_t timeout_us;
  int64_t grace_us;
  bool keeps_stragglers;

  // For the caller to read when it performs an action.
  struct flow_record_end end;
  /// The command's process id, once it was started.
  int32_t command;

  // Set by the caller when FLOW_MONITOR_SPAWN fails.
  enum flow_launch_operation failed_operation;

  // The step function's own.
  enum flow_monitor_phase phase;
  /// When the command was started.
  int64_t started_at;
  /// Why the record is being removed.
  int32_t record_error;
  bool command_ended;
  bool command_reaped;
  bool stop_asked, force_asked;
  /// Times of the monotonic clock; INT64_MAX where there is none.
  int64_t deadline, kill_at, give_up_at, retry_at;
};

void flow_monitor_init(
    struct flow_monitor *monitor, int64_t timeout_us, int64_t grace_us, bool keeps_stragglers);

/// Takes in what happened; `actions` is what is to be done, in order.
void flow_monitor_step(
    struct flow_monitor *monitor, const struct flow_monitor_event *event,
    struct flow_monitor_actions *actions);

/// When the monitor wants a FLOW_MONITOR_TIME at the latest; INT64_MAX for never.
int64_t flow_monitor_wake_up(const struct flow_monitor *monitor);
