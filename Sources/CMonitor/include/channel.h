/// The messages between an engine, its launcher and the monitors: requests to launch, and reports.
/// All are copies of one executable on one machine, so the structures are sent as they are in
/// memory.
#pragma once

#include "record.h"

/// The beginning of a request to launch an attempt. Strings follow, each with a zero at its end:
/// the working directory, the paths of the output and of the attempt record, the folder for secrets, the
/// folder for outputs and the path of their copy,
/// the arguments, the variables that are added to the launcher's own environment (`NAME=value`; the
/// last of a name counts), and the secrets, each with its name and its value. The first of these are
/// wanted as files in the folder for secrets, which is only made for them. Then come the outputs that the
/// step declares: each its name after a letter for its limit, S or L (`outputs.h`).
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
  /// What a stop sends first, as a number of the kernel.
  int32_t stop_signal;
  /// Whether the run's version knows no interrupted attempts.
  int32_t hides_interruption;
  uint32_t secret_count;
  uint32_t secret_file_count;
  uint32_t output_count;
};

enum { FLOW_REQUEST_STRINGS = 6, FLOW_REQUEST_MAX_SIZE = 64 << 20 };

enum flow_report_kind {
  /// The command runs as `process`.
  FLOW_REPORT_LAUNCHED = 1,
  FLOW_REPORT_DEADLINE = 2,
  /// `end` has the outcome. A monitor's own end is reported only if this was not.
  FLOW_REPORT_ENDED = 3,
  /// Nothing was started: `end.code` is what the machine lacks for the moment, as an error number.
  FLOW_REPORT_SHORTAGE = 4,
  /// Nothing was started; `end` has the reason.
  FLOW_REPORT_REFUSED = 5,
  /// The launcher could not fork a monitor; `end` has the reason.
  FLOW_REPORT_NOT_FORKED = 6,
  /// The launcher found the monitor ended, and killed `killed` processes that it left.
  FLOW_REPORT_MONITOR_GONE = 7,
  /// The monitor was told to end: the system ends the attempt.
  FLOW_REPORT_TOLD = 8,
};

/// A report of a launcher or monitor: smaller than what a pipe takes in one write (PIPE_BUF).
struct flow_report {
  enum flow_report_kind kind;
  int32_t step;
  int32_t attempt;
  int32_t process;
  int32_t monitor;
  int32_t killed;
  struct flow_record_end end;
};
