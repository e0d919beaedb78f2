// The outputs of an attempt: the folder in which its command leaves them, and their copy.
#pragma once

#include "record.h"
#include "request.h"

/// Makes the folder.
int64_t flow_outputs_make(const struct flow_request *request);

/// Removes the folder of an attempt that was not started.
void flow_outputs_remove(const struct flow_request *request);

/// Copies the outputs into the attempt's record, or into one file, and notes size and checksum of the copy in
/// the end. It opens nothing but regular files in the folder, reads no more of them than their limits, and
/// follows no link.
///
/// - Returns: zero, or a negative error number.
int64_t flow_outputs_collect(
    const struct flow_request *request, int record, struct flow_record_end *end);
