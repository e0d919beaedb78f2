#include "monitor_parts.h"

static void refuse(
    struct flow_monitor *monitor, int32_t error, struct flow_monitor_actions *actions) {
  flow_monitor_launch_failed(monitor, FLOW_LAUNCH_CREATE_RECORD, error);
  act(actions, FLOW_MONITOR_REPORT_REFUSED);
  flow_monitor_leave(monitor, actions);
}

static void report_shortage(
    struct flow_monitor *monitor, int32_t error, struct flow_monitor_actions *actions) {
  monitor->end.code = error;
  monitor->reported_shortage = true;
  act(actions, FLOW_MONITOR_REPORT_SHORTAGE);
}

// Nothing was started, and no record exists. What the machine lacks for a while is no failure.
void flow_monitor_start_nothing(
    struct flow_monitor *monitor, int32_t error, struct flow_monitor_actions *actions) {
  if (!is_shortage(error)) {
    refuse(monitor, error, actions);
    return;
  }
  report_shortage(monitor, error, actions);
  flow_monitor_leave(monitor, actions);
}

void flow_monitor_record_removed(
    struct flow_monitor *monitor, int64_t result, struct flow_monitor_actions *actions) {
  // A record that stays blocks every later launch of this attempt.
  if (result < 0 && result != -ENOENT) {
    refuse(monitor, error_number(result), actions);
  } else if (monitor->reported_shortage) {
    flow_monitor_leave(monitor, actions);
  } else {
    flow_monitor_start_nothing(monitor, monitor->record_error, actions);
  }
}

// The start is recorded.
void flow_monitor_start_command(
    struct flow_monitor *monitor, int64_t now, struct flow_monitor_actions *actions) {
  act(actions, FLOW_MONITOR_RELEASE_LAUNCHER);
  monitor->started_at = now;
  if (monitor->output_error != 0) {
    flow_monitor_launch_failed(monitor, FLOW_LAUNCH_CREATE_OUTPUT, monitor->output_error);
    flow_monitor_conclude(monitor, now, actions);
    return;
  }
  ask(monitor, FLOW_MONITOR_SPAWN, FLOW_MONITOR_IS_SPAWNING, actions);
}

// Whether nothing is wrong with the command. Where it is executed, a limit of processes (EAGAIN) and
// the system's open files count; memory that its own program does not get is the command's failure.
static bool lacks_process(enum flow_launch_operation operation, int32_t error) {
  if (operation == FLOW_LAUNCH_FORK) return is_out_of_processes(error);
  // Nor where its folder has no room for now.
  if (operation == FLOW_LAUNCH_MAKE_OUTPUTS) return is_shortage(error);
  return operation == FLOW_LAUNCH_EXECUTE && (error == EAGAIN || error == ENFILE);
}

void flow_monitor_spawned(
    struct flow_monitor *monitor, const struct flow_monitor_event *event,
    struct flow_monitor_actions *actions) {
  if (event->result < 0) {
    int32_t error = error_number(event->result);
    if (lacks_process(monitor->failed_operation, error)) {
      // Waiting, this monitor would itself be one of the processes that are too many. The launcher's
      // lock is free: an engine that finds no record launches the attempt again, and would take a
      // report that comes later for one of that launch.
      report_shortage(monitor, error, actions);
      ask(monitor, FLOW_MONITOR_REMOVE_RECORD, FLOW_MONITOR_IS_REMOVING, actions);
      return;
    }
    flow_monitor_launch_failed(monitor, monitor->failed_operation, error);
    flow_monitor_conclude(monitor, event->now, actions);
    return;
  }
  if (event->result == 0 || event->result > INT32_MAX) __builtin_trap();  // no process id
  monitor->command = (int32_t)event->result;
  if (monitor->timeout_us >= 0) {
    monitor->deadline = later(monitor->started_at, monitor->timeout_us);
  }
  ask(monitor, FLOW_MONITOR_WRITE_COMMAND, FLOW_MONITOR_IS_NOTING, actions);
}
