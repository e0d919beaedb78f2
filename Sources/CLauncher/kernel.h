// Clocks and signals, as launcher and monitors use them.
#pragma once

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

/// CLOCK_MONOTONIC in microseconds.
int64_t flow_now(void);

/// The time in which the kernel counts the starts of processes (proc(5), field 22 of `stat`).
uint64_t flow_start_clock(void);

/// When a process was started that was forked between two looks at `flow_start_clock`.
uint64_t flow_start_time(pid_t process, uint64_t before, uint64_t after);

/// Makes the signals be as launcher and monitors want them, whatever was inherited: those by which
/// terminals and users end programs are ignored, all others have their usual effect.
void flow_set_signals(void (*child_ended)(int));

/// Those that a monitor takes one by one: its children's ends, and what it is told.
sigset_t flow_monitor_signals(void);

/// The signals that `flow_set_signals` does not leave to their usual effect; ends with a zero.
extern const int flow_changed_signals[];
