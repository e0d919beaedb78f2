// A process as `/proc` shows it (proc(5), `stat`).
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct flow_process_status {
  /// `Z` and `X`: it has ended.
  char state;
  pid_t parent;
  /// In hundredths of a second since boot.
  uint64_t start;
};

/// - Returns: false if there is no such process.
bool flow_read_status(pid_t process, struct flow_process_status *status);
