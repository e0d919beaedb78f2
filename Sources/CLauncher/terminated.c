#define _GNU_SOURCE
#include "terminated.h"

#include "calls.h"
#include "children.h"
#include "process_status.h"

// A page of them.
enum { FIRST_CAPACITY = 256 };

// MARK: The table

static size_t size(size_t capacity) { return capacity * sizeof(struct flow_terminated_process); }

// The place of a process, or the free one where it belongs. The table is never full.
static struct flow_terminated_process *find(
    const struct flow_terminated *terminated, pid_t process, uint64_t start) {
  size_t index = ((uint64_t)process * 0x9e3779b97f4a7c15) >> 32;
  while (true) {
    struct flow_terminated_process *place =
        &terminated->places[index++ & (terminated->capacity - 1)];
    if (place->process == 0 || (place->process == process && place->start == start)) return place;
  }
}

// - Returns: false if there is no memory.
static bool grow(struct flow_terminated *terminated) {
  struct flow_terminated larger = {
      .capacity = terminated->capacity ? terminated->capacity * 2 : FIRST_CAPACITY,
      .count = terminated->count};
  int64_t memory = flow_map(size(larger.capacity));
  if (memory < 0) return false;
  larger.places = (struct flow_terminated_process *)memory;
  for (size_t index = 0; index < terminated->capacity; index++) {
    struct flow_terminated_process place = terminated->places[index];
    if (place.process != 0) *find(&larger, place.process, place.start) = place;
  }
  flow_terminated_free(terminated);
  *terminated = larger;
  return true;
}

void flow_terminated_add(struct flow_terminated *terminated, pid_t process, uint64_t start) {
  if (terminated->count >= terminated->capacity / 2 && !grow(terminated)) return;
  struct flow_terminated_process *place = find(terminated, process, start);
  if (place->process != 0) return;
  *place = (struct flow_terminated_process){.process = process, .start = start};
  terminated->count++;
}

bool flow_terminated_has(
    const struct flow_terminated *terminated, pid_t process, uint64_t start) {
  return terminated->capacity > 0 && find(terminated, process, start)->process != 0;
}

void flow_terminated_free(struct flow_terminated *terminated) {
  if (terminated->capacity > 0) flow_unmap(terminated->places, size(terminated->capacity));
  *terminated = (struct flow_terminated){0};
}

// MARK: Groups

struct members {
  struct flow_terminated *terminated;
  pid_t group;
};

static void add_member(pid_t process, void *context) {
  const struct members *members = context;
  struct flow_process_status status;
  if (!flow_read_status(process, &status) || status.group != members->group) return;
  flow_terminated_add(members->terminated, process, status.start);
}

void flow_terminated_add_group(struct flow_terminated *terminated, pid_t group) {
  struct members members = {.terminated = terminated, .group = group};
  flow_each_process(add_member, &members);
}
