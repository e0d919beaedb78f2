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

/// Sets the signals of launchers and monitors, whatever they inherited: signals by which terminals
/// and users end programs are ignored, all others have their default effect.
void flow_set_signals(void (*child_ended)(int));

/// The signals that a monitor waits for: its children's ends, and the engine's requests.
sigset_t flow_monitor_signals(void);

/// The signals that `flow_set_signals` changes from their default effect; ends with a zero.
extern const int flow_changed_signals[];
