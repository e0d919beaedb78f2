#include "launcher.h"

#include <errno.h>

void flow_launcher_init(
    struct flow_launcher *launcher, struct flow_launcher_monitor *monitors, uint32_t capacity) {
  *launcher = (struct flow_launcher){.monitors = monitors, .capacity = capacity};
}

static void act(
    struct flow_launcher_actions *actions, enum flow_launcher_action_kind kind, uint32_t id,
    int32_t error) {
  if (actions->count == FLOW_LAUNCHER_MAX_ACTIONS) __builtin_trap();
  actions->list[actions->count++] =
      (struct flow_launcher_action){.kind = kind, .id = id, .error = error};
}

// The index of the monitor with that process id; `count` if there is none.
static uint32_t find(const struct flow_launcher *launcher, int64_t process) {
  uint32_t index = 0;
  while (index < launcher->count && launcher->monitors[index].process != process) index++;
  return index;
}

static void request(
    struct flow_launcher *launcher, uint32_t id, struct flow_launcher_actions *actions) {
  // The next engine decides anew, and may hold the lock by now.
  if (launcher->engine_gone) return;
  if (launcher->count == launcher->capacity) {
    act(actions, FLOW_LAUNCHER_REPORT_FORK_FAILED, id, EAGAIN);
    return;
  }
  launcher->forking = true;
  launcher->forking_id = id;
  act(actions, FLOW_LAUNCHER_FORK, id, 0);
}

static void forked(
    struct flow_launcher *launcher, int64_t process, struct flow_launcher_actions *actions) {
  launcher->forking = false;
  if (process < 0) {
    if (process < -INT32_MAX) __builtin_trap();  // no error number
    act(actions, FLOW_LAUNCHER_REPORT_FORK_FAILED, launcher->forking_id, (int32_t)-process);
    return;
  }
  // No process has such an id, and a child keeps its id until its end was reported here.
  if (process == 0 || process > INT32_MAX) __builtin_trap();
  if (find(launcher, process) != launcher->count) __builtin_trap();
  launcher->monitors[launcher->count++] = (struct flow_launcher_monitor){
      .process = (int32_t)process, .id = launcher->forking_id};
}

static void child_ended(
    struct flow_launcher *launcher, int64_t process, struct flow_launcher_actions *actions) {
  uint32_t index = find(launcher, process);
  // An orphan of a monitor: a straggler that may stay, or what a killed monitor left.
  if (index == launcher->count) return;
  uint32_t id = launcher->monitors[index].id;
  launcher->monitors[index] = launcher->monitors[--launcher->count];
  if (!launcher->engine_gone) {
    act(actions, FLOW_LAUNCHER_REPORT_MONITOR_GONE, id, 0);
  } else if (launcher->count == 0) {
    act(actions, FLOW_LAUNCHER_EXIT, 0, 0);
  }
}

static void engine_gone(struct flow_launcher *launcher, struct flow_launcher_actions *actions) {
  if (launcher->engine_gone) return;
  launcher->engine_gone = true;
  act(actions, FLOW_LAUNCHER_RELEASE_LOCK, 0, 0);
  if (launcher->count == 0) act(actions, FLOW_LAUNCHER_EXIT, 0, 0);
}

void flow_launcher_step(
    struct flow_launcher *launcher, const struct flow_launcher_event *event,
    struct flow_launcher_actions *actions) {
  actions->count = 0;
  switch (event->kind) {
    case FLOW_LAUNCHER_REQUEST:
      if (launcher->forking) break;
      request(launcher, event->id, actions);
      return;
    case FLOW_LAUNCHER_FORKED:
      if (!launcher->forking) break;
      forked(launcher, event->process, actions);
      return;
    case FLOW_LAUNCHER_CHILD_ENDED:
      if (launcher->forking) break;
      child_ended(launcher, event->process, actions);
      return;
    case FLOW_LAUNCHER_ENGINE_GONE:
      if (launcher->forking) break;
      engine_gone(launcher, actions);
      return;
  }
  // The answer to a fork comes before any other event, and no answer without a fork.
  __builtin_trap();
}
