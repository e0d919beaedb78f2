#pragma once

#include "request.h"

/// Exit codes by which a monitor tells its launcher whether it has reported.
enum {
  /// The attempt's end was reported.
  FLOW_MONITOR_REPORTED = 0,
  /// It was not: nothing was started, or no engine reads.
  FLOW_MONITOR_UNREPORTED = 1,
};

/// What a monitor gets from its launcher.
struct flow_monitor_birth {
  const struct flow_request *request;
  char **environment;
  /// `flow_start_clock` just before the fork.
  uint64_t forked_after;
  int lock;
  int reports;
};

/// Runs a monitor from its fork to its end (`monitor.h` has its decisions).
__attribute__((noreturn)) void flow_monitor_run(const struct flow_monitor_birth *birth);
