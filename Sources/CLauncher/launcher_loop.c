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
#include "inbox.h"
#include "kernel.h"
#include "launcher.h"
#include "launcher_process.h"
#include "monitor_loop.h"
#include "monitor_stack.h"
#include "report.h"

enum {
  // More attempts than an engine runs at once, and monitors that have reported their attempt's end
  // and are about to exit.
  CAPACITY = 16384,
  // How long the launcher waits for processes that it has killed.
  KILLED_US = 5 * 1000 * 1000,
};

// The attempt of a monitor. Its index is the id by which the launcher knows the monitor.
struct attempt {
  int32_t step, number;
  uint32_t next_free;
};

struct loop {
  struct flow_launcher launcher;
  struct flow_launcher_monitor monitors[CAPACITY];
  // One more than monitors, for a request that exceeds the capacity.
  struct attempt attempts[CAPACITY + 1];
  uint32_t used_attempts, free_attempt;
  // The monitors' stacks; NULL where none was made yet.
  char *stacks[CAPACITY + 1];
  struct flow_inbox inbox;
  char **environment;
  // Whether a monitor may have left stragglers that are to stay. Then an orphan of this process is
  // not necessarily what a killed monitor left.
  bool has_kept;
};

// What happened, with what the actions need that the launcher does not decide upon.
struct happening {
  struct flow_launcher_event event;
  // The request; also with the answer to its fork.
  const struct flow_request *request;
  // How a child ended: whether it had reported its attempt's end, whether a signal killed it, and
  // how many processes that it left were killed.
  bool has_reported_end, was_killed;
  int32_t killed;
};

static volatile sig_atomic_t has_child_ended;

static void feed(struct loop *loop, const struct happening *happening);

// MARK: Attempts

static uint32_t name_attempt(struct loop *loop, const struct flow_request *request) {
  uint32_t id = loop->free_attempt;
  if (id == UINT32_MAX) {
    id = loop->used_attempts++;
  } else {
    loop->free_attempt = loop->attempts[id].next_free;
  }
  loop->attempts[id].step = request->header.step;
  loop->attempts[id].number = request->header.attempt;
  return id;
}

static void forget_attempt(struct loop *loop, uint32_t id) {
  loop->attempts[id].next_free = loop->free_attempt;
  loop->free_attempt = id;
}

static void report(
    const struct attempt *attempt, enum flow_report_kind kind, int32_t error, int32_t killed) {
  struct flow_report_queue queue = {.pipe = FLOW_LAUNCHER_REPORTS};
  struct flow_report report = {
      .kind = kind, .step = attempt->step, .attempt = attempt->number, .killed = killed,
      .end = {
          .result = FLOW_RESULT_LAUNCH_FAILED, .code = error, .operation = FLOW_LAUNCH_FORK}};
  flow_report_add(&queue, &report);
  // The launcher has nothing else to do for an engine that does not read.
  flow_report_flush_all(&queue);
}

// MARK: Actions

static void be_monitor(void *birth) {
  flow_close(FLOW_LAUNCHER_REQUESTS);
  flow_monitor_run(birth);
}

// Forks a copy of this process: for requests that do not fit a stack, and where monitors cannot
// share memory.
static int64_t fork_copy(struct flow_monitor_birth *birth) {
  // This program has no fork handlers, and no other thread that could hold a lock.
  pid_t process = _Fork();
  if (process == 0) be_monitor(birth);
  return process < 0 ? -errno : process;
}

// A monitor is a process of its own that runs in the launcher's memory, on a stack of its own
// there. Copying the memory, writing to the copies and discarding them takes four times as long as
// the rest of a fork (measured: 105 against 21 us). A monitor writes nowhere else, nor does the C
// library for it (`calls.h`), and otherwise reads what never changes: code, constants, the
// environment. The price: a monitor that is killed for lack of memory takes the others with it; but
// together they use less memory than a small command.
static int64_t fork_monitor(struct loop *loop, uint32_t id, const struct flow_request *request) {
  struct flow_monitor_birth birth = {
      .request = request, .environment = loop->environment, .forked_after = flow_start_clock(),
      .lock = FLOW_LAUNCHER_LOCK, .reports = FLOW_LAUNCHER_REPORTS};
  if (!FLOW_SHARES_MEMORY) return fork_copy(&birth);
  if (!loop->stacks[id]) loop->stacks[id] = flow_monitor_stack_make();
  struct flow_monitor_birth *own =
      loop->stacks[id] ? flow_monitor_stack_prepare(loop->stacks[id], &birth) : NULL;
  return own ? flow_clone(CLONE_VM, own, be_monitor, own) : fork_copy(&birth);
}

static void fork_for(struct loop *loop, uint32_t id, const struct happening *happening) {
  struct happening answer = {
      .event = {
          .kind = FLOW_LAUNCHER_FORKED, .process = fork_monitor(loop, id, happening->request)},
      .request = happening->request};
  feed(loop, &answer);
}

static void perform(
    struct loop *loop, const struct flow_launcher_action *action,
    const struct happening *happening) {
  const struct attempt *attempt = &loop->attempts[action->id];
  switch (action->kind) {
    case FLOW_LAUNCHER_FORK: fork_for(loop, action->id, happening); return;
    case FLOW_LAUNCHER_REPORT_FORK_FAILED:
      report(attempt, FLOW_REPORT_NOT_FORKED, action->error, 0);
      forget_attempt(loop, action->id);
      return;
    case FLOW_LAUNCHER_REPORT_MONITOR_GONE:
      // Once a monitor has reported its attempt's end, its own end is no news.
      if (!happening->has_reported_end) {
        report(attempt, FLOW_REPORT_MONITOR_GONE, 0, happening->killed);
      }
      // A process that the killed monitor was starting may still use its stack.
      if (happening->was_killed) loop->stacks[action->id] = NULL;
      forget_attempt(loop, action->id);
      return;
    case FLOW_LAUNCHER_RELEASE_LOCK:
      close(FLOW_LAUNCHER_LOCK);
      close(FLOW_LAUNCHER_REQUESTS);
      return;
    case FLOW_LAUNCHER_EXIT: _exit(0);
  }
  __builtin_trap();  // no such action
}

static void feed(struct loop *loop, const struct happening *happening) {
  struct flow_launcher_actions actions;
  flow_launcher_step(&loop->launcher, &happening->event, &actions);
  for (int index = 0; index < actions.count; index++) {
    perform(loop, &actions.list[index], happening);
  }
}

// MARK: What a killed monitor leaves

struct orphans {
  const struct flow_launcher *launcher;
  int32_t killed;
  bool is_any_left;
};

static bool is_monitor(const struct flow_launcher *launcher, pid_t process) {
  for (uint32_t index = 0; index < launcher->count; index++) {
    if (launcher->monitors[index].process == process) return true;
  }
  return false;
}

static void kill_orphan(pid_t child, void *context) {
  struct orphans *orphans = context;
  if (is_monitor(orphans->launcher, child)) return;
  orphans->is_any_left = true;
  kill(child, SIGKILL);
  int status;
  // A process that had ended before was not killed.
  if (waitpid(child, &status, WNOHANG) == child && WIFSIGNALED(status) &&
      WTERMSIG(status) == SIGKILL) {
    orphans->killed++;
  }
}

// The children of a killed monitor become the launcher's children, and so do theirs once those are
// gone. Only the launcher's own children are killed: a process id names the process until it is
// reaped. The launcher names none that cannot be killed.
//
// - Returns: how many were killed.
static int32_t kill_orphans(const struct loop *loop) {
  int64_t give_up = flow_now() + KILLED_US;
  struct orphans orphans = {.launcher = &loop->launcher};
  while (!loop->has_kept) {
    orphans.is_any_left = false;
    flow_each_child(kill_orphan, &orphans);
    if (!orphans.is_any_left || flow_now() >= give_up) break;
    struct timespec moment = {.tv_nsec = 1000000};
    nanosleep(&moment, NULL);
  }
  return orphans.killed;
}

// MARK: Events

static void reap(struct loop *loop) {
  int status;
  pid_t process;
  has_child_ended = 0;
  while ((process = waitpid(-1, &status, WNOHANG)) > 0) {
    struct happening happening = {
        .event = {.kind = FLOW_LAUNCHER_CHILD_ENDED, .process = process},
        .has_reported_end = WIFEXITED(status) && WEXITSTATUS(status) == FLOW_MONITOR_REPORTED,
        .was_killed = !WIFEXITED(status)};
    if (happening.was_killed && is_monitor(&loop->launcher, process)) {
      happening.killed = kill_orphans(loop);
    }
    feed(loop, &happening);
  }
}

// Requests that a dead engine left in the inbox are dropped.
static void take_requests(struct loop *loop, short events) {
  enum flow_inbox_state state = FLOW_INBOX_SHUT;
  if (!(events & (POLLRDHUP | POLLHUP | POLLERR))) {
    state = flow_inbox_fill(&loop->inbox, FLOW_LAUNCHER_REQUESTS);
  }
  struct flow_request request;
  while (state == FLOW_INBOX_OPEN && flow_inbox_next(&loop->inbox, &request, &state)) {
    if (request.header.keeps_stragglers) loop->has_kept = true;
    struct happening happening = {
        .event = {.kind = FLOW_LAUNCHER_REQUEST, .id = name_attempt(loop, &request)},
        .request = &request};
    feed(loop, &happening);
  }
  if (state == FLOW_INBOX_SHUT) {
    struct happening happening = {.event = {.kind = FLOW_LAUNCHER_ENGINE_GONE}};
    feed(loop, &happening);
  }
}

static void child_ended(int number) {
  (void)number;
  has_child_ended = 1;
}

void flow_launcher_run(char **environment) {
  // Too large for a stack; a launcher process runs this once.
  static struct loop loop;
  loop.environment = environment;
  loop.free_attempt = UINT32_MAX;
  flow_set_signals(child_ended);
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  prctl(PR_SET_NAME, FLOW_LAUNCHER_TITLE);
  // The engine's working directory stays free to be unmounted.
  if (chdir("/") != 0) _exit(1);
  flow_launcher_init(&loop.launcher, loop.monitors, CAPACITY);
  sigset_t waiting;
  sigfillset(&waiting);
  sigdelset(&waiting, SIGCHLD);
  while (true) {
    struct pollfd requests = {
        .fd = loop.launcher.engine_gone ? -1 : FLOW_LAUNCHER_REQUESTS,
        .events = POLLIN | POLLRDHUP};
    int count = ppoll(&requests, 1, NULL, &waiting);
    if (count > 0) take_requests(&loop, requests.revents);
    if (has_child_ended) reap(&loop);
  }
}
