// Clocks and signals of launchers and monitors.
#pragma once

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

/// CLOCK_MONOTONIC in microseconds.
int64_t flow_now(void);

/// The clock of process start times (proc(5), field 22 of `stat`).
uint64_t flow_start_clock(void);

/// The start time of a process that was forked between two readings of `flow_start_clock`.
uint64_t flow_start_time(pid_t process, uint64_t before, uint64_t after);

/// Sets the signals of launchers and monitors, whatever they inherited: all are blocked, so that only
/// SIGKILL and SIGSTOP reach them, and none is ignored, so that commands inherit default effects.
void flow_set_signals(void (*child_ended)(int));

/// The signals that a monitor waits for: its children's ends, the engine's requests, and SIGTERM, by
/// which the system ends everything.
sigset_t flow_monitor_signals(void);
