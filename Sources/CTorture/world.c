#define _GNU_SOURCE
#include "torture.h"

#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
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
