// The stacks of monitors, which share all other memory with their launcher.
#pragma once

#include "monitor_loop.h"

/// Makes a stack for one monitor after another. The page before it stops an overflow.
///
/// - Returns: NULL if there is no memory.
char *flow_monitor_stack_make(void);

/// Copies what a monitor begins with to the end of a stack. The memory below the copy, down to the
/// beginning of the stack, is what the monitor runs on.
///
/// - Returns: NULL if the copy would leave too little of the stack.
struct flow_monitor_birth *flow_monitor_stack_prepare(
    char *stack, const struct flow_monitor_birth *birth);
