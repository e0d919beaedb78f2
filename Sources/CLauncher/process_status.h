// A process as `/proc` shows it (proc(5), `stat`).
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct flow_process_status {
  /// `Z` and `X`: it has ended.
  char state;
  pid_t parent;
  pid_t group;
  /// In hundredths of a second since boot.
  uint64_t start;
};

/// - Returns: false if there is no such process.
bool flow_read_status(pid_t process, struct flow_process_status *status);

/// Writes the digits of a number to the end of `text`; returns the first.
char *flow_write_number(pid_t number, char text[12]);
