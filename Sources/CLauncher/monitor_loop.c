#define _GNU_SOURCE
#include "monitor_loop.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "calls.h"
#include "children.h"
#include "collect.h"
#include "kernel.h"
#include "launcher_process.h"
#include "monitor.h"
#include "output_limit.h"
#include "process_status.h"
#include "record_file.h"
#include "report.h"
#include "secrets.h"
#include "spawn.h"
#include "terminated.h"

enum {
  // A report that the pipe did not take is sent again after this time.
  REPORT_AGAIN_US = 20 * 1000,
  // The launch is reported after this time, or together with the next report: a short command wakes
  // the engine only once.
  REPORT_LAUNCH_US = 5 * 1000,
};

struct loop {
  const struct flow_monitor_birth *birth;
  struct flow_monitor monitor;
  uint64_t started;
  int record, output;
  /// The output again, to overwrite secrets in it; the other one only appends.
  int scrubbed;
  /// Whether children were reaped since the last event about descendants.
  bool has_reaped;
  bool reported_end;
  struct flow_terminated terminated;
  struct flow_output_limit limit;
  struct flow_report_queue reports;
  /// When to send them.
  int64_t report_at;
};

static void feed(struct loop *loop, enum flow_monitor_event_kind kind, int64_t result);

// MARK: Reports

static void report(struct loop *loop, enum flow_report_kind kind) {
  const struct flow_request_header *request = &loop->birth->request->header;
  struct flow_report report = {
      .kind = kind, .step = request->step, .attempt = request->attempt,
      .process = loop->monitor.command, .monitor = flow_process_id(), .end = loop->monitor.end};
  flow_report_add(&loop->reports, &report);
  loop->report_at = 0;
  if (kind == FLOW_REPORT_LAUNCHED) {
    loop->report_at = flow_now() + REPORT_LAUNCH_US;
  } else {
    flow_report_flush(&loop->reports);
  }
}

static void send_due_reports(struct loop *loop, int64_t now) {
  if (loop->reports.count == 0 || now < loop->report_at) return;
  flow_report_flush(&loop->reports);
  loop->report_at = now + REPORT_AGAIN_US;
}

// MARK: Children

static void count(pid_t child, void *context) {
  (void)child;
  ++*(int64_t *)context;
}

// Between the two, a process can fork: its child gets the signal, is not noted, and would get it again.
// It can also leave the group: it is noted, and does not get the signal before SIGKILL.
static void terminate_group(struct loop *loop) {
  flow_terminated_add_group(&loop->terminated, loop->monitor.command);
  // The leader was not reaped, so its id still names the group.
  flow_signal(-loop->monitor.command, loop->birth->request->header.stop_signal);
}

static void terminate(pid_t child, void *context) {
  struct loop *loop = context;
  struct flow_terminated *terminated = &loop->terminated;
  struct flow_process_status status;
  if (!flow_read_status(child, &status)) status.start = 0;
  if (flow_terminated_has(terminated, child, status.start)) return;
  flow_terminated_add(terminated, child, status.start);
  flow_signal(child, loop->birth->request->header.stop_signal);
  // A stopped process handles no signal before it continues.
  flow_signal(child, SIGCONT);
}

static void kill_child(pid_t child, void *context) {
  (void)context;
  flow_signal(child, SIGKILL);
}

static void name_survivor(pid_t child, void *context) {
  struct flow_record_end *end = context;
  enum { MAX = sizeof end->unkillable_ids / sizeof end->unkillable_ids[0] };
  if (!flow_is_alive(child)) return;
  if (end->unkillable < MAX) end->unkillable_ids[end->unkillable] = child;
  end->unkillable++;
}

// The status as `waitpid` returns it, from the result of `waitid`.
static int64_t status(const siginfo_t *info) {
  if (info->si_code == CLD_EXITED) return (int64_t)(info->si_status & 0xff) << 8;
  return info->si_status & 0x7f;
}

// Takes a SIGTERM that has arrived: nobody but the system sends it.
static void hear(struct loop *loop) {
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  struct timespec now = {0};
  if (flow_await_signal(&term, &now) == SIGTERM) feed(loop, FLOW_MONITOR_TOLD, 0);
}

// Reaps the children that have ended; the command only once the step function asked for it.
//
// - Returns: whether a child is left.
static bool reap(struct loop *loop) {
  while (true) {
    siginfo_t info = {.si_pid = 0};
    int64_t result = flow_look_for_end(&info);
    if (result == -EINTR) continue;
    if (result != 0) return false;
    if (info.si_pid == 0) return true;
    if (info.si_pid == loop->monitor.command && !loop->monitor.command_reaped) {
      hear(loop);
      feed(loop, FLOW_MONITOR_COMMAND_ENDED, status(&info));
    } else {
      flow_reap(info.si_pid);
      loop->has_reaped = true;
    }
  }
}

static void look_at_children(struct loop *loop) {
  bool is_any_left = reap(loop);
  if (!loop->monitor.command_reaped || !loop->has_reaped) return;
  loop->has_reaped = false;
  if (!is_any_left) {
    feed(loop, FLOW_MONITOR_NO_DESCENDANT_LEFT, 0);
    return;
  }
  int64_t left = 0;
  flow_each_child(count, &left);
  feed(loop, FLOW_MONITOR_DESCENDANTS_LEFT, left);
}

// MARK: Actions

static int64_t spawn(struct loop *loop) {
  struct flow_monitor *monitor = &loop->monitor;
  int64_t made = flow_outputs_make(loop->birth->request);
  if (made < 0) {
    monitor->failed_operation = FLOW_LAUNCH_MAKE_OUTPUTS;
    return made;
  }
  made = flow_secrets_make(loop->birth->request);
  if (made < 0) {
    monitor->failed_operation = FLOW_LAUNCH_MAKE_SECRET;
    return made;
  }
  uint64_t before = flow_start_clock();
  int64_t process = flow_spawn(
      loop->birth->request, loop->birth->environment, loop->output, &monitor->failed_operation);
  if (process > 0) {
    // Kept for the command part, which alone needs it.
    loop->started = flow_start_time((pid_t)process, before, flow_start_clock());
  }
  flow_output_limit_init(
      &loop->limit, loop->output, loop->birth->request->header.max_output_bytes, flow_now());
  return process;
}

static int64_t write_command(struct loop *loop) {
  struct flow_record_command command = {
      .process = loop->monitor.command, .process_start = loop->started};
  return flow_record_write_command(loop->record, &command);
}

static int64_t write_end(struct loop *loop) {
  struct flow_record_end *end = &loop->monitor.end;
  struct rusage usage;
  if (flow_call(SYS_getrusage, RUSAGE_CHILDREN, (long)&usage, 0, 0, 0) == 0) {
    end->cpu_us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * (int64_t)1000000 +
                  usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    end->peak_memory_kib = usage.ru_maxrss;
  }
  flow_output_limit_look(&loop->limit, 0);
  loop->limit.look_at = INT64_MAX;
  end->dropped_output_bytes = loop->limit.dropped_bytes;
  return flow_record_write_end(loop->record, end);
}

static int64_t create_record(struct loop *loop) {
  int64_t file = flow_record_create(loop->birth->request->record_path);
  if (file >= 0) loop->record = (int)file;
  return file;
}

static int64_t create_output(struct loop *loop) {
  int64_t file = flow_output_create(loop->birth->request->output_path);
  if (file < 0) return file;
  loop->output = (int)file;
  if (!loop->monitor.has_secrets) return file;
  file = flow_open(loop->birth->request->output_path, O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0);
  if (file >= 0) loop->scrubbed = (int)file;
  return file;
}

static int64_t scrub(struct loop *loop) {
  flow_secrets_remove(loop->birth->request);
  // Before the output is read, its middle may be discarded.
  flow_output_limit_look(&loop->limit, 0);
  return flow_secrets_scrub(loop->birth->request, loop->scrubbed);
}

static int64_t remove_record(struct loop *loop) {
  // Who finds no record has been sent what was reported before.
  flow_report_flush_all(&loop->reports);
  flow_secrets_remove(loop->birth->request);
  flow_outputs_remove(loop->birth->request);
  if (loop->output >= 0) {
    int64_t result = flow_unlink(loop->birth->request->output_path);
    if (result < 0 && result != -ENOENT) return result;
  }
  return flow_unlink(loop->birth->request->record_path);
}

__attribute__((noreturn)) static void leave(struct loop *loop) {
  flow_report_flush_all(&loop->reports);
  // The launcher shares this memory.
  flow_terminated_free(&loop->terminated);
  _exit(loop->reported_end ? FLOW_MONITOR_REPORTED : FLOW_MONITOR_UNREPORTED);
}

// Performs an action that is answered.
static int64_t ask(struct loop *loop, enum flow_monitor_action action) {
  switch (action) {
    case FLOW_MONITOR_CREATE_RECORD: return create_record(loop);
    case FLOW_MONITOR_LOCK_RECORD: return flow_record_lock(loop->record);
    case FLOW_MONITOR_RESERVE_RECORD:
      return flow_record_reserve(loop->record, loop->birth->request->header.output_count > 0);
    case FLOW_MONITOR_CREATE_OUTPUT: return create_output(loop);
    case FLOW_MONITOR_REMOVE_RECORD: return remove_record(loop);
    case FLOW_MONITOR_WRITE_START:
      return flow_record_write_start(
          loop->record, &loop->birth->request->header, loop->started);
    case FLOW_MONITOR_SPAWN: return spawn(loop);
    case FLOW_MONITOR_WRITE_COMMAND: return write_command(loop);
    case FLOW_MONITOR_COLLECT:
      return flow_outputs_collect(loop->birth->request, loop->record, &loop->monitor.end);
    case FLOW_MONITOR_SCRUB: return scrub(loop);
    case FLOW_MONITOR_WRITE_END: return write_end(loop);
    default: __builtin_trap();
  }
}

// Performs an action that is not answered.
//
// - Returns: false; true, with nothing done, if the action is answered.
static bool perform(struct loop *loop, enum flow_monitor_action action) {
  struct flow_monitor *monitor = &loop->monitor;
  switch (action) {
    case FLOW_MONITOR_CREATE_RECORD:
    case FLOW_MONITOR_LOCK_RECORD:
    case FLOW_MONITOR_RESERVE_RECORD:
    case FLOW_MONITOR_CREATE_OUTPUT:
    case FLOW_MONITOR_REMOVE_RECORD:
    case FLOW_MONITOR_WRITE_START:
    case FLOW_MONITOR_SPAWN:
    case FLOW_MONITOR_WRITE_COMMAND:
    case FLOW_MONITOR_COLLECT:
    case FLOW_MONITOR_SCRUB:
    case FLOW_MONITOR_WRITE_END: return true;
    case FLOW_MONITOR_RELEASE_LAUNCHER: flow_close(loop->birth->lock); return false;
    case FLOW_MONITOR_REPORT_LAUNCHED: report(loop, FLOW_REPORT_LAUNCHED); return false;
    case FLOW_MONITOR_REPORT_DEADLINE: report(loop, FLOW_REPORT_DEADLINE); return false;
    case FLOW_MONITOR_REPORT_TOLD: report(loop, FLOW_REPORT_TOLD); return false;
    case FLOW_MONITOR_REPORT_ENDED:
      report(loop, FLOW_REPORT_ENDED);
      loop->reported_end = true;
      return false;
    case FLOW_MONITOR_REPORT_SHORTAGE: report(loop, FLOW_REPORT_SHORTAGE); return false;
    case FLOW_MONITOR_REPORT_REFUSED: report(loop, FLOW_REPORT_REFUSED); return false;
    case FLOW_MONITOR_TERMINATE_GROUP: terminate_group(loop); return false;
    case FLOW_MONITOR_CONTINUE_GROUP: flow_signal(-monitor->command, SIGCONT); return false;
    case FLOW_MONITOR_TERMINATE_CHILDREN: flow_each_child(terminate, loop); return false;
    case FLOW_MONITOR_KILL_CHILDREN: flow_each_child(kill_child, NULL); return false;
    case FLOW_MONITOR_REAP_COMMAND:
      flow_reap(monitor->command);
      loop->has_reaped = true;
      return false;
    case FLOW_MONITOR_NAME_SURVIVORS:
      flow_each_child(name_survivor, &monitor->end);
      return false;
    case FLOW_MONITOR_EXIT: leave(loop);
  }
  __builtin_trap();  // no such action
}

// Passes an event to the step function, performs its actions, and passes on the answers.
static void feed(struct loop *loop, enum flow_monitor_event_kind kind, int64_t result) {
  struct flow_monitor_event event = {.kind = kind, .result = result, .now = flow_now()};
  while (true) {
    struct flow_monitor_actions actions;
    flow_monitor_step(&loop->monitor, &event, &actions);
    bool is_answered = false;
    for (int index = 0; index < actions.count; index++) {
      is_answered = perform(loop, actions.list[index]);
    }
    if (!is_answered) return;
    event.kind = FLOW_MONITOR_DONE;
    event.result = ask(loop, actions.list[actions.count - 1]);
    event.now = flow_now();
  }
}

// MARK: Waiting

static int64_t wake_up(const struct loop *loop) {
  int64_t time = flow_monitor_wake_up(&loop->monitor);
  if (loop->limit.look_at < time) time = loop->limit.look_at;
  if (loop->reports.count > 0 && loop->report_at < time) time = loop->report_at;
  return time;
}

// Waits for the end of a child, for a request of the engine, or until that time.
static void wait_until(struct loop *loop, int64_t time, int64_t now) {
  sigset_t signals = flow_monitor_signals();
  int64_t left = time > now ? time - now : 0;
  struct timespec timeout = {
      .tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000};
  int64_t number = flow_await_signal(&signals, time == INT64_MAX ? NULL : &timeout);
  if (number == SIGCHLD) {
    // The kernel delivers lower numbers first: children that end all the time must not hold up the
    // engine's requests.
    sigdelset(&signals, SIGCHLD);
    struct timespec now = {0};
    number = flow_await_signal(&signals, &now);
  }
  if (number == FLOW_MONITOR_SIGNAL_STOP) feed(loop, FLOW_MONITOR_STOP, 0);
  if (number == FLOW_MONITOR_SIGNAL_FORCE) feed(loop, FLOW_MONITOR_FORCE, 0);
  if (number == SIGTERM) feed(loop, FLOW_MONITOR_TOLD, 0);
}

void flow_monitor_run(const struct flow_monitor_birth *birth) {
  struct loop loop = {.birth = birth, .record = -1, .output = -1, .scrubbed = -1};
  const struct flow_request *request = birth->request;
  loop.started = flow_start_time(flow_process_id(), birth->forked_after, flow_start_clock());
  loop.reports.pipe = birth->reports;
  loop.limit.file = -1;
  flow_begin_session();
  flow_control(PR_SET_CHILD_SUBREAPER, 1);
  flow_control(PR_SET_NAME, (unsigned long)"flow: monitor");
  flow_monitor_init(
      &loop.monitor, request->header.timeout_us, request->header.grace_us,
      request->header.keeps_stragglers != 0);
  loop.monitor.has_secrets = request->header.secret_count > 0;
  loop.monitor.has_outputs = request->header.output_count > 0;
  loop.monitor.hides_interruption = request->header.hides_interruption != 0;
  feed(&loop, FLOW_MONITOR_BEGIN, 0);
  while (true) {
    look_at_children(&loop);
    int64_t now = flow_now();
    if (now >= flow_monitor_wake_up(&loop.monitor)) {
      feed(&loop, FLOW_MONITOR_TIME, 0);
      now = flow_now();
    }
    if (now >= loop.limit.look_at) flow_output_limit_look(&loop.limit, now);
    send_due_reports(&loop, now);
    wait_until(&loop, wake_up(&loop), now);
  }
}
