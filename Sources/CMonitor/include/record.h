/// The attempt record: what a monitor knows of its attempt, in a file of 320 bytes that exists
/// before the command starts and outlives every engine. It has three parts, each with its own
/// checksum, each written once and with one write:
///
///        0  start     128 bytes  before the command starts
///      128  command    64 bytes  once the command runs
///      192  end       128 bytes  once no process of the attempt runs any more
///
/// All numbers are little-endian. A part of zeros was not written yet. `record.c` has the layout of
/// the parts. Of an attempt that leaves outputs the file is larger: small ones are behind the parts
/// (`outputs.h`), and are complete before the end is written.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  FLOW_RECORD_START_OFFSET = 0,
  FLOW_RECORD_COMMAND_OFFSET = 128,
  FLOW_RECORD_END_OFFSET = 192,
  FLOW_RECORD_SIZE = 320,
  /// For outputs, behind the parts.
  FLOW_RECORD_OUTPUTS_ROOM = 2 << 10,
};

/// The context in which a process id names a process: one boot of one machine, one mount of the
/// run's folder, one process namespace.
struct flow_host_context {
  uint64_t boot;
  uint64_t mount;
  uint64_t process_namespace;
};

struct flow_record_start {
  int32_t step;
  int32_t attempt;
  /// The sequence number of the event that is the intent to launch this attempt.
  int64_t intent;
  struct flow_host_context host;
  /// The monitor, and its start time in the kernel's clock ticks, which tells it from a later
  /// process with the same id.
  int32_t monitor;
  uint64_t monitor_start;
  /// CLOCK_MONOTONIC in microseconds.
  int64_t started_at;
};

struct flow_record_command {
  int32_t process;
  uint64_t process_start;
};

enum flow_result {
  FLOW_RESULT_EXITED = 0,
  FLOW_RESULT_SIGNALLED = 1,
  FLOW_RESULT_LAUNCH_FAILED = 2,
};

/// Why an attempt ended.
enum flow_cause {
  FLOW_CAUSE_ITSELF = 0,
  FLOW_CAUSE_DEADLINE = 1,
  FLOW_CAUSE_STOP = 2,
  FLOW_CAUSE_FORCE = 3,
};

/// The operation that failed when a command was started.
enum flow_launch_operation {
  FLOW_LAUNCH_CREATE_OUTPUT = 0,
  FLOW_LAUNCH_CHANGE_DIRECTORY = 1,
  FLOW_LAUNCH_EXECUTE = 2,
  FLOW_LAUNCH_CREATE_RECORD = 3,
  FLOW_LAUNCH_FORK = 4,
  /// The file of a secret.
  FLOW_LAUNCH_MAKE_SECRET = 5,
  /// The folder for its outputs.
  FLOW_LAUNCH_MAKE_OUTPUTS = 6,
};

struct flow_record_end {
  enum flow_result result;
  /// The exit code (0…255), the signal (1…127), or the error number (from 1).
  int32_t code;
  /// Of a failed launch.
  enum flow_launch_operation operation;
  enum flow_cause cause;
  /// From the start of the command until no process of the attempt was left that may not stay.
  int64_t duration_us;
  /// Of the command and all reaped descendants.
  int64_t cpu_us;
  /// Of the largest of these processes.
  int64_t peak_memory_kib;
  /// How many descendants outlived the command and were stopped.
  int32_t stragglers;
  /// How many processes could not be killed; the ids of the first, then zeros.
  int32_t unkillable;
  int32_t unkillable_ids[8];
  /// How much of the output's middle was discarded; it reads as zeros.
  int64_t dropped_output_bytes;
  /// Whether the system told the monitor to end about when the command ended without success.
  bool was_interrupted;
  /// Whether secrets may be left in the output: they could not be overwritten, or what is left of the
  /// attempt can still print them.
  bool is_unscrubbed;
  /// Of its outputs (`outputs.h`); zero if there are none.
  int64_t outputs_size;
  uint64_t outputs_checksum;
  /// Whether they are in the record, and not in a file of their own.
  bool outputs_inside;
};

void flow_record_encode_start(const struct flow_record_start *start, uint8_t bytes[128]);
void flow_record_encode_command(const struct flow_record_command *command, uint8_t bytes[64]);
void flow_record_encode_end(const struct flow_record_end *end, uint8_t bytes[128]);

enum flow_part_state {
  /// All zero, or beyond the end of the file.
  FLOW_PART_ABSENT = 0,
  FLOW_PART_VALID = 1,
  FLOW_PART_BROKEN = 2,
  /// A part of a later version: intact, with content that this version does not know. The fields of
  /// a start that this version has are decoded.
  FLOW_PART_NEWER = 3,
};

struct flow_record {
  enum flow_part_state start_state, command_state, end_state;
  struct flow_record_start start;
  struct flow_record_command command;
  struct flow_record_end end;
};

/// Decodes any bytes that a record file holds. Never fails, trusts no part without its checksum,
/// and rejects values that no monitor writes.
void flow_record_decode(const uint8_t *bytes, size_t count, struct flow_record *record);
