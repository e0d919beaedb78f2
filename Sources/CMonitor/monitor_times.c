#include "monitor_parts.h"

#include <string.h>

// The beginning of a monitor, and when it needs the time. `monitor.c` has its decisions.

void flow_monitor_init(
    struct flow_monitor *monitor, int64_t timeout_us, int64_t grace_us, bool keeps_stragglers) {
  memset(monitor, 0, sizeof *monitor);
  monitor->timeout_us = timeout_us;
  monitor->grace_us = grace_us;
  monitor->keeps_stragglers = keeps_stragglers;
  monitor->phase = FLOW_MONITOR_IS_NEW;
  monitor->deadline = monitor->terminate_at = monitor->kill_at = never;
  monitor->give_up_at = monitor->retry_at = never;
  monitor->hold_until = monitor->told_at = never;
}

int64_t flow_monitor_wake_up(const struct flow_monitor *monitor) {
  int64_t times[] = {
      monitor->deadline, monitor->terminate_at, monitor->kill_at, monitor->give_up_at,
      monitor->retry_at, monitor->hold_until};
  int64_t first = never;
  for (size_t index = 0; index < sizeof times / sizeof *times; index++) {
    if (times[index] < first) first = times[index];
  }
  return first;
}
