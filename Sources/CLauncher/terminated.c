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

// MARK: Descendants

// Descendants in the order in which they are found, the children of each after it.
struct walk {
  pid_t *processes;
  size_t capacity, count;
};

static void append(pid_t child, void *context) {
  struct walk *walk = context;
  if (walk->count == walk->capacity) {
    size_t capacity = walk->capacity ? walk->capacity * 2 : 1024;
    int64_t memory = flow_map(capacity * sizeof(pid_t));
    if (memory < 0) return;
    pid_t *processes = (pid_t *)memory;
    for (size_t index = 0; index < walk->count; index++) processes[index] = walk->processes[index];
    if (walk->capacity > 0) flow_unmap(walk->processes, walk->capacity * sizeof(pid_t));
    walk->processes = processes;
    walk->capacity = capacity;
  }
  walk->processes[walk->count++] = child;
}

void flow_terminated_add_group(struct flow_terminated *terminated, pid_t group) {
  struct walk walk = {0};
  flow_each_child(append, &walk);
  for (size_t index = 0; index < walk.count; index++) {
    pid_t process = walk.processes[index];
    struct flow_process_status status;
    if (!flow_read_status(process, &status)) continue;
    if (status.group == group) flow_terminated_add(terminated, process, status.start);
    flow_each_child_of(process, append, &walk);
  }
  if (walk.capacity > 0) flow_unmap(walk.processes, walk.capacity * sizeof(pid_t));
}
