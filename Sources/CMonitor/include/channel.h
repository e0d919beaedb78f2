/// How an engine, its launcher and the monitors speak. All are copies of one executable on one
/// machine, so that the structures pass as they are.
#pragma once

#include "record.h"

/// The beginning of a request to launch an attempt. There follow, each with a zero at its end:
/// the working directory, the paths of output and record, the arguments, and the variables that are
/// added to the launcher's own environment (`NAME=value`; of those with one name the last counts).
struct flow_request_header {
  /// Of the whole request, in bytes.
  uint32_t size;
  uint32_t argument_count;
  uint32_t variable_count;
  int32_t step;
  int32_t attempt;
  int32_t keeps_stragglers;
  int64_t intent;
  struct flow_host_context host;
  /// Negative: none.
  int64_t timeout_us;
  int64_t grace_us;
  int64_t max_output_bytes;
};

enum { FLOW_REQUEST_STRINGS = 3, FLOW_REQUEST_MAX_SIZE = 64 << 20 };

enum flow_report_kind {
  /// The command runs as `process`.
  FLOW_REPORT_LAUNCHED = 1,
  FLOW_REPORT_DEADLINE = 2,
  /// `end` says how. The monitor's own end is told only if this was not.
  FLOW_REPORT_ENDED = 3,
  FLOW_REPORT_NO_ROOM = 4,
  /// `end` says why.
  FLOW_REPORT_REFUSED = 5,
  /// No monitor could be forked; `end` says why. By the launcher, as is the next.
  FLOW_REPORT_NOT_FORKED = 6,
  /// The monitor has ended, and `killed` processes that it left to the launcher have been killed.
  FLOW_REPORT_MONITOR_GONE = 7,
};

/// What launcher and monitors tell: smaller than what a pipe takes as a whole (PIPE_BUF).
struct flow_report {
  enum flow_report_kind kind;
  int32_t step;
  int32_t attempt;
  int32_t process;
  int32_t monitor;
  int32_t killed;
  struct flow_record_end end;
};
