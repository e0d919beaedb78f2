#pragma once

#include "request.h"

/// Exit codes of monitors, for their launcher.
enum {
  /// The attempt's end has been told.
  FLOW_MONITOR_TOLD = 0,
  /// It has not: nothing was started, or nobody listens.
  FLOW_MONITOR_UNTOLD = 1,
};

/// What a monitor begins with.
struct flow_monitor_birth {
  const struct flow_request *request;
  char **environment;
  /// Of the clock of starts, just before the fork.
  uint64_t forked_after;
  int lock;
  int reports;
};

/// What a monitor does from its fork to its last moment (`monitor.h` has what it decides).
__attribute__((noreturn)) void flow_monitor_run(const struct flow_monitor_birth *birth);
