// The direct children of this process.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/// Calls `visit` with each child, also one that has ended and is not reaped. Children that come or
/// go meanwhile may be missed, and others then too: what must reach all is done again.
void flow_each_child(void (*visit)(pid_t child, void *context), void *context);

/// Whether the process has not ended.
bool flow_is_alive(pid_t process);
