// What the parts of a monitor's step function share: how an attempt is started (`monitor_start.c`), and how it
// comes to its end (`monitor_end.c`).
#pragma once

#include <errno.h>

#include "monitor.h"

static const int64_t never = INT64_MAX;

static inline void act(struct flow_monitor_actions *actions, enum flow_monitor_action action) {
  if (actions->count == FLOW_MONITOR_MAX_ACTIONS) __builtin_trap();
  actions->list[actions->count++] = action;
}

// Requests an action that is answered, and waits for the answer in that phase.
static inline void ask(
    struct flow_monitor *monitor, enum flow_monitor_action action, enum flow_monitor_phase phase,
    struct flow_monitor_actions *actions) {
  act(actions, action);
  monitor->phase = phase;
}

// That much later; never where the sum overflows.
static inline int64_t later(int64_t time, int64_t delta) {
  int64_t sum;
  return __builtin_add_overflow(time, delta, &sum) ? never : sum;
}

// For a negative result.
static inline int32_t error_number(int64_t result) {
  if (result >= 0 || result < -INT32_MAX) __builtin_trap();
  return (int32_t)-result;
}

static inline bool is_out_of_space(int32_t error) { return error == ENOSPC || error == EDQUOT; }

// Whether a process, or what one takes, is not to be had for the moment.
static inline bool is_out_of_processes(int32_t error) {
  return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE;
}

static inline bool is_shortage(int32_t error) {
  return is_out_of_space(error) || is_out_of_processes(error);
}

/// Nothing was started, and no record exists.
void flow_monitor_start_nothing(
    struct flow_monitor *monitor, int32_t error, struct flow_monitor_actions *actions);

/// The answer to FLOW_MONITOR_REMOVE_RECORD.
void flow_monitor_record_removed(
    struct flow_monitor *monitor, int64_t result, struct flow_monitor_actions *actions);

/// The start is recorded.
void flow_monitor_start_command(
    struct flow_monitor *monitor, int64_t now, struct flow_monitor_actions *actions);

/// The answer to FLOW_MONITOR_SPAWN.
void flow_monitor_spawned(
    struct flow_monitor *monitor, const struct flow_monitor_event *event,
    struct flow_monitor_actions *actions);

void flow_monitor_leave(struct flow_monitor *monitor, struct flow_monitor_actions *actions);

void flow_monitor_launch_failed(
    struct flow_monitor *monitor, enum flow_launch_operation operation, int32_t error);

/// The record gets the end.
void flow_monitor_finish(struct flow_monitor *monitor, struct flow_monitor_actions *actions);

/// The next operation of the end: its outputs are collected, its output is scrubbed, and then it is written.
void flow_monitor_end(struct flow_monitor *monitor, struct flow_monitor_actions *actions);

/// The answer to FLOW_MONITOR_COLLECT.
void flow_monitor_collected(
    struct flow_monitor *monitor, const struct flow_monitor_event *event,
    struct flow_monitor_actions *actions);

/// The answer to FLOW_MONITOR_SCRUB.
void flow_monitor_scrubbed(
    struct flow_monitor *monitor, const struct flow_monitor_event *event,
    struct flow_monitor_actions *actions);

/// No process of the attempt is left that may not stay.
void flow_monitor_conclude(
    struct flow_monitor *monitor, int64_t now, struct flow_monitor_actions *actions);

/// The answer to FLOW_MONITOR_WRITE_END.
void flow_monitor_end_written(
    struct flow_monitor *monitor, const struct flow_monitor_event *event,
    struct flow_monitor_actions *actions);

/// The system tells this monitor to end.
void flow_monitor_told(
    struct flow_monitor *monitor, int64_t now, struct flow_monitor_actions *actions);

/// The command has ended, and `monitor->end` says how.
void flow_monitor_note_end(struct flow_monitor *monitor, int64_t now);

/// Whether an attempt that did not succeed was ended by the system, and not by its deadline before
/// that, or by the engine.
bool flow_monitor_was_interrupted(const struct flow_monitor *monitor);

/// Whether the monitor was told to end so short a time ago that the command has ended of it.
bool flow_monitor_was_just_told(const struct flow_monitor *monitor, int64_t now);
