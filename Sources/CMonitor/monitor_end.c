#include "monitor_parts.h"

#include <signal.h>

void flow_monitor_leave(struct flow_monitor *monitor, struct flow_monitor_actions *actions) {
  act(actions, FLOW_MONITOR_EXIT);
  monitor->phase = FLOW_MONITOR_IS_DONE;
}

void flow_monitor_launch_failed(
    struct flow_monitor *monitor, enum flow_launch_operation operation, int32_t error) {
  monitor->end.result = FLOW_RESULT_LAUNCH_FAILED;
  monitor->end.code = error;
  monitor->end.operation = operation;
}

bool flow_monitor_was_interrupted(const struct flow_monitor *monitor) {
  const struct flow_record_end *end = &monitor->end;
  if (!monitor->was_told || !monitor->command_ended) return false;
  if (end->result == FLOW_RESULT_EXITED && end->code == 0) return false;
  return end->cause == FLOW_CAUSE_ITSELF ||
         (end->cause == FLOW_CAUSE_DEADLINE && !monitor->timed_out);
}

void flow_monitor_finish(struct flow_monitor *monitor, struct flow_monitor_actions *actions) {
  int64_t over_at = monitor->over_at;
  monitor->end.duration_us = over_at > monitor->started_at ? over_at - monitor->started_at : 0;
  monitor->deadline = monitor->terminate_at = monitor->kill_at = never;
  monitor->give_up_at = monitor->retry_at = monitor->hold_until = never;
  monitor->end.was_interrupted = flow_monitor_was_interrupted(monitor);
  flow_monitor_end(monitor, actions);
}

// What an attempt has put out that did not succeed is of no use.
static bool has_succeeded(const struct flow_monitor *monitor) {
  const struct flow_record_end *end = &monitor->end;
  return monitor->command_ended && end->result == FLOW_RESULT_EXITED && end->code == 0 &&
         end->cause == FLOW_CAUSE_ITSELF && end->unkillable == 0;
}

void flow_monitor_end(struct flow_monitor *monitor, struct flow_monitor_actions *actions) {
  if (monitor->has_outputs && !monitor->is_collected && has_succeeded(monitor)) {
    ask(monitor, FLOW_MONITOR_COLLECT, FLOW_MONITOR_IS_COLLECTING, actions);
    return;
  }
  if (monitor->has_secrets && !monitor->is_scrubbed) {
    ask(monitor, FLOW_MONITOR_SCRUB, FLOW_MONITOR_IS_SCRUBBING, actions);
    return;
  }
  if (monitor->end.was_interrupted && monitor->hides_interruption) {
    act(actions, FLOW_MONITOR_REPORT_ENDED);
    flow_monitor_leave(monitor, actions);
    return;
  }
  ask(monitor, FLOW_MONITOR_WRITE_END, FLOW_MONITOR_IS_ENDING, actions);
}

// Whether SIGTERM explains how the command ended.
static bool ended_by_term(const struct flow_record_end *end) {
  return (end->result == FLOW_RESULT_SIGNALLED && end->code == SIGTERM) ||
         (end->result == FLOW_RESULT_EXITED && end->code == 128 + SIGTERM);
}

// Whether SIGTERM ended the command, and nothing tells yet why it was sent.
static bool lacks_reason(const struct flow_monitor *monitor) {
  if (monitor->end.cause != FLOW_CAUSE_ITSELF || monitor->was_told) return false;
  if (monitor->stop_asked || monitor->force_asked) return false;
  return ended_by_term(&monitor->end);
}

void flow_monitor_conclude(
    struct flow_monitor *monitor, int64_t now, struct flow_monitor_actions *actions) {
  monitor->over_at = now;
  int64_t hold_until = later(monitor->ended_at, FLOW_MONITOR_TOLD_LATE_US);
  if (!lacks_reason(monitor) || now >= hold_until) {
    flow_monitor_finish(monitor, actions);
    return;
  }
  monitor->deadline = monitor->terminate_at = monitor->kill_at = monitor->give_up_at = never;
  monitor->hold_until = hold_until;
  monitor->phase = FLOW_MONITOR_IS_HOLDING;
}

void flow_monitor_told(
    struct flow_monitor *monitor, int64_t now, struct flow_monitor_actions *actions) {
  if (!monitor->command_ended) {
    monitor->told_at = now;
  } else if (now <= later(monitor->ended_at, FLOW_MONITOR_TOLD_LATE_US)) {
    monitor->was_told = true;
  }
  if (monitor->told_reported) return;
  monitor->told_reported = true;
  act(actions, FLOW_MONITOR_REPORT_TOLD);
}

void flow_monitor_note_end(struct flow_monitor *monitor, int64_t now) {
  monitor->command_ended = true;
  monitor->ended_at = now;
  monitor->was_told = flow_monitor_was_just_told(monitor, now);
  // However short its grace is, it takes a moment to die of what it heard at the same time.
  if (monitor->told_at != never && ended_by_term(&monitor->end)) {
    monitor->was_told |= now <= later(monitor->told_at, FLOW_MONITOR_TOLD_LATE_US);
  }
}

bool flow_monitor_was_just_told(const struct flow_monitor *monitor, int64_t now) {
  return monitor->told_at != never && now <= later(monitor->told_at, monitor->grace_us);
}

static void wait_for_space(struct flow_monitor *monitor, int64_t now) {
  monitor->retry_at = later(now, FLOW_MONITOR_RETRY_US);
  monitor->phase = FLOW_MONITOR_IS_WAITING_FOR_SPACE;
}

void flow_monitor_collected(
    struct flow_monitor *monitor, const struct flow_monitor_event *event,
    struct flow_monitor_actions *actions) {
  if (event->result < 0) {
    int32_t error = error_number(event->result);
    if (is_shortage(error) || error == EINTR) {
      wait_for_space(monitor, event->now);
      return;
    }
    // Any other error would come again. The end has no outputs: the engine says that there are none.
    monitor->end.outputs_inside = false;
    monitor->end.outputs_size = 0;
    monitor->end.outputs_checksum = 0;
  }
  monitor->is_collected = true;
  flow_monitor_end(monitor, actions);
}

void flow_monitor_scrubbed(
    struct flow_monitor *monitor, const struct flow_monitor_event *event,
    struct flow_monitor_actions *actions) {
  if (event->result < 0) {
    // Overwriting takes no space, but on file systems that copy what is written.
    int32_t error = error_number(event->result);
    if (is_out_of_space(error) || error == EINTR) {
      wait_for_space(monitor, event->now);
      return;
    }
  }
  monitor->is_scrubbed = true;
  // A process that cannot be killed can print them yet.
  monitor->end.is_unscrubbed = event->result < 0 || monitor->end.unkillable > 0;
  flow_monitor_end(monitor, actions);
}

void flow_monitor_end_written(
    struct flow_monitor *monitor, const struct flow_monitor_event *event,
    struct flow_monitor_actions *actions) {
  if (event->result < 0) {
    int32_t error = error_number(event->result);
    if (is_out_of_space(error) || error == EINTR) {
      wait_for_space(monitor, event->now);
      return;
    }
    // Any other disk error would come again. A living engine can still get the report.
  }
  act(actions, FLOW_MONITOR_REPORT_ENDED);
  flow_monitor_leave(monitor, actions);
}
