#define _GNU_SOURCE
#include "launcher_loop.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"
#include "children.h"
#include "kernel.h"
#include "launcher.h"
#include "monitor_loop.h"
#include "report.h"
#include "request.h"
#include "room.h"

enum {
  // More than an engine may run at once, with room for monitors that have told their attempt's end
  // and are about to exit.
  CAPACITY = 16384,
  // How long is waited for those to end that have been killed.
  KILLED_US = 5 * 1000 * 1000,
};

// The attempt of a monitor; its index is what the launcher calls it by.
struct attempt {
  int32_t step, number;
  uint32_t next_free;
};

static struct flow_launcher launcher;
static struct flow_launcher_monitor monitors[CAPACITY];
// One more, for a request that finds no place.
static struct attempt attempts[CAPACITY + 1];
static uint32_t used_attempts, free_attempt = UINT32_MAX;

// Where their monitors work; NULL where there was none yet.
static char *rooms[CAPACITY + 1];

static struct flow_inbox inbox;
static char **commands_environment;
static volatile sig_atomic_t has_child_ended;

// What the event that is being taken in comes with: a request, or how a monitor ended.
static const struct flow_request *request;
static bool has_told_end, was_killed;
static int32_t killed_remains;

// Whether a monitor may have left processes that are to stay: what falls to this process then need
// not be what a monitor that was killed has left.
static bool has_kept;

static void feed(enum flow_launcher_event_kind kind, uint32_t id, int64_t process);

// MARK: Attempts

static uint32_t name_attempt(void) {
  uint32_t id = free_attempt;
  if (id == UINT32_MAX) {
    id = used_attempts++;
  } else {
    free_attempt = attempts[id].next_free;
  }
  attempts[id].step = request->header.step;
  attempts[id].number = request->header.attempt;
  return id;
}

static void forget_attempt(uint32_t id) {
  attempts[id].next_free = free_attempt;
  free_attempt = id;
}

static void report(enum flow_report_kind kind, uint32_t id, int32_t error) {
  struct flow_report_queue queue = {.pipe = FLOW_LAUNCHER_REPORTS};
  struct flow_report report = {
      .kind = kind, .step = attempts[id].step, .attempt = attempts[id].number,
      .killed = killed_remains,
      .end = {
          .result = FLOW_RESULT_LAUNCH_FAILED, .code = error, .operation = FLOW_LAUNCH_FORK}};
  flow_report_add(&queue, &report);
  // There is nothing else to do for an engine that does not listen.
  flow_report_flush_all(&queue);
}

// MARK: Actions

static void be_monitor(void *birth) {
  flow_close(FLOW_LAUNCHER_REQUESTS);
  flow_monitor_run(birth);
}

// A copy of this process: for requests that no room has a place for, and where memory is not shared.
static int64_t fork_copy(struct flow_monitor_birth *birth) {
  // Nothing in this program wants to be called at forks, and no other thread can hold a lock.
  pid_t process = _Fork();
  if (process == 0) be_monitor(birth);
  return process < 0 ? -errno : process;
}

// A monitor is a process as any other, but works in our memory, in a room of its own there: to copy
// memory, write to the copies and throw them away takes four times as long as all else of a fork
// (measured: 105 against 21 us). It writes nowhere else, nor does the C library for it (`calls.h`),
// and reads what never changes: code, constants, the environment. What it costs: one that is killed
// for want of memory takes the others along; but together they have less of it than a small command.
static int64_t fork_monitor(uint32_t id) {
  struct flow_monitor_birth birth = {
      .request = request, .environment = commands_environment, .forked_after = flow_start_clock(),
      .lock = FLOW_LAUNCHER_LOCK, .reports = FLOW_LAUNCHER_REPORTS};
  if (!FLOW_SHARES_MEMORY) return fork_copy(&birth);
  if (!rooms[id]) rooms[id] = flow_room_make();
  struct flow_monitor_birth *own = rooms[id] ? flow_room_furnish(rooms[id], &birth) : NULL;
  return own ? flow_clone(CLONE_VM, own, be_monitor, own) : fork_copy(&birth);
}

static void perform(const struct flow_launcher_action *action) {
  switch (action->kind) {
    case FLOW_LAUNCHER_FORK: feed(FLOW_LAUNCHER_FORKED, 0, fork_monitor(action->id)); return;
    case FLOW_LAUNCHER_REPORT_FORK_FAILED:
      report(FLOW_REPORT_NOT_FORKED, action->id, action->error);
      forget_attempt(action->id);
      return;
    case FLOW_LAUNCHER_REPORT_MONITOR_GONE:
      // After the end of its attempt, its own is no news.
      if (!has_told_end) report(FLOW_REPORT_MONITOR_GONE, action->id, 0);
      // What it was starting may not have left its room.
      if (was_killed) rooms[action->id] = NULL;
      forget_attempt(action->id);
      return;
    case FLOW_LAUNCHER_RELEASE_LOCK:
      close(FLOW_LAUNCHER_LOCK);
      close(FLOW_LAUNCHER_REQUESTS);
      return;
    case FLOW_LAUNCHER_EXIT: _exit(0);
  }
  __builtin_trap();  // no such action
}

static void feed(enum flow_launcher_event_kind kind, uint32_t id, int64_t process) {
  struct flow_launcher_event event = {.kind = kind, .id = id, .process = process};
  struct flow_launcher_actions actions;
  flow_launcher_step(&launcher, &event, &actions);
  for (int index = 0; index < actions.count; index++) perform(&actions.list[index]);
}

// MARK: What a monitor that was killed has left

static bool is_monitor(pid_t process) {
  for (uint32_t index = 0; index < launcher.count; index++) {
    if (launcher.monitors[index].process == process) return true;
  }
  return false;
}

static void kill_remains_of_monitor(pid_t child, void *context) {
  if (is_monitor(child)) return;
  *(bool *)context = true;
  kill(child, SIGKILL);
  int status;
  // What had ended before was not killed.
  if (waitpid(child, &status, WNOHANG) == child && WIFSIGNALED(status) &&
      WTERMSIG(status) == SIGKILL) {
    killed_remains++;
  }
}

// Its children are ours now, and theirs will be when they are gone. Ours alone: the numbers are those
// of processes that we have not reaped. Those that do not go are named by nobody.
static void kill_remains(void) {
  int64_t give_up = flow_now() + KILLED_US;
  killed_remains = 0;
  while (!has_kept) {
    bool is_anybody_left = false;
    flow_each_child(kill_remains_of_monitor, &is_anybody_left);
    if (!is_anybody_left || flow_now() >= give_up) return;
    struct timespec moment = {.tv_nsec = 1000000};
    nanosleep(&moment, NULL);
  }
}

// MARK: Events

static void reap(void) {
  int status;
  pid_t process;
  has_child_ended = 0;
  while ((process = waitpid(-1, &status, WNOHANG)) > 0) {
    has_told_end = WIFEXITED(status) && WEXITSTATUS(status) == FLOW_MONITOR_TOLD;
    was_killed = !WIFEXITED(status);
    killed_remains = 0;
    if (is_monitor(process) && was_killed) kill_remains();
    feed(FLOW_LAUNCHER_CHILD_ENDED, 0, process);
  }
}

// What is in the inbox of an engine that is gone is dropped.
static void take_requests(short events) {
  enum flow_inbox_state state = FLOW_INBOX_SHUT;
  if (!(events & (POLLRDHUP | POLLHUP | POLLERR))) {
    state = flow_inbox_fill(&inbox, FLOW_LAUNCHER_REQUESTS);
  }
  struct flow_request next;
  while (state == FLOW_INBOX_OPEN && flow_inbox_next(&inbox, &next, &state)) {
    request = &next;
    if (next.header.keeps_stragglers) has_kept = true;
    feed(FLOW_LAUNCHER_REQUEST, name_attempt(), 0);
  }
  if (state == FLOW_INBOX_SHUT) feed(FLOW_LAUNCHER_ENGINE_GONE, 0, 0);
}

static void child_ended(int number) {
  (void)number;
  has_child_ended = 1;
}

void flow_launcher_run(char **environment) {
  commands_environment = environment;
  flow_set_signals(child_ended);
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  prctl(PR_SET_NAME, FLOW_LAUNCHER_TITLE);
  // The folder that the engine was started in can be unmounted.
  if (chdir("/") != 0) _exit(1);
  flow_launcher_init(&launcher, monitors, CAPACITY);
  sigset_t waiting = flow_monitor_signals();
  sigdelset(&waiting, SIGCHLD);
  while (true) {
    struct pollfd requests = {
        .fd = launcher.engine_gone ? -1 : FLOW_LAUNCHER_REQUESTS, .events = POLLIN | POLLRDHUP};
    int count = ppoll(&requests, 1, NULL, &waiting);
    if (count > 0) take_requests(requests.revents);
    if (has_child_ended) reap();
  }
}
