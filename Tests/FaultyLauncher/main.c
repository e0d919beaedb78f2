// A launcher like any other (`entry.c` of CLauncher), but that some of its system calls fail, and those
// of its monitors: FLOW_TEST_FAULTS in its environment says which.
//
//     CALL[@SUFFIX] ERROR SKIP COUNT;...     the error's number; so many calls succeed, then so many fail
//
// With a suffix only calls count whose path ends with it.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launcher_loop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

int64_t fault_of(const char *call, const char *path);
int64_t fault_of_number(long number, long first, long second);
bool is_failing(const char *call);

enum { MOST = 8 };

struct fault {
  char call[24], suffix[24];
  int error, skip, count;
};

// Shared with monitors that are copies of this process.
static struct fault *faults;

static const struct {
  long number;
  const char *name;
  // Which argument is a path: 1, 2, or 0 for none.
  int path;
} calls[] = {
    {SYS_chdir, "chdir", 1},
    {SYS_close_range, "close_range", 0},
    {SYS_dup3, "dup3", 0},
    {SYS_execve, "execve", 1},
    {SYS_faccessat, "faccessat", 2},
    {SYS_fallocate, "fallocate", 0},
    {SYS_fcntl, "fcntl", 0},
    {SYS_fdatasync, "fdatasync", 0},
    {SYS_fstat, "fstat", 0},
    {SYS_getdents64, "getdents64", 0},
    {SYS_getrusage, "getrusage", 0},
    {SYS_kill, "kill", 0},
    {SYS_lseek, "lseek", 0},
    {SYS_mkdirat, "mkdirat", 2},
    {SYS_mmap, "mmap", 0},
    {SYS_munmap, "munmap", 0},
    {SYS_newfstatat, "newfstatat", 2},
    {SYS_openat, "openat", 2},
    {SYS_ppoll, "ppoll", 0},
    {SYS_prctl, "prctl", 0},
    {SYS_pread64, "pread64", 0},
    {SYS_pwrite64, "pwrite64", 0},
    {SYS_read, "read", 0},
    {SYS_rt_sigaction, "rt_sigaction", 0},
    {SYS_rt_sigprocmask, "rt_sigprocmask", 0},
    {SYS_rt_sigtimedwait, "rt_sigtimedwait", 0},
    {SYS_setsid, "setsid", 0},
    {SYS_unlinkat, "unlinkat", 2},
    {SYS_wait4, "wait4", 0},
    {SYS_waitid, "waitid", 0},
    {SYS_write, "write", 0},
};

static bool ends_with(const char *text, const char *suffix) {
  size_t length = strlen(text), size = strlen(suffix);
  return size <= length && memcmp(text + length - size, suffix, size) == 0;
}

int64_t fault_of(const char *call, const char *path) {
  for (struct fault *fault = faults; fault < faults + MOST && *fault->call; fault++) {
    if (strcmp(fault->call, call) != 0) continue;
    if (*fault->suffix && !(path && ends_with(path, fault->suffix))) continue;
    if (fault->skip > 0) {
      fault->skip--;
    } else if (fault->count > 0) {
      fault->count--;
      return -fault->error;
    }
  }
  return 0;
}

int64_t fault_of_number(long number, long first, long second) {
  for (size_t index = 0; index < sizeof calls / sizeof calls[0]; index++) {
    if (calls[index].number != number) continue;
    int path = calls[index].path;
    return fault_of(calls[index].name, path == 0 ? NULL : (const char *)(path == 1 ? first : second));
  }
  return 0;
}

bool is_failing(const char *call) {
  int64_t fault = fault_of(call, NULL);
  if (fault < 0) errno = (int)-fault;
  return fault < 0;
}

int main(void) {
  size_t size = MOST * sizeof *faults;
  faults = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (faults == MAP_FAILED) return 3;
  char *text = getenv("FLOW_TEST_FAULTS");
  if (!text) return 2;
  char copy[512];
  strncpy(copy, text, sizeof copy - 1);
  copy[sizeof copy - 1] = 0;
  struct fault *fault = faults;
  for (char *part = strtok(copy, ";"); part; part = strtok(NULL, ";"), fault++) {
    if (fault == faults + MOST) return 2;
    char call[64];
    if (sscanf(part, "%63s %d %d %d", call, &fault->error, &fault->skip, &fault->count) != 4) return 2;
    char *at = strchr(call, '@');
    if (at) *at++ = 0;
    if (strlen(call) >= sizeof fault->call || (at && strlen(at) >= sizeof fault->suffix)) return 2;
    strcpy(fault->call, call);
    if (at) strcpy(fault->suffix, at);
  }
  flow_launcher_run(environ);
}
