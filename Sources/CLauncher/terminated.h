// The processes of an attempt that had their SIGTERM.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct flow_terminated_process {
  /// Zero: none.
  pid_t process;
  /// Tells it from a later process with the same id.
  uint64_t start;
};

/// A hash table; all zero when it is empty. Its memory is mapped.
struct flow_terminated {
  struct flow_terminated_process *places;
  size_t capacity, count;
};

/// Notes a process. For lack of memory it may not be: then it may get a second SIGTERM.
void flow_terminated_add(struct flow_terminated *terminated, pid_t process, uint64_t start);

bool flow_terminated_has(
    const struct flow_terminated *terminated, pid_t process, uint64_t start);

/// Notes all members of a group.
void flow_terminated_add_group(struct flow_terminated *terminated, pid_t group);

void flow_terminated_free(struct flow_terminated *terminated);
