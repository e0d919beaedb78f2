#define _GNU_SOURCE
#include "kernel.h"

#include <time.h>

#include "launcher_process.h"
#include "process_status.h"

int64_t flow_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * (int64_t)1000000 + time.tv_nsec / 1000;
}

uint64_t flow_start_clock(void) {
  // The kernel reports it to programs in hundredths of a second (USER_HZ), whatever its own ticks.
  struct timespec time;
  clock_gettime(CLOCK_BOOTTIME, &time);
  return (uint64_t)time.tv_sec * 100 + (uint64_t)time.tv_nsec / 10000000;
}

uint64_t flow_start_time(pid_t process, uint64_t before, uint64_t after) {
  // Reading /proc takes a tenth of the time of a fork, and is mostly unnecessary.
  struct flow_process_status status;
  if (before == after) return before;
  return flow_read_status(process, &status) ? status.start : before;
}

void flow_set_signals(void (*child_ended)(int)) {
  struct sigaction action = {.sa_handler = SIG_DFL};
  for (int number = 1; number <= SIGRTMAX; number++) sigaction(number, &action, NULL);
  action.sa_handler = child_ended;
  action.sa_flags = SA_NOCLDSTOP;
  sigaction(SIGCHLD, &action, NULL);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
}

sigset_t flow_monitor_signals(void) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  sigaddset(&signals, FLOW_MONITOR_SIGNAL_STOP);
  sigaddset(&signals, FLOW_MONITOR_SIGNAL_FORCE);
  sigaddset(&signals, SIGTERM);
  return signals;
}
