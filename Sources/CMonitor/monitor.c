#include "monitor_parts.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

// MARK: Signals

static void terminate_group(
    struct flow_monitor *monitor, enum flow_cause cause, int64_t now,
    struct flow_monitor_actions *actions) {
  monitor->end.cause = cause;
  monitor->deadline = never;
  monitor->kill_at = later(now, monitor->grace_us);
  act(actions, FLOW_MONITOR_TERMINATE_GROUP);
  act(actions, FLOW_MONITOR_CONTINUE_GROUP);
}

// The command was reaped. Children that had no SIGTERM get one: those in other groups, those started
// after it, and those that the monitor adopts later. Their parents' ends are not always reported.
static void terminate_children(
    struct flow_monitor *monitor, int64_t now, struct flow_monitor_actions *actions) {
  monitor->terminate_at = later(now, FLOW_MONITOR_TERMINATE_AGAIN_US);
  act(actions, FLOW_MONITOR_TERMINATE_CHILDREN);
}

static bool is_killing(const struct flow_monitor *monitor) { return monitor->give_up_at != never; }

// Whether the monitor did not run when a kill was due: it was stopped or frozen, perhaps together
// with the attempt.
static bool was_delayed(const struct flow_monitor *monitor, int64_t now) {
  return now > later(monitor->kill_at, FLOW_MONITOR_DELAYED_US);
}

static void kill_children(
    struct flow_monitor *monitor, int64_t now, struct flow_monitor_actions *actions) {
  if (!is_killing(monitor)) {
    monitor->give_up_at = later(now, FLOW_MONITOR_GIVE_UP_US);
  } else if (was_delayed(monitor, now)) {
    // A process is not unkillable before it got the signal again.
    int64_t time = later(now, FLOW_MONITOR_DELAYED_US);
    if (monitor->give_up_at < time) monitor->give_up_at = time;
  }
  monitor->deadline = monitor->terminate_at = never;
  monitor->kill_at = later(now, FLOW_MONITOR_KILL_AGAIN_US);
  act(actions, FLOW_MONITOR_KILL_CHILDREN);
}

// The command still runs, and its grace is over.
static void force(
    struct flow_monitor *monitor, int64_t now, struct flow_monitor_actions *actions) {
  monitor->end.cause = FLOW_CAUSE_FORCE;
  kill_children(monitor, now, actions);
}

static void give_up(
    struct flow_monitor *monitor, int64_t now, struct flow_monitor_actions *actions) {
  if (!monitor->command_ended) {
    // It has no result; this is the signal that it got.
    monitor->end.result = FLOW_RESULT_SIGNALLED;
    monitor->end.code = SIGKILL;
  }
  act(actions, FLOW_MONITOR_NAME_SURVIVORS);
  monitor->over_at = now;
  flow_monitor_finish(monitor, actions);
}

// While a process of the attempt runs.
static void time_passed(
    struct flow_monitor *monitor, int64_t now, struct flow_monitor_actions *actions) {
  if (now >= monitor->give_up_at && !was_delayed(monitor, now)) {
    give_up(monitor, now, actions);
  } else if (now >= monitor->kill_at) {
    kill_children(monitor, now, actions);
  } else if (now >= monitor->terminate_at) {
    terminate_children(monitor, now, actions);
  } else if (now >= monitor->deadline) {
    act(actions, FLOW_MONITOR_REPORT_DEADLINE);
    monitor->timed_out = !flow_monitor_was_just_told(monitor, now);
    terminate_group(monitor, FLOW_CAUSE_DEADLINE, now, actions);
  }
}

// MARK: While it runs

static void command_noted(
    struct flow_monitor *monitor, int64_t now, struct flow_monitor_actions *actions) {
  // A failed write of the command part is harmless: the start part alone prevents a second launch,
  // and names this monitor.
  act(actions, FLOW_MONITOR_REPORT_LAUNCHED);
  monitor->phase = FLOW_MONITOR_IS_WATCHING;
  if (monitor->force_asked) {
    force(monitor, now, actions);
  } else if (monitor->stop_asked) {
    terminate_group(monitor, FLOW_CAUSE_STOP, now, actions);
  }
}

static void note_result(struct flow_monitor *monitor, int64_t result) {
  int status = (int)result;
  if (WIFEXITED(status)) {
    monitor->end.result = FLOW_RESULT_EXITED;
    monitor->end.code = WEXITSTATUS(status);
  } else if (WIFSIGNALED(status)) {
    monitor->end.result = FLOW_RESULT_SIGNALLED;
    monitor->end.code = WTERMSIG(status);
  } else {
    __builtin_trap();  // stopped or continued, which the caller does not wait for
  }
}

static void reap_command(
    struct flow_monitor *monitor, const struct flow_monitor_event *event,
    struct flow_monitor_actions *actions) {
  note_result(monitor, event->result);
  flow_monitor_note_end(monitor, event->now);
  monitor->command_reaped = true;
  monitor->deadline = never;
  act(actions, FLOW_MONITOR_REAP_COMMAND);
}

// The command was reaped, and the `left` descendants may not stay.
static void clear(
    struct flow_monitor *monitor, int64_t now, struct flow_monitor_actions *actions) {
  monitor->end.stragglers = monitor->left;
  monitor->phase = FLOW_MONITOR_IS_CLEARING;
  // Nothing is held back any more: a time that has passed would wake the monitor again and again.
  monitor->hold_until = never;
  if (monitor->force_asked || is_killing(monitor)) {
    kill_children(monitor, now, actions);
    return;
  }
  // A grace period that has begun continues: timeout and grace together bound an attempt.
  if (monitor->end.cause == FLOW_CAUSE_ITSELF) monitor->kill_at = later(now, monitor->grace_us);
  terminate_children(monitor, now, actions);
}

static void note_left(struct flow_monitor *monitor, const struct flow_monitor_event *event) {
  int64_t count = event->result < 1 ? 1 : event->result;
  monitor->left = count > INT32_MAX ? INT32_MAX : (int32_t)count;
}

// An attempt that was interrupted runs again: it leaves nothing that would run beside that.
static bool may_stay(const struct flow_monitor *monitor) {
  if (!monitor->keeps_stragglers || monitor->end.cause != FLOW_CAUSE_ITSELF) return false;
  if (monitor->stop_asked || monitor->force_asked) return false;
  return !flow_monitor_was_interrupted(monitor);
}

// The command was reaped, and descendants are left.
static void descendants_left(
    struct flow_monitor *monitor, const struct flow_monitor_event *event,
    struct flow_monitor_actions *actions) {
  note_left(monitor, event);
  if (may_stay(monitor)) {
    flow_monitor_conclude(monitor, event->now, actions);
  } else {
    clear(monitor, event->now, actions);
  }
}

// MARK: Every event in every phase

static void step_new(
    struct flow_monitor *monitor, const struct flow_monitor_event *event,
    struct flow_monitor_actions *actions) {
  switch (event->kind) {
    case FLOW_MONITOR_BEGIN:
      ask(monitor, FLOW_MONITOR_CREATE_RECORD, FLOW_MONITOR_IS_CREATING, actions);
      return;
    case FLOW_MONITOR_STOP: monitor->stop_asked = true; return;
    case FLOW_MONITOR_FORCE: monitor->force_asked = true; return;
    case FLOW_MONITOR_TOLD: monitor->told_at = event->now; return;
    case FLOW_MONITOR_TIME: return;
    case FLOW_MONITOR_DONE:           // no answer is due
    case FLOW_MONITOR_COMMAND_ENDED:  // nothing was started
    case FLOW_MONITOR_NO_DESCENDANT_LEFT:
    case FLOW_MONITOR_DESCENDANTS_LEFT: __builtin_trap();
  }
  __builtin_trap();  // no such event
}

static void answered(
    struct flow_monitor *monitor, const struct flow_monitor_event *event,
    struct flow_monitor_actions *actions) {
  switch (monitor->phase) {
    case FLOW_MONITOR_IS_CREATING:
      if (event->result < 0) {
        flow_monitor_start_nothing(monitor, error_number(event->result), actions);
      } else {
        ask(monitor, FLOW_MONITOR_LOCK_RECORD, FLOW_MONITOR_IS_LOCKING, actions);
      }
      return;
    case FLOW_MONITOR_IS_OPENING:
      if (event->result < 0 && !is_shortage(error_number(event->result))) {
        monitor->output_error = error_number(event->result);
        ask(monitor, FLOW_MONITOR_WRITE_START, FLOW_MONITOR_IS_STARTING, actions);
        return;
      }
      __attribute__((fallthrough));
    case FLOW_MONITOR_IS_LOCKING:
    case FLOW_MONITOR_IS_RESERVING:
    case FLOW_MONITOR_IS_STARTING:
      if (event->result < 0) {
        monitor->record_error = error_number(event->result);
        ask(monitor, FLOW_MONITOR_REMOVE_RECORD, FLOW_MONITOR_IS_REMOVING, actions);
      } else if (monitor->phase == FLOW_MONITOR_IS_LOCKING) {
        ask(monitor, FLOW_MONITOR_RESERVE_RECORD, FLOW_MONITOR_IS_RESERVING, actions);
      } else if (monitor->phase == FLOW_MONITOR_IS_RESERVING) {
        ask(monitor, FLOW_MONITOR_CREATE_OUTPUT, FLOW_MONITOR_IS_OPENING, actions);
      } else if (monitor->phase == FLOW_MONITOR_IS_OPENING) {
        ask(monitor, FLOW_MONITOR_WRITE_START, FLOW_MONITOR_IS_STARTING, actions);
      } else {
        flow_monitor_start_command(monitor, event->now, actions);
      }
      return;
    case FLOW_MONITOR_IS_REMOVING: flow_monitor_record_removed(monitor, event->result, actions); return;
    case FLOW_MONITOR_IS_SPAWNING: flow_monitor_spawned(monitor, event, actions); return;
    case FLOW_MONITOR_IS_NOTING: command_noted(monitor, event->now, actions); return;
    case FLOW_MONITOR_IS_COLLECTING: flow_monitor_collected(monitor, event, actions); return;
    case FLOW_MONITOR_IS_SCRUBBING: flow_monitor_scrubbed(monitor, event, actions); return;
    case FLOW_MONITOR_IS_ENDING: flow_monitor_end_written(monitor, event, actions); return;
    case FLOW_MONITOR_IS_NEW:  // no answer is due
    case FLOW_MONITOR_IS_WATCHING:
    case FLOW_MONITOR_IS_REAPING:
    case FLOW_MONITOR_IS_CLEARING:
    case FLOW_MONITOR_IS_HOLDING:
    case FLOW_MONITOR_IS_WAITING_FOR_SPACE:
    case FLOW_MONITOR_IS_DONE: __builtin_trap();
  }
  __builtin_trap();  // no such phase
}

// Every phase that waits for an answer.
static void step_asking(
    struct flow_monitor *monitor, const struct flow_monitor_event *event,
    struct flow_monitor_actions *actions) {
  switch (event->kind) {
    case FLOW_MONITOR_DONE: answered(monitor, event, actions); return;
    // Remembered until the command runs; once the end is being written it is too late.
    case FLOW_MONITOR_STOP: monitor->stop_asked = true; return;
    case FLOW_MONITOR_FORCE: monitor->force_asked = true; return;
    case FLOW_MONITOR_TOLD: monitor->told_at = event->now; return;
    case FLOW_MONITOR_TIME: return;
    case FLOW_MONITOR_BEGIN:          // it has begun
    case FLOW_MONITOR_COMMAND_ENDED:  // the caller checks children only after the answer
    case FLOW_MONITOR_NO_DESCENDANT_LEFT:
    case FLOW_MONITOR_DESCENDANTS_LEFT: __builtin_trap();
  }
  __builtin_trap();  // no such event
}

static void step_watching(
    struct flow_monitor *monitor, const struct flow_monitor_event *event,
    struct flow_monitor_actions *actions) {
  switch (event->kind) {
    case FLOW_MONITOR_COMMAND_ENDED:
      reap_command(monitor, event, actions);
      monitor->phase = FLOW_MONITOR_IS_REAPING;
      return;
    case FLOW_MONITOR_STOP:
      monitor->stop_asked = true;
      // The first cause counts.
      if (monitor->end.cause != FLOW_CAUSE_ITSELF) return;
      terminate_group(monitor, FLOW_CAUSE_STOP, event->now, actions);
      return;
    case FLOW_MONITOR_FORCE:
      if (monitor->force_asked) return;
      monitor->force_asked = true;
      force(monitor, event->now, actions);
      return;
    case FLOW_MONITOR_TOLD: flow_monitor_told(monitor, event->now, actions); return;
    case FLOW_MONITOR_TIME: time_passed(monitor, event->now, actions); return;
    case FLOW_MONITOR_BEGIN:        // it has begun
    case FLOW_MONITOR_DONE:         // no answer is due
    case FLOW_MONITOR_NO_DESCENDANT_LEFT:  // the command is not reaped
    case FLOW_MONITOR_DESCENDANTS_LEFT: __builtin_trap();
  }
  __builtin_trap();  // no such event
}

static void step_reaping(
    struct flow_monitor *monitor, const struct flow_monitor_event *event,
    struct flow_monitor_actions *actions) {
  switch (event->kind) {
    case FLOW_MONITOR_NO_DESCENDANT_LEFT: flow_monitor_conclude(monitor, event->now, actions); return;
    case FLOW_MONITOR_DESCENDANTS_LEFT: descendants_left(monitor, event, actions); return;
    // They apply to the descendants, if any are left; the command has its result.
    case FLOW_MONITOR_STOP: monitor->stop_asked = true; return;
    case FLOW_MONITOR_FORCE: monitor->force_asked = true; return;
    case FLOW_MONITOR_TOLD: flow_monitor_told(monitor, event->now, actions); return;
    case FLOW_MONITOR_TIME: return;
    case FLOW_MONITOR_BEGIN:          // it has begun
    case FLOW_MONITOR_DONE:           // no answer is due
    case FLOW_MONITOR_COMMAND_ENDED:  // it ends once
      __builtin_trap();
  }
  __builtin_trap();  // no such event
}

static void step_clearing(
    struct flow_monitor *monitor, const struct flow_monitor_event *event,
    struct flow_monitor_actions *actions) {
  switch (event->kind) {
    case FLOW_MONITOR_NO_DESCENDANT_LEFT:
      monitor->left = 0;
      flow_monitor_conclude(monitor, event->now, actions);
      return;
    case FLOW_MONITOR_DESCENDANTS_LEFT:
      // A descendant has ended, and the monitor has adopted its children.
      if (is_killing(monitor)) {
        kill_children(monitor, event->now, actions);
      } else {
        terminate_children(monitor, event->now, actions);
      }
      return;
    case FLOW_MONITOR_STOP: monitor->stop_asked = true; return;
    case FLOW_MONITOR_FORCE:
      if (monitor->force_asked) return;
      monitor->force_asked = true;
      kill_children(monitor, event->now, actions);
      return;
    case FLOW_MONITOR_TOLD: flow_monitor_told(monitor, event->now, actions); return;
    case FLOW_MONITOR_TIME: time_passed(monitor, event->now, actions); return;
    case FLOW_MONITOR_BEGIN:          // it has begun
    case FLOW_MONITOR_DONE:           // no answer is due
    case FLOW_MONITOR_COMMAND_ENDED:  // it ends once
      __builtin_trap();
  }
  __builtin_trap();  // no such event
}

static void step_holding(
    struct flow_monitor *monitor, const struct flow_monitor_event *event,
    struct flow_monitor_actions *actions) {
  switch (event->kind) {
    case FLOW_MONITOR_TOLD:
      flow_monitor_told(monitor, event->now, actions);
      if (monitor->left > 0 && !may_stay(monitor)) {
        clear(monitor, event->now, actions);
      } else {
        flow_monitor_finish(monitor, actions);
      }
      return;
    case FLOW_MONITOR_TIME:
      if (event->now >= monitor->hold_until) flow_monitor_finish(monitor, actions);
      return;
    // The attempt is over, and the engine waits for it.
    case FLOW_MONITOR_STOP:
    case FLOW_MONITOR_FORCE: flow_monitor_finish(monitor, actions); return;
    // Processes that may stay, unless the attempt was interrupted.
    case FLOW_MONITOR_NO_DESCENDANT_LEFT: monitor->left = 0; return;
    case FLOW_MONITOR_DESCENDANTS_LEFT: note_left(monitor, event); return;
    case FLOW_MONITOR_BEGIN:          // it has begun
    case FLOW_MONITOR_DONE:           // no answer is due
    case FLOW_MONITOR_COMMAND_ENDED:  // it ends once
      __builtin_trap();
  }
  __builtin_trap();  // no such event
}

static void step_waiting_for_space(
    struct flow_monitor *monitor, const struct flow_monitor_event *event,
    struct flow_monitor_actions *actions) {
  switch (event->kind) {
    case FLOW_MONITOR_TIME:
      if (event->now < monitor->retry_at) return;
      monitor->retry_at = never;
      flow_monitor_end(monitor, actions);
      return;
    case FLOW_MONITOR_COMMAND_ENDED:
      if (monitor->command_ended) break;  // it ends once
      // It was given up, and ended after all before the end was reported.
      reap_command(monitor, event, actions);
      return;
    case FLOW_MONITOR_NO_DESCENDANT_LEFT:
      monitor->end.unkillable = 0;
      memset(monitor->end.unkillable_ids, 0, sizeof monitor->end.unkillable_ids);
      return;
    // The attempt is over; processes that are left may stay, or cannot be killed.
    case FLOW_MONITOR_DESCENDANTS_LEFT:
    case FLOW_MONITOR_STOP:
    case FLOW_MONITOR_FORCE:
    case FLOW_MONITOR_TOLD: return;
    case FLOW_MONITOR_BEGIN:  // it has begun
    case FLOW_MONITOR_DONE:   // no answer is due
      __builtin_trap();
  }
  __builtin_trap();  // no such event
}

static void step_done(const struct flow_monitor_event *event) {
  switch (event->kind) {
    // They can arrive while the monitor exits.
    case FLOW_MONITOR_STOP:
    case FLOW_MONITOR_FORCE:
    case FLOW_MONITOR_TOLD:
    case FLOW_MONITOR_TIME: return;
    case FLOW_MONITOR_BEGIN:  // it has ended, and checks no children any more
    case FLOW_MONITOR_DONE:
    case FLOW_MONITOR_COMMAND_ENDED:
    case FLOW_MONITOR_NO_DESCENDANT_LEFT:
    case FLOW_MONITOR_DESCENDANTS_LEFT: __builtin_trap();
  }
  __builtin_trap();  // no such event
}

void flow_monitor_step(
    struct flow_monitor *monitor, const struct flow_monitor_event *event,
    struct flow_monitor_actions *actions) {
  actions->count = 0;
  switch (monitor->phase) {
    case FLOW_MONITOR_IS_NEW: step_new(monitor, event, actions); return;
    case FLOW_MONITOR_IS_CREATING:
    case FLOW_MONITOR_IS_LOCKING:
    case FLOW_MONITOR_IS_RESERVING:
    case FLOW_MONITOR_IS_OPENING:
    case FLOW_MONITOR_IS_REMOVING:
    case FLOW_MONITOR_IS_STARTING:
    case FLOW_MONITOR_IS_SPAWNING:
    case FLOW_MONITOR_IS_NOTING:
    case FLOW_MONITOR_IS_COLLECTING:
    case FLOW_MONITOR_IS_SCRUBBING:
    case FLOW_MONITOR_IS_ENDING: step_asking(monitor, event, actions); return;
    case FLOW_MONITOR_IS_WATCHING: step_watching(monitor, event, actions); return;
    case FLOW_MONITOR_IS_REAPING: step_reaping(monitor, event, actions); return;
    case FLOW_MONITOR_IS_CLEARING: step_clearing(monitor, event, actions); return;
    case FLOW_MONITOR_IS_HOLDING: step_holding(monitor, event, actions); return;
    case FLOW_MONITOR_IS_WAITING_FOR_SPACE: step_waiting_for_space(monitor, event, actions); return;
    case FLOW_MONITOR_IS_DONE: step_done(event); return;
  }
  __builtin_trap();  // no such phase
}
