// The secrets of an attempt, as its monitor keeps them: their files while the command runs, and what is
// left of them in its output.
#pragma once

#include "mask.h"
#include "request.h"

/// Makes the files of the secrets that are wanted as files.
///
/// - Returns: zero, or a negative error number.
int64_t flow_secrets_make(const struct flow_request *request);

/// Removes them.
void flow_secrets_remove(const struct flow_request *request);

/// Overwrites all secrets in the output.
///
/// - output: open to be read and written.
/// - Returns: zero, or a negative error number.
int64_t flow_secrets_scrub(const struct flow_request *request, int output);

/// Looks for the secrets in bytes, which are whole.
///
/// - Returns: zero, or a negative error number.
int64_t flow_secrets_find(
    const struct flow_request *request, const uint8_t *bytes, size_t size, flow_mask_found found,
    void *context);
