// The limit on the disk space of an attempt's output.
#pragma once

#include <stdint.h>

struct flow_output_limit {
  /// The output; -1 if there is none.
  int file;
  int64_t max_bytes;
  /// How much was discarded: it reads as zeros.
  int64_t dropped_bytes;
  /// The offset up to which the middle was discarded.
  int64_t punched_end;
  /// When to check again, on CLOCK_MONOTONIC in microseconds; INT64_MAX for never.
  int64_t look_at;
};

void flow_output_limit_init(
    struct flow_output_limit *limit, int file, int64_t max_bytes, int64_t now);

/// Discards the middle of the output if it exceeds the limit. A quarter of the limit stays at the
/// beginning and at the end.
void flow_output_limit_look(struct flow_output_limit *limit, int64_t now);
