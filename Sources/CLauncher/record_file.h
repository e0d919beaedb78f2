// The file of an attempt record, which the monitor keeps open and locked.
#pragma once

#include "request.h"

/// Each returns a descriptor or zero, or a negative error number.

int64_t flow_record_create(const char *path);
int64_t flow_record_lock(int file);
/// Reserves space for all parts, so that the end can be written on a full disk; and for outputs, if the
/// attempt can have any.
int64_t flow_record_reserve(int file, bool has_outputs);
int64_t flow_record_write_start(
    int file, const struct flow_request_header *request, uint64_t monitor_start);
int64_t flow_record_write_command(int file, const struct flow_record_command *command);
/// Writes outputs, for which there is room, behind the parts.
int64_t flow_record_write_outputs(int file, const uint8_t *bytes, size_t size);
int64_t flow_record_write_end(int file, const struct flow_record_end *end);
