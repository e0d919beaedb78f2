/// The decisions of a launcher: a pure step function, as for monitors (`monitor.h`).
///
/// A launcher belongs to one engine and forks a monitor for each attempt. It shares its lock with
/// the monitors that it forks; each releases the lock once its attempt record exists. A free lock
/// therefore means that no fork is in flight. When its engine is gone, the launcher accepts no more
/// requests, releases the lock, and stays as reaper until its last monitor has ended.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum flow_launcher_event_kind {
  /// The engine requests the launch of an attempt; `id` is the caller's name for it.
  FLOW_LAUNCHER_REQUEST,
  /// The answer to FLOW_LAUNCHER_FORK: the monitor's process id, or a negative error number.
  FLOW_LAUNCHER_FORKED,
  /// A child has ended and was reaped: a monitor, or an orphan that the launcher adopted as
  /// subreaper.
  FLOW_LAUNCHER_CHILD_ENDED,
  /// The engine is gone: its end of the channel is closed.
  FLOW_LAUNCHER_ENGINE_GONE,
};

struct flow_launcher_event {
  enum flow_launcher_event_kind kind;
  /// Of a request.
  uint32_t id;
  /// A process id, or a negative error number.
  int64_t process;
};

enum flow_launcher_action_kind {
  /// Fork a monitor for the request `id`. Answered by FLOW_LAUNCHER_FORKED before any other event.
  FLOW_LAUNCHER_FORK,
  /// Report to the engine that the monitor of the request `id` could not be forked: `error`.
  FLOW_LAUNCHER_REPORT_FORK_FAILED,
  /// Report to the engine that the monitor of the request `id` is gone.
  FLOW_LAUNCHER_REPORT_MONITOR_GONE,
  /// Close the lock; once, when the engine is gone.
  FLOW_LAUNCHER_RELEASE_LOCK,
  FLOW_LAUNCHER_EXIT,
};

struct flow_launcher_action {
  enum flow_launcher_action_kind kind;
  uint32_t id;
  int32_t error;
};

enum { FLOW_LAUNCHER_MAX_ACTIONS = 2 };

struct flow_launcher_actions {
  int count;
  struct flow_launcher_action list[FLOW_LAUNCHER_MAX_ACTIONS];
};

struct flow_launcher_monitor {
  int32_t process;
  uint32_t id;
};

struct flow_launcher {
  /// The living monitors, in no order; the memory is the caller's.
  struct flow_launcher_monitor *monitors;
  uint32_t capacity;
  uint32_t count;
  bool engine_gone;
  bool forking;
  uint32_t forking_id;
};

/// `monitors` holds up to `capacity`; a request beyond that is answered as a failed fork (EAGAIN).
void flow_launcher_init(
    struct flow_launcher *launcher, struct flow_launcher_monitor *monitors, uint32_t capacity);

void flow_launcher_step(
    struct flow_launcher *launcher, const struct flow_launcher_event *event,
    struct flow_launcher_actions *actions);
