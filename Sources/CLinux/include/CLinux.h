// CLinux is what Swift's Glibc module does not import: variadic calls, macros, and headers that it
// leaves out. It includes the C library and the kernel's headers, and nothing of the project.
//
// Invariant: each function is a thin wrapper around one operation, with its result and errno
// unchanged.
#ifndef CLINUX_H
#define CLINUX_H

// Without _GNU_SOURCE, and so with a few of the kernel's numbers spelled out: the Glibc module is
// built without it, and two different definitions of one type conflict.
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  CLINUX_OFD_GETLK = 36,       // F_OFD_GETLK
  CLINUX_OFD_SETLK = 37,       // F_OFD_SETLK
  CLINUX_RENAME_NOREPLACE = 1, // RENAME_NOREPLACE
  CLINUX_RENAME_EXCHANGE = 2,  // RENAME_EXCHANGE
  CLINUX_OPEN_PATH = 0x200000,  // O_PATH
  CLINUX_EVENTFD_NONBLOCK = EFD_NONBLOCK,
  CLINUX_SPAWN_SETSID = 0x80   // POSIX_SPAWN_SETSID
};

// The C library has these; its headers declare them for _GNU_SOURCE only.
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions,
                                                const char *path);
extern void *memmem(const void *bytes, size_t size, const void *part, size_t part_size);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

static inline int clinux_open(const char *path, int flags, mode_t mode) {
  return open(path, flags | O_CLOEXEC | O_NOCTTY, mode);
}

// Whole-file locks that belong to the open file description, not to the process.

static inline int clinux_try_lock(int fd) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  return fcntl(fd, CLINUX_OFD_SETLK, &lock);
}

// The same, shared with others.
static inline int clinux_try_share_lock(int fd) {
  struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
  return fcntl(fd, CLINUX_OFD_SETLK, &lock);
}

// 1: another open file description holds the lock; 0: none does; -1: errno.
static inline int clinux_is_locked(int fd) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  if (fcntl(fd, CLINUX_OFD_GETLK, &lock) != 0) return -1;
  return lock.l_type != F_UNLCK;
}

static inline int clinux_rename_noreplace(const char *from, const char *to) {
  return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, CLINUX_RENAME_NOREPLACE);
}

static inline int clinux_rename_exchange(const char *one, const char *other) {
  return (int)syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, CLINUX_RENAME_EXCHANGE);
}

// The identity and size of the file at a path, or of an open file if the path is empty. Not with
// stat(2): it also queries the file's times. After that query the next write records its time to
// the nanosecond, so that every sync of a log would have to write the inode, too.
struct clinux_file {
  unsigned long long device, inode;
  long long size;
};

static inline int clinux_identify(int fd, const char *path, struct clinux_file *file) {
  struct statx status;
  int flags = *path ? 0 : 0x1000;  // AT_EMPTY_PATH
  int result = (int)syscall(SYS_statx, fd, path, flags, STATX_INO | STATX_SIZE, &status);
  if (result != 0) return result;
  file->device = (unsigned long long)status.stx_dev_major << 32 | status.stx_dev_minor;
  file->inode = status.stx_ino;
  file->size = (long long)status.stx_size;
  return 0;
}

// Allocates blocks and extends the size.
static inline int clinux_allocate(int fd, long long offset, long long length) {
  return (int)syscall(SYS_fallocate, fd, 0, offset, length);
}

// The offset of the next bytes that are not in a hole; ENXIO if there are none.
static inline long long clinux_next_data(int fd, long long offset) {
  return lseek(fd, offset, 3);  // SEEK_DATA
}

// Orphaned descendants of this process become its children instead of init's.
static inline int clinux_become_subreaper(void) {
  return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

// A descriptor that names one process, and becomes readable when it has ended.
static inline int clinux_open_process(pid_t process) {
  return (int)syscall(SYS_pidfd_open, process, 0);
}

static inline int clinux_signal_process(int descriptor, int number) {
  return (int)syscall(SYS_pidfd_send_signal, descriptor, number, NULL, 0);
}

// The same, told apart from signals of a terminal or of `kill`: its code is SI_QUEUE.
static inline int clinux_queue_signal(int descriptor, int number) {
  siginfo_t info = {.si_signo = number, .si_code = SI_QUEUE};
  info.si_pid = getpid();
  info.si_uid = getuid();
  return (int)syscall(SYS_pidfd_send_signal, descriptor, number, &info, 0);
}

// The date in the time zone of this process as the number yyyymmdd; zero if the time has none.
static inline int clinux_local_date(time_t seconds) {
  struct tm date;
  if (!localtime_r(&seconds, &date)) return 0;
  return (date.tm_year + 1900) * 10000 + (date.tm_mon + 1) * 100 + date.tm_mday;
}

// A pipe whose ends do not block.
static inline int clinux_pipe(int ends[2]) {
  return (int)syscall(SYS_pipe2, ends, O_CLOEXEC | O_NONBLOCK);
}

// A second descriptor for the same open file, from 10 on.
static inline int clinux_duplicate(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, 10); }

// A descriptor that becomes readable when an entry is created in the folder or moved into it.
static inline int clinux_watch_folder(const char *path) {
  int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (fd < 0) return -1;
  if (inotify_add_watch(fd, path, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) >= 0) return fd;
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

// How many processors this process may run on; -1: errno.
static inline int clinux_available_processors(void) {
  unsigned long mask[128];
  long size = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
  if (size < 0) return -1;
  int count = 0;
  for (long i = 0; i < size / (long)sizeof mask[0]; i++) count += __builtin_popcountl(mask[i]);
  return count;
}

static inline int clinux_signalfd(const sigset_t *signals) {
  return signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

// Rows times 65536 plus columns; -1: errno.
static inline long clinux_terminal_size(int fd) {
  struct winsize size;
  if (ioctl(fd, TIOCGWINSZ, &size) != 0) return -1;
  return (long)size.ws_row << 16 | size.ws_col;
}

static inline int clinux_eventfd(int flags) { return eventfd(0, flags | EFD_CLOEXEC); }

// The text that a process prints on standard error when it traps, before the trap ends it. Only the
// handler reads it, with calls that are safe in a handler (signal-safety(7)).
static inline char *clinux_last_words(void) {
  static char words[256];
  return words;
}

static inline void clinux_say_last_words(int number) {
  ssize_t written = write(2, clinux_last_words(), strlen(clinux_last_words()));
  (void)written;
  signal(number, SIG_DFL);
  raise(number);
}

static inline void clinux_set_last_words(const char *words) {
  static const int traps[] = {SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS};
  strncpy(clinux_last_words(), words, 255);
  for (unsigned i = 0; i < sizeof traps / sizeof traps[0]; i++)
    signal(traps[i], clinux_say_last_words);
}

// A copy of this process, connected by a pipe: *end is the caller's end of it. Returns 0 in the
// copy, which dies with this process, prints nothing on standard error, and leaves no core file.
// -1: errno.
static inline pid_t clinux_fork(int *end) {
  int ends[2];
  if (syscall(SYS_pipe2, ends, O_CLOEXEC) != 0) return -1;
  pid_t parent = getpid();
  pid_t process = fork();
  if (process < 0) {
    int error = errno;
    close(ends[0]);
    close(ends[1]);
    errno = error;
    return -1;
  }
  close(ends[process == 0 ? 0 : 1]);
  *end = ends[process == 0 ? 1 : 0];
  if (process != 0) return process;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  prctl(PR_SET_DUMPABLE, 0);
  int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere < 0 || dup2(nowhere, 2) != 2) close(2);
  return 0;
}

// The kernel kills this process when it has used so much time of processors. Returns 0, or -1: errno.
static inline long clinux_limit_processor_time(unsigned long seconds) {
  unsigned long limits[2] = {seconds, seconds};
  return syscall(SYS_prlimit64, 0, 0 /* RLIMIT_CPU */, limits, NULL);
}

// The kind of the file system that holds the path, as statfs(2) numbers it. -1: errno.
static inline long clinux_file_system(const char *path) {
  struct statfs status;
  return statfs(path, &status) == 0 ? (long)status.f_type : -1;
}

// The same of an open file.
static inline long clinux_file_system_of(int descriptor) {
  struct statfs status;
  return fstatfs(descriptor, &status) == 0 ? (long)status.f_type : -1;
}

// Writes all that belongs to the file system of this file to its disk. Returns 0, or -1: errno.
static inline long clinux_sync_file_system(int descriptor) {
  return syscall(SYS_syncfs, descriptor);
}

static inline int clinux_exited(int status) { return WIFEXITED(status); }
static inline int clinux_exit_code(int status) { return WEXITSTATUS(status); }
static inline int clinux_term_signal(int status) { return WTERMSIG(status); }

#endif
