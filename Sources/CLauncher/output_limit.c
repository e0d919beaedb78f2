#define _GNU_SOURCE
#include "output_limit.h"

#include "calls.h"

enum {
  // The block size of common file systems, the unit of a hole.
  BLOCK = 4096,
  // The fastest rate at which a disk fills, in bytes a microsecond. The next check comes when the
  // rest of the limit could be used up, within the two times below.
  FASTEST_RATE = 1000,
  SOONEST_US = 50 * 1000,
  LATEST_US = 2 * 1000 * 1000,
};

void flow_output_limit_init(
    struct flow_output_limit *limit, int file, int64_t max_bytes, int64_t now) {
  *limit = (struct flow_output_limit){.file = file, .max_bytes = max_bytes, .look_at = INT64_MAX};
  if (file >= 0) limit->look_at = now + SOONEST_US;
}

static int64_t time_to_fill(int64_t space) {
  int64_t time = space / FASTEST_RATE;
  return time < SOONEST_US ? SOONEST_US : time > LATEST_US ? LATEST_US : time;
}

// Discards what lies between head and tail.
static int64_t punch(struct flow_output_limit *limit, int64_t size) {
  int64_t kept = limit->max_bytes / 4 / BLOCK * BLOCK;
  if (kept < BLOCK) kept = BLOCK;
  int64_t begin = limit->punched_end > kept ? limit->punched_end : kept;
  int64_t end = (size - kept) / BLOCK * BLOCK;
  if (end <= begin) return 0;
  int64_t result = flow_allocate(
      limit->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, begin, end - begin);
  if (result != 0) return result;
  limit->dropped_bytes += end - begin;
  limit->punched_end = end;
  return 0;
}

void flow_output_limit_look(struct flow_output_limit *limit, int64_t now) {
  struct stat status;
  if (limit->file < 0) return;
  limit->look_at = INT64_MAX;
  if (flow_stat_open(limit->file, &status) != 0) return;
  int64_t held = (int64_t)status.st_blocks * 512;
  // A file system without holes will not get them: no further check.
  if (held > limit->max_bytes && punch(limit, status.st_size) != 0) return;
  limit->look_at = now + time_to_fill(limit->max_bytes - held);
}
