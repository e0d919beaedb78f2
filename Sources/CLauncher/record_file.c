#define _GNU_SOURCE
#include "record_file.h"

#include <errno.h>

#include "calls.h"
#include "kernel.h"

int64_t flow_record_create(const char *path) {
  return flow_open(path, O_RDWR | O_CREAT | O_EXCL | O_NOCTTY | O_CLOEXEC, 0600);
}

int64_t flow_record_lock(int file) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  return flow_lock(file, F_OFD_SETLK, &lock);
}

// Each part takes one write; a short write is a disk error.
static int64_t write_part(int file, const uint8_t *bytes, size_t size, off_t offset) {
  int64_t count = flow_write_at(file, bytes, size, offset);
  if (count < 0) return count;
  return (size_t)count == size ? 0 : -EIO;
}

int64_t flow_record_reserve(int file, bool has_outputs) {
  size_t size = FLOW_RECORD_SIZE + (has_outputs ? FLOW_RECORD_OUTPUTS_ROOM : 0);
  int64_t result = flow_allocate(file, 0, 0, (off_t)size);
  if (result != -EOPNOTSUPP && result != -ENOSYS && result != -EINVAL) return result;
  // Without support for reservations, bytes that were written once keep their blocks.
  static const uint8_t zeros[FLOW_RECORD_SIZE + FLOW_RECORD_OUTPUTS_ROOM];
  return write_part(file, zeros, size, 0);
}

int64_t flow_record_write_start(
    int file, const struct flow_request_header *request, uint64_t monitor_start) {
  struct flow_record_start start = {
      .step = request->step, .attempt = request->attempt, .intent = request->intent,
      .host = request->host, .monitor = flow_process_id(), .monitor_start = monitor_start,
      .started_at = flow_now()};
  uint8_t bytes[FLOW_RECORD_COMMAND_OFFSET - FLOW_RECORD_START_OFFSET];
  flow_record_encode_start(&start, bytes);
  return write_part(file, bytes, sizeof bytes, FLOW_RECORD_START_OFFSET);
}

int64_t flow_record_write_command(int file, const struct flow_record_command *command) {
  uint8_t bytes[FLOW_RECORD_END_OFFSET - FLOW_RECORD_COMMAND_OFFSET];
  flow_record_encode_command(command, bytes);
  return write_part(file, bytes, sizeof bytes, FLOW_RECORD_COMMAND_OFFSET);
}

int64_t flow_record_write_outputs(int file, const uint8_t *bytes, size_t size) {
  return write_part(file, bytes, size, FLOW_RECORD_SIZE);
}

int64_t flow_record_write_end(int file, const struct flow_record_end *end) {
  uint8_t bytes[FLOW_RECORD_SIZE - FLOW_RECORD_END_OFFSET];
  flow_record_encode_end(end, bytes);
  return write_part(file, bytes, sizeof bytes, FLOW_RECORD_END_OFFSET);
}
