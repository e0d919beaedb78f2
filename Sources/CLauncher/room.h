// The rooms of monitors that share all other memory with their launcher.
#pragma once

#include "monitor_loop.h"

/// Memory for one monitor after the other, with a page before it that stops what overflows.
///
/// - Returns: NULL if there is none.
char *flow_room_make(void);

/// Puts a copy of what a monitor begins with at the end of a room. All below it, down to the room's
/// beginning, is the monitor's stack.
///
/// - Returns: NULL if it takes more than a room has to spare.
struct flow_monitor_birth *flow_room_furnish(char *room, const struct flow_monitor_birth *birth);
