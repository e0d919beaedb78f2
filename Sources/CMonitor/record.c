#include "record.h"

#include <string.h>

// Every part begins with its magic and ends with its checksum:
//
//   start     0 magic  8 step     12 attempt  16 intent        24 boot   32 mount  40 namespace
//            48 monitor           56 monitor's start           64 started at       72 zeros
//   command   0 magic  8 process  12 zeros    16 process's start           24 zeros
//   end       0 magic  8 result   12 code     16 operation     20 cause  24 duration  32 CPU
//            40 peak memory       48 stragglers  52 unkillable  56 eight ids
//            88 dropped output    96 interrupted, unscrubbed   104 outputs' size  112 their checksum
//
// Zeros are verified: a later version would write there, under its own number. The sizes of the
// parts, and all of the start up to byte 72, are the same in every version.
//
// An end of version 2 has at byte 96 whether it was interrupted. It is written only for an attempt
// that was: an earlier version would take that for a failure, and must not. An end of version 3 has at
// byte 100 whether secrets may be left in the output, or is that of a launch that failed since the
// file of a secret could not be made. An end of version 4 has outputs, or is that of a launch that failed
// since their folder could not be made. An end of version 5 has outputs that are in the record. Any other
// end is of version 1, which every version reads.

// "flow", the part's letter, and the version in three digits, in the order of the file.
static const uint8_t start_magic[8] = {'f', 'l', 'o', 'w', 'S', '0', '0', '1'};
static const uint8_t command_magic[8] = {'f', 'l', 'o', 'w', 'C', '0', '0', '1'};
static const uint8_t end_magic[8] = {'f', 'l', 'o', 'w', 'E', '0', '0', '1'};
static const uint8_t second_end_magic[8] = {'f', 'l', 'o', 'w', 'E', '0', '0', '2'};
static const uint8_t third_end_magic[8] = {'f', 'l', 'o', 'w', 'E', '0', '0', '3'};
static const uint8_t fourth_end_magic[8] = {'f', 'l', 'o', 'w', 'E', '0', '0', '4'};
static const uint8_t fifth_end_magic[8] = {'f', 'l', 'o', 'w', 'E', '0', '0', '5'};

enum {
  START_SIZE = FLOW_RECORD_COMMAND_OFFSET - FLOW_RECORD_START_OFFSET,
  COMMAND_SIZE = FLOW_RECORD_END_OFFSET - FLOW_RECORD_COMMAND_OFFSET,
  END_SIZE = FLOW_RECORD_SIZE - FLOW_RECORD_END_OFFSET,
  CHECKSUM_SIZE = 8,
  UNKILLABLE_IDS = 8,
};

// MARK: Numbers

static void put(uint8_t *bytes, uint64_t value, int size) {
  for (int index = 0; index < size; index++) bytes[index] = (uint8_t)(value >> (8 * index));
}

static void put_32(uint8_t *bytes, int32_t value) { put(bytes, (uint32_t)value, 4); }

static void put_64(uint8_t *bytes, uint64_t value) { put(bytes, value, 8); }

static uint64_t get(const uint8_t *bytes, int size) {
  uint64_t value = 0;
  for (int index = 0; index < size; index++) value |= (uint64_t)bytes[index] << (8 * index);
  return value;
}

static int32_t get_32(const uint8_t *bytes) { return (int32_t)(uint32_t)get(bytes, 4); }

static uint64_t get_64(const uint8_t *bytes) { return get(bytes, 8); }

static int64_t get_signed_64(const uint8_t *bytes) { return (int64_t)get(bytes, 8); }

// FNV-1a (Fowler, Noll, Vo) with 64 bits. Each step is invertible, so two parts that differ in one
// byte never have the same checksum.
static uint64_t checksum(const uint8_t *bytes, size_t count) {
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t index = 0; index < count; index++) hash = (hash ^ bytes[index]) * 0x100000001b3;
  return hash;
}

static bool is_zero(const uint8_t *bytes, size_t count) {
  for (size_t index = 0; index < count; index++) {
    if (bytes[index] != 0) return false;
  }
  return true;
}

// MARK: Encoding

static void open_part(uint8_t *bytes, size_t size, const uint8_t magic[8]) {
  memset(bytes, 0, size);
  memcpy(bytes, magic, 8);
}

static void close_part(uint8_t *bytes, size_t size) {
  put_64(bytes + size - CHECKSUM_SIZE, checksum(bytes, size - CHECKSUM_SIZE));
}

void flow_record_encode_start(const struct flow_record_start *start, uint8_t bytes[128]) {
  open_part(bytes, START_SIZE, start_magic);
  put_32(bytes + 8, start->step);
  put_32(bytes + 12, start->attempt);
  put_64(bytes + 16, (uint64_t)start->intent);
  put_64(bytes + 24, start->host.boot);
  put_64(bytes + 32, start->host.mount);
  put_64(bytes + 40, start->host.process_namespace);
  put_32(bytes + 48, start->monitor);
  put_64(bytes + 56, start->monitor_start);
  put_64(bytes + 64, (uint64_t)start->started_at);
  close_part(bytes, START_SIZE);
}

void flow_record_encode_command(const struct flow_record_command *command, uint8_t bytes[64]) {
  open_part(bytes, COMMAND_SIZE, command_magic);
  put_32(bytes + 8, command->process);
  put_64(bytes + 16, command->process_start);
  close_part(bytes, COMMAND_SIZE);
}

static bool needs_third_version(const struct flow_record_end *end) {
  return end->is_unscrubbed || end->operation == FLOW_LAUNCH_MAKE_SECRET;
}

static bool needs_fourth_version(const struct flow_record_end *end) {
  return end->outputs_size != 0 || end->operation == FLOW_LAUNCH_MAKE_OUTPUTS;
}

// The first version that can say what the end does.
static const uint8_t *magic_of_end(const struct flow_record_end *end) {
  if (end->outputs_inside) return fifth_end_magic;
  if (needs_fourth_version(end)) return fourth_end_magic;
  if (needs_third_version(end)) return third_end_magic;
  return end->was_interrupted ? second_end_magic : end_magic;
}

void flow_record_encode_end(const struct flow_record_end *end, uint8_t bytes[128]) {
  open_part(bytes, END_SIZE, magic_of_end(end));
  put_32(bytes + 8, (int32_t)end->result);
  put_32(bytes + 12, end->code);
  put_32(bytes + 16, (int32_t)end->operation);
  put_32(bytes + 20, (int32_t)end->cause);
  put_64(bytes + 24, (uint64_t)end->duration_us);
  put_64(bytes + 32, (uint64_t)end->cpu_us);
  put_64(bytes + 40, (uint64_t)end->peak_memory_kib);
  put_32(bytes + 48, end->stragglers);
  put_32(bytes + 52, end->unkillable);
  for (int index = 0; index < UNKILLABLE_IDS; index++) {
    put_32(bytes + 56 + 4 * index, end->unkillable_ids[index]);
  }
  put_64(bytes + 88, (uint64_t)end->dropped_output_bytes);
  if (end->was_interrupted) put_32(bytes + 96, 1);
  if (end->is_unscrubbed) put_32(bytes + 100, 1);
  put_64(bytes + 104, (uint64_t)end->outputs_size);
  put_64(bytes + 112, end->outputs_checksum);
  close_part(bytes, END_SIZE);
}

// MARK: Decoding

// Whether the magic belongs to a later version of the part.
static bool is_newer(const uint8_t *bytes, const uint8_t magic[8]) {
  if (memcmp(bytes, magic, 5) != 0 || memcmp(bytes + 5, magic + 5, 3) <= 0) return false;
  for (int index = 5; index < 8; index++) {
    if (bytes[index] < '0' || bytes[index] > '9') return false;
  }
  return true;
}

// The state of a part before its values are checked; `magic` is of its latest version. `count` is how many of its bytes the file has;
// a file that ends inside a part is torn. In every version the parts have these sizes, and end with
// their checksum.
static enum flow_part_state examine(
    const uint8_t *bytes, size_t count, size_t size, const uint8_t magic[8]) {
  if (is_zero(bytes, count)) return FLOW_PART_ABSENT;
  if (count < size) return FLOW_PART_BROKEN;
  bool is_sound = get_64(bytes + size - CHECKSUM_SIZE) == checksum(bytes, size - CHECKSUM_SIZE);
  if (!is_sound) return FLOW_PART_BROKEN;
  if (memcmp(bytes, magic, 8) == 0) return FLOW_PART_VALID;
  if (magic == fifth_end_magic) {
    if (memcmp(bytes, fourth_end_magic, 8) == 0) return FLOW_PART_VALID;
    if (memcmp(bytes, third_end_magic, 8) == 0) return FLOW_PART_VALID;
    if (memcmp(bytes, end_magic, 8) == 0) return FLOW_PART_VALID;
    if (memcmp(bytes, second_end_magic, 8) == 0) return FLOW_PART_VALID;
  }
  return is_newer(bytes, magic) ? FLOW_PART_NEWER : FLOW_PART_BROKEN;
}

static bool read_start(const uint8_t *bytes, struct flow_record_start *start) {
  start->step = get_32(bytes + 8);
  start->attempt = get_32(bytes + 12);
  start->intent = get_signed_64(bytes + 16);
  start->host.boot = get_64(bytes + 24);
  start->host.mount = get_64(bytes + 32);
  start->host.process_namespace = get_64(bytes + 40);
  start->monitor = get_32(bytes + 48);
  start->monitor_start = get_64(bytes + 56);
  start->started_at = get_signed_64(bytes + 64);
  // No process has an id below 1, which `kill` would take for a group or for all processes.
  return start->step >= 0 && start->attempt >= 0 && start->intent >= 0 && start->monitor > 0 &&
         start->started_at >= 0;
}

// Whether the bytes are zero in which a later version would write.
static bool has_zeros_after_start(const uint8_t *bytes) {
  return is_zero(bytes + 52, 4) && is_zero(bytes + 72, START_SIZE - CHECKSUM_SIZE - 72);
}

static bool read_command(const uint8_t *bytes, struct flow_record_command *command) {
  command->process = get_32(bytes + 8);
  command->process_start = get_64(bytes + 16);
  return command->process > 0 && is_zero(bytes + 12, 4) &&
         is_zero(bytes + 24, COMMAND_SIZE - CHECKSUM_SIZE - 24);
}

// Exit codes have eight bits, signals seven, and no error has the number zero.
static bool is_code(enum flow_result result, int32_t code) {
  switch (result) {
    case FLOW_RESULT_EXITED: return code >= 0 && code <= 255;
    case FLOW_RESULT_SIGNALLED: return code >= 1 && code <= 127;
    case FLOW_RESULT_LAUNCH_FAILED: return code >= 1;
  }
  return false;
}

static bool has_magic(const uint8_t *bytes, const uint8_t magic[8]) {
  return memcmp(bytes, magic, 8) == 0;
}

// What only later versions of an end can say: each end is of the first that can.
static bool read_flags(const uint8_t *bytes, struct flow_record_end *end) {
  int32_t was_interrupted = get_32(bytes + 96), is_unscrubbed = get_32(bytes + 100);
  if (was_interrupted < 0 || was_interrupted > 1 || is_unscrubbed < 0 || is_unscrubbed > 1) {
    return false;
  }
  end->was_interrupted = was_interrupted;
  end->is_unscrubbed = is_unscrubbed;
  end->outputs_size = get_signed_64(bytes + 104);
  end->outputs_checksum = get_64(bytes + 112);
  if (end->outputs_size < 0 || (end->outputs_size == 0 && end->outputs_checksum != 0)) return false;
  end->outputs_inside = has_magic(bytes, fifth_end_magic);
  if (end->outputs_inside &&
      (end->outputs_size == 0 || end->outputs_size > FLOW_RECORD_OUTPUTS_ROOM)) {
    return false;
  }
  return has_magic(bytes, magic_of_end(end));
}

static bool read_end(const uint8_t *bytes, struct flow_record_end *end) {
  int32_t result = get_32(bytes + 8), operation = get_32(bytes + 16), cause = get_32(bytes + 20);
  if (result < 0 || result > FLOW_RESULT_LAUNCH_FAILED) return false;
  if (operation < 0 || operation > FLOW_LAUNCH_MAKE_OUTPUTS) return false;
  if (cause < 0 || cause > FLOW_CAUSE_FORCE) return false;
  end->result = (enum flow_result)result;
  end->code = get_32(bytes + 12);
  end->operation = (enum flow_launch_operation)operation;
  end->cause = (enum flow_cause)cause;
  end->duration_us = get_signed_64(bytes + 24);
  end->cpu_us = get_signed_64(bytes + 32);
  end->peak_memory_kib = get_signed_64(bytes + 40);
  end->stragglers = get_32(bytes + 48);
  end->unkillable = get_32(bytes + 52);
  for (int index = 0; index < UNKILLABLE_IDS; index++) {
    end->unkillable_ids[index] = get_32(bytes + 56 + 4 * index);
    if (end->unkillable_ids[index] < 0) return false;
  }
  end->dropped_output_bytes = get_signed_64(bytes + 88);
  if (!read_flags(bytes, end)) return false;
  return is_code(end->result, end->code) && end->duration_us >= 0 && end->cpu_us >= 0 &&
         end->peak_memory_kib >= 0 && end->stragglers >= 0 && end->unkillable >= 0 &&
         end->dropped_output_bytes >= 0;
}

// How many bytes of the part at `offset` a file of `count` bytes holds.
static size_t held(size_t count, size_t offset, size_t size) {
  if (count <= offset) return 0;
  return count - offset < size ? count - offset : size;
}

void flow_record_decode(const uint8_t *bytes, size_t count, struct flow_record *record) {
  memset(record, 0, sizeof *record);
  // A copy of fixed size, so that no read depends on the length of the file.
  uint8_t parts[FLOW_RECORD_SIZE] = {0};
  if (count > 0) memcpy(parts, bytes, count < sizeof parts ? count : sizeof parts);

  const uint8_t *start = parts + FLOW_RECORD_START_OFFSET;
  record->start_state =
      examine(start, held(count, FLOW_RECORD_START_OFFSET, START_SIZE), START_SIZE, start_magic);
  // Every version stores the monitor here, so that any version can tell it to stop.
  bool has_start = record->start_state == FLOW_PART_VALID || record->start_state == FLOW_PART_NEWER;
  if (has_start && (!read_start(start, &record->start) ||
                    (record->start_state == FLOW_PART_VALID && !has_zeros_after_start(start)))) {
    memset(&record->start, 0, sizeof record->start);
    record->start_state = FLOW_PART_BROKEN;
  }

  const uint8_t *command = parts + FLOW_RECORD_COMMAND_OFFSET;
  record->command_state = examine(
      command, held(count, FLOW_RECORD_COMMAND_OFFSET, COMMAND_SIZE), COMMAND_SIZE, command_magic);
  if (record->command_state == FLOW_PART_VALID && !read_command(command, &record->command)) {
    memset(&record->command, 0, sizeof record->command);
    record->command_state = FLOW_PART_BROKEN;
  }

  const uint8_t *end = parts + FLOW_RECORD_END_OFFSET;
  record->end_state =
      examine(end, held(count, FLOW_RECORD_END_OFFSET, END_SIZE), END_SIZE, fifth_end_magic);
  if (record->end_state == FLOW_PART_VALID && !read_end(end, &record->end)) {
    memset(&record->end, 0, sizeof record->end);
    record->end_state = FLOW_PART_BROKEN;
  }
}
