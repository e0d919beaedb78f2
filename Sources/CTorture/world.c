#define _GNU_SOURCE
#include "torture.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int torture_own_world(void) {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return -1;
  if (unshare(CLONE_NEWNS) != 0) return -1;
  return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

int torture_mount_memory(const char *path, long bytes) {
  char options[64];
  snprintf(options, sizeof options, "size=%ld,mode=0700", bytes);
  return mount("torture", path, "tmpfs", 0, options);
}

int torture_open_process(pid_t process) {
  return (int)syscall(SYS_pidfd_open, process, 0);
}

int torture_signal_process(int descriptor, int number) {
  return (int)syscall(SYS_pidfd_send_signal, descriptor, number, NULL, 0);
}

int torture_unmount(const char *path) { return umount2(path, MNT_DETACH); }

int torture_user_may_execute(uid_t user, const char *path) {
  if (setegid(user) != 0 || seteuid(user) != 0) return 0;
  int may = faccessat(AT_FDCWD, path, R_OK | X_OK, AT_EACCESS) == 0;
  torture_be_root();
  return may;
}

// The saved ids stay root's, so that it can become root again. What it executes cannot.
int torture_become(uid_t user) {
  if (setgroups(0, NULL) != 0) return -1;
  if (setresgid(user, user, 0) != 0) return -1;
  if (setresuid(user, user, 0) != 0) return -1;
  return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

void torture_be_root(void) {
  if (seteuid(0) == 0 && setegid(0) == 0) return;
}

int torture_limit_processes(pid_t process, long most) {
  struct rlimit limit;
  if (prlimit(process, RLIMIT_NPROC, NULL, &limit) != 0) return -1;
  rlim_t wanted = most < 0 || (rlim_t)most > limit.rlim_max ? limit.rlim_max : (rlim_t)most;
  if (limit.rlim_cur == wanted) return 0;
  limit.rlim_cur = wanted;
  return prlimit(process, RLIMIT_NPROC, &limit, NULL) == 0 ? 1 : -1;
}
