// Starting the command of an attempt.
#pragma once

#include "request.h"

/// Starts the command in a session of its own, with default signal dispositions and mask, nothing to
/// read, output and errors into one file, and no other descriptor.
///
/// - environment: what the request's variables are added to.
/// - output: becomes the file that was made for the output; -1 if none was.
/// - failed: what failed, where something did.
/// - Returns: the process id, or a negative error number.
int64_t flow_spawn(
    const struct flow_request *request, char **environment, int *output,
    enum flow_launch_operation *failed);
