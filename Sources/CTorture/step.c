#define _GNU_SOURCE
#include "torture.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BEAT_MS = 10, PIECE = 1000, USAGE = 64 };

// The ledger, and the fields of the lines that this process writes.
static const char *ledger, *run, *step, *attempt, *item;
static const char *beat = "beat";
static volatile sig_atomic_t is_told_to_end;
static int code_at_term = -1;
static long printed;

static long long now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

// Opens the ledger for each line, since descriptors may be closed. Never creates it: after the round no file
// may reappear.
static void note(const char *what, const char *detail) {
  char line[256];
  int length = snprintf(
      line, sizeof line, "%lld %s %s %s %s %d%s%s\n", now_us(), what, run, step, attempt,
      (int)getpid(), *detail ? " " : "", detail);
  int file = open(ledger, O_WRONLY | O_APPEND | O_CLOEXEC);
  if (file < 0) return;
  ssize_t written = write(file, line, (size_t)length);
  (void)written;
  close(file);
}

__attribute__((noreturn)) static void leave(int code) {
  char detail[32];
  snprintf(detail, sizeof detail, "exit %d", code);
  note("end", detail);
  _exit(code);
}

__attribute__((noreturn)) static void die(int number) {
  char detail[32];
  snprintf(detail, sizeof detail, "signal %d", number);
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  signal(number, SIG_DFL);
  note("end", detail);
  raise(number);
  _exit(USAGE);
}

static void told_to_end(int number) {
  (void)number;
  is_told_to_end = 1;
}

static void go_on(long milliseconds) {
  long long end = now_us() + milliseconds * 1000LL;
  long long left;
  while ((left = end - now_us()) > 0) {
    if (is_told_to_end) leave(code_at_term);
    long long length = left < BEAT_MS * 1000 ? left : BEAT_MS * 1000;
    struct timespec pause = {.tv_nsec = (long)length * 1000};
    nanosleep(&pause, NULL);
    note(beat, "");
  }
}

static void print(long count) {
  char bytes[PIECE];
  for (int turn = 0; count > 0; turn++) {
    long size = count < PIECE ? count : PIECE;
    for (long index = 0; index < size; index++) {
      bytes[index] = (char)torture_output_byte(printed + index);
    }
    ssize_t written = write(turn % 2 ? 2 : 1, bytes, (size_t)size);
    // The disk is full.
    if (written <= 0) return;
    printed += written;
    count -= written;
  }
}

// The lock ends with the last process that has inherited the file.
static void hold(void) {
  char path[4096];
  snprintf(path, sizeof path, "%s.lock", ledger);
  int file = open(path, O_RDONLY);
  if (file < 0 || flock(file, LOCK_EX | LOCK_NB) != 0) note("clash", "");
}

static void close_standard(void) {
  for (int descriptor = 0; descriptor < 3; descriptor++) close(descriptor);
}

// MARK: Values

// Says what other steps have put out, each in a folder with its name.
static void take(void) {
  const char *path = getenv("FLOW_INPUTS");
  DIR *folder = path ? opendir(path) : NULL;
  if (!folder) return;
  for (struct dirent *entry; (entry = readdir(folder));) {
    if (entry->d_name[0] == '.') continue;
    char place[4096], value[64], detail[160];
    snprintf(place, sizeof place, "%s/%s/value", path, entry->d_name);
    int file = open(place, O_RDONLY | O_CLOEXEC);
    ssize_t count = file < 0 ? -1 : read(file, value, sizeof value - 1);
    if (file >= 0) close(file);
    if (count < 0) continue;
    value[count] = 0;
    value[strcspn(value, "\n ")] = 0;
    snprintf(detail, sizeof detail, "%.64s %s", entry->d_name, *value ? value : "-");
    note("took", detail);
  }
  closedir(folder);
}

// The disk may be full.
static void put(void) {
  const char *folder = getenv("FLOW_OUTPUTS");
  if (!folder) return;
  char place[4096], value[64];
  snprintf(place, sizeof place, "%s/value", folder);
  int length = snprintf(value, sizeof value, "%.40s@%.8s\n", step, attempt);
  int file = open(place, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return;
  bool is_whole = write(file, value, (size_t)length) == length;
  if (close(file) == 0 && is_whole) {
    note("put", "");
  } else {
    // An empty file would be a value, too.
    unlink(place);
  }
}

// Leaves a list of items, one a line. The disk may be full.
static void put_list(const char *items) {
  const char *folder = getenv("FLOW_OUTPUTS");
  if (!folder) return;
  char place[4096];
  snprintf(place, sizeof place, "%s/list", folder);
  FILE *file = fopen(place, "we");
  if (!file) return;
  for (const char *next = items; *next; next++) fputc(*next == ':' ? '\n' : *next, file);
  if (*items) fputc('\n', file);
  bool is_whole = !ferror(file);
  if (fclose(file) == 0 && is_whole) {
    note("list", "");
  } else {
    unlink(place);
  }
}

// MARK: Children

__attribute__((noreturn)) static void be_child(const char *flags, long milliseconds) {
  if (strchr(flags, 'i')) {
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
  }
  if (strchr(flags, 'q')) close_standard();
  is_told_to_end = 0;
  beat = "childbeat";
  note("child", flags);
  if (strchr(flags, 'z')) raise(SIGSTOP);
  go_on(milliseconds);
  note("childend", "");
  _exit(0);
}

__attribute__((noreturn)) static void begin_child(const char *flags, long milliseconds) {
  signal(SIGTERM, SIG_DFL);
  if (strchr(flags, 's')) setsid();
  if (strchr(flags, 'd') && fork() != 0) _exit(0);
  if (strchr(flags, 'e')) {
    char length[32];
    snprintf(length, sizeof length, "%ld", milliseconds);
    char *arguments[] = {
        (char *)"flowtorture", (char *)"child", (char *)ledger, (char *)run, (char *)step,
        (char *)attempt, (char *)flags, length, NULL};
    char *nothing[] = {NULL};
    execve("/proc/self/exe", arguments, nothing);
    _exit(USAGE);
  }
  be_child(flags, milliseconds);
}

static void leave_child(const char *flags, long milliseconds) {
  pid_t child = fork();
  if (child == 0) begin_child(flags, milliseconds);
  if (child > 0 && strchr(flags, 'd')) waitpid(child, NULL, 0);
}

static void parse_child(const char *text) {
  char flags[16] = "";
  const char *colon = strchr(text, ':');
  if (!colon || colon - text >= (long)sizeof flags) _exit(USAGE);
  memcpy(flags, text, (size_t)(colon - text));
  leave_child(flags, atol(colon + 1));
}

// MARK: Behaviours

static void perform(const char *what) {
  long number = atol(what + 1);
  switch (*what) {
    case 'f': hold(); return;
    case 'i': signal(SIGTERM, SIG_IGN); return;
    case 'g':
      code_at_term = (int)number;
      signal(SIGTERM, told_to_end);
      return;
    case 'p': print(number); return;
    case 's': go_on(number); return;
    case 'q': close_standard(); return;
    case 'z': raise(SIGSTOP); return;
    case 'c': parse_child(what + 1); return;
    case 'o': put(); return;
    case 'l': put_list(what + 1); return;
    case 'x': leave((int)number);
    case 'k': die((int)number);
  }
  _exit(USAGE);
}

__attribute__((noreturn)) static void behave(char *behaviour) {
  char *rest = NULL;
  for (char *what = strtok_r(behaviour, ",", &rest); what; what = strtok_r(NULL, ",", &rest)) {
    perform(what);
  }
  leave(0);
}

// Says that the command starts, and for an item what it was told to be its item, both ways.
static void begin(const char *what) {
  char detail[160] = "";
  const char *named = getenv("ITEM");
  if (item || named) {
    snprintf(detail, sizeof detail, "%.64s %.64s", item ? item : "-", named ? named : "-");
  }
  note(what, detail);
}

// The behaviour of this attempt, in the group that the item chooses.
static char *choose(int count, char **behaviours) {
  int groups = 1, group = 0;
  for (int index = 0; index < count; index++) groups += strcmp(behaviours[index], "/") == 0;
  for (const char *next = item; next && *next; next++) group += (unsigned char)*next;
  for (group %= groups; group > 0; behaviours++, count--) group -= strcmp(*behaviours, "/") == 0;
  int last = 0, number = atoi(attempt);
  while (last < count && strcmp(behaviours[last], "/") != 0) last++;
  return behaviours[(number < 1 ? 1 : number > last ? last : number) - 1];
}

int torture_step(int count, char **arguments) {
  if (count < 4) return USAGE;
  ledger = arguments[2];
  if (strcmp(arguments[1], "child") == 0) {
    if (count != 8) return USAGE;
    run = arguments[3];
    step = arguments[4];
    attempt = arguments[5];
    be_child(arguments[6], atol(arguments[7]));
  }
  run = getenv("FLOW_RUN_ID");
  step = getenv("FLOW_STEP_ID");
  attempt = getenv("FLOW_ATTEMPT");
  item = getenv("FLOW_ITEM");
  if (!run || !step || !attempt) return USAGE;
  begin(strcmp(arguments[1], "probe") == 0 ? "probe" : "start");
  take();
  behave(choose(count - 3, arguments + 3));
}
