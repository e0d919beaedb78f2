#include "mask_plan.h"

#include <string.h>

// The file: its magic, the number of ranges, the ranges, and a checksum of everything before it. All
// numbers have 64 bits and are little-endian.

static const uint8_t magic[8] = {'f', 'l', 'o', 'w', 'M', '0', '0', '1'};

enum { HEADER_SIZE = 16, RANGE_SIZE = 16, CHECKSUM_SIZE = 8 };

// MARK: Ranges

bool flow_mask_plan_add(struct flow_mask_plan *plan, int64_t from, int64_t until) {
  if (from >= until) return true;
  // What is found lies near the end of what was found before.
  size_t end = plan->count;
  while (end > 0 && plan->ranges[end - 1].from > until) end--;
  size_t begin = end;
  while (begin > 0 && plan->ranges[begin - 1].until >= from) begin--;
  size_t joined = end - begin;
  if (joined == 0) {
    if (plan->count == plan->capacity) return false;
    memmove(
        plan->ranges + begin + 1, plan->ranges + begin,
        (plan->count - begin) * sizeof *plan->ranges);
    plan->ranges[begin] = (struct flow_mask_range){.from = from, .until = until};
    plan->count++;
    return true;
  }
  struct flow_mask_range *range = &plan->ranges[begin];
  int64_t last = plan->ranges[end - 1].until;
  if (from < range->from) range->from = from;
  range->until = until > last ? until : last;
  memmove(range + 1, plan->ranges + end, (plan->count - end) * sizeof *range);
  plan->count -= joined - 1;
  return true;
}

size_t flow_mask_plan_count(const struct flow_mask_plan *plan, int64_t offset) {
  size_t count = plan->count;
  while (count > 0 && plan->ranges[count - 1].until > offset) count--;
  return count;
}

void flow_mask_plan_drop(struct flow_mask_plan *plan, size_t count) {
  plan->count -= count;
  memmove(plan->ranges, plan->ranges + count, plan->count * sizeof *plan->ranges);
}

// MARK: Files

static void put(uint8_t *bytes, uint64_t value) {
  for (int index = 0; index < 8; index++) bytes[index] = (uint8_t)(value >> (8 * index));
}

static uint64_t get(const uint8_t *bytes) {
  uint64_t value = 0;
  for (int index = 0; index < 8; index++) value |= (uint64_t)bytes[index] << (8 * index);
  return value;
}

// FNV-1a (Fowler, Noll, Vo), as in attempt records.
static uint64_t checksum(const uint8_t *bytes, size_t count) {
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t index = 0; index < count; index++) hash = (hash ^ bytes[index]) * 0x100000001b3;
  return hash;
}

size_t flow_mask_plan_size(size_t count) {
  return HEADER_SIZE + count * RANGE_SIZE + CHECKSUM_SIZE;
}

void flow_mask_plan_encode(const struct flow_mask_plan *plan, size_t count, uint8_t *bytes) {
  memcpy(bytes, magic, sizeof magic);
  put(bytes + 8, count);
  for (size_t index = 0; index < count; index++) {
    uint8_t *range = bytes + HEADER_SIZE + index * RANGE_SIZE;
    put(range, (uint64_t)plan->ranges[index].from);
    put(range + 8, (uint64_t)plan->ranges[index].until);
  }
  size_t size = flow_mask_plan_size(count) - CHECKSUM_SIZE;
  put(bytes + size, checksum(bytes, size));
}

bool flow_mask_plan_decode(struct flow_mask_plan *plan, const uint8_t *bytes, size_t size) {
  plan->count = 0;
  if (size < flow_mask_plan_size(0) || memcmp(bytes, magic, sizeof magic) != 0) return false;
  uint64_t count = get(bytes + 8);
  if (count > plan->capacity || size != flow_mask_plan_size(count)) return false;
  if (get(bytes + size - CHECKSUM_SIZE) != checksum(bytes, size - CHECKSUM_SIZE)) return false;
  int64_t end = -1;
  for (uint64_t index = 0; index < count; index++) {
    const uint8_t *range = bytes + HEADER_SIZE + index * RANGE_SIZE;
    int64_t from = (int64_t)get(range), until = (int64_t)get(range + 8);
    if (from <= end || until <= from) {
      plan->count = 0;
      return false;
    }
    plan->ranges[plan->count++] = (struct flow_mask_range){.from = from, .until = until};
    end = until;
  }
  return true;
}
