// The children of this process, and all processes.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/// Calls `visit` with each child, zombies included. A child that starts or ends in the meantime can
/// make the list miss it and others, so callers that must reach every child repeat the call.
void flow_each_child(void (*visit)(pid_t child, void *context), void *context);

/// Calls `visit` with each process that this one can see.
void flow_each_process(void (*visit)(pid_t process, void *context), void *context);

/// Whether the process has not ended.
bool flow_is_alive(pid_t process);
