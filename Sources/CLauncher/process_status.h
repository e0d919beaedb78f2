// What the kernel shows of a process (proc(5), `stat`).
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct flow_process_status {
  /// `Z` and `X` have ended.
  char state;
  pid_t parent;
  /// In hundredths of a second since the machine was started.
  uint64_t start;
};

/// - Returns: false if there is no such process.
bool flow_read_status(pid_t process, struct flow_process_status *status);
