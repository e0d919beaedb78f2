// The disk space that an attempt's output may hold.
#pragma once

#include <stdint.h>

struct flow_output_limit {
  /// Of the output; -1 if there is nothing to watch.
  int file;
  int64_t max_bytes;
  /// How much was given back: it cannot be read any more.
  int64_t dropped_bytes;
  /// Up to where nothing is left to be given back.
  int64_t punched_end;
  /// When to look again, on CLOCK_MONOTONIC in microseconds; INT64_MAX for never.
  int64_t look_at;
};

void flow_output_limit_init(
    struct flow_output_limit *limit, int file, int64_t max_bytes, int64_t now);

/// Gives the middle of the output back if it holds more than it may: its first and last quarter of
/// the limit stay.
void flow_output_limit_look(struct flow_output_limit *limit, int64_t now);
