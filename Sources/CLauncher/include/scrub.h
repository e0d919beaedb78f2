/// Overwriting secrets in the output of an attempt. A monitor does it before it notes the end; the engine
/// does it for an attempt whose monitor was killed.
#pragma once

#include "mask.h"

/// Overwrites all forms of the secrets in an output (`mask.h`) with `*`, and makes that durable. The file
/// keeps its size; where it has holes, they stay. What is about to be overwritten is durable before in a
/// file beside it (`mask_plan.h`), where there is room for that: what another one had begun is completed.
///
/// - file: the output, open to be read and written, and not to append.
/// - path: its path.
/// - Returns: zero, or a negative error number; then secrets may be left.
int64_t flow_scrub(
    int file, const char *path, const struct flow_secret *secrets, size_t count);

/// The same for an output by its path; one that is missing holds nothing.
int64_t flow_scrub_at(const char *path, const struct flow_secret *secrets, size_t count);

/// Makes the folder for the files of an attempt's secrets, for its owner alone.
///
/// - Returns: zero, or a negative error number, as for the next one.
int64_t flow_secret_folder_make(const char *path);

/// Makes the file of a secret in that folder.
int64_t flow_secret_file_make(const char *folder, const char *name, const char *value, size_t size);

/// Removes the folder and the files with these names; what is missing already is no error.
int64_t flow_secret_folder_remove(const char *folder, const char *const *names, size_t count);
