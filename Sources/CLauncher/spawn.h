// Starting the command of an attempt.
#pragma once

#include "request.h"

/// Creates the output file, which must not exist.
///
/// - Returns: the file, or a negative error number.
int64_t flow_output_create(const char *path);

/// Starts the command in a session of its own, with default signal dispositions and mask, an empty
/// standard input, output and errors in one file, and no other descriptor.
///
/// - environment: the environment to which the request's variables are added.
/// - output: the output file.
/// - failed: receives the operation that failed, if one did.
/// - Returns: the process id, or a negative error number.
int64_t flow_spawn(
    const struct flow_request *request, char **environment, int output,
    enum flow_launch_operation *failed);
