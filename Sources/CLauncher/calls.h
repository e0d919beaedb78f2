// The system calls of launchers and monitors. Each returns its result or a negative error number.
//
// Monitors share their launcher's memory, and with it `errno`: a monitor would read what another
// one wrote. So a monitor calls no function of the C library that may set `errno`, only functions
// that compute. The launcher may: only it uses `errno`.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>

// Sanitizers do not support processes that share memory on stacks of their own.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FLOW_FORKS_MONITORS 1
#endif
#endif

#if defined(__x86_64__) && !defined(FLOW_FORKS_MONITORS)
#define FLOW_SHARES_MEMORY 1
#else
#define FLOW_SHARES_MEMORY 0
#include <errno.h>
#include <unistd.h>
#endif

static inline int64_t flow_call_of_six(
    long number, long a, long b, long c, long d, long e, long f) {
#ifdef FLOW_CALL_FAULT
  // Calls that a test lets fail (Tests/FaultyLauncher).
  int64_t fault = FLOW_CALL_FAULT(number, a, b);
  if (fault < 0) return fault;
#endif
#if FLOW_SHARES_MEMORY
  int64_t result;
  register long fourth __asm__("r10") = d;
  register long fifth __asm__("r8") = e;
  register long sixth __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth),
                     "r"(sixth)
                   : "rcx", "r11", "memory");
  return result;
#else
  long result = syscall(number, a, b, c, d, e, f);
  return result < 0 ? -errno : result;
#endif
}

static inline int64_t flow_call(long number, long a, long b, long c, long d, long e) {
  return flow_call_of_six(number, a, b, c, d, e, 0);
}

/// Starts a process on a stack of its own; `body` never returns.
///
/// - flags: CLONE_VM always; CLONE_VFORK suspends the caller until the process runs another
///   program.
/// - stack_end: the upper end of the stack, which grows down; a multiple of 16.
int64_t flow_clone(int flags, void *stack_end, void (*body)(void *), void *argument);

// MARK: Memory

/// - Returns: the address of new memory, or a negative error number.
static inline int64_t flow_map(size_t size) {
  return flow_call_of_six(
      SYS_mmap, 0, (long)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static inline int64_t flow_unmap(void *bytes, size_t size) {
  return flow_call(SYS_munmap, (long)bytes, (long)size, 0, 0, 0);
}

// MARK: Files

static inline int64_t flow_open(const char *path, int flags, mode_t mode) {
  return flow_call(SYS_openat, AT_FDCWD, (long)path, flags, (long)mode, 0);
}

static inline int64_t flow_close(int file) { return flow_call(SYS_close, file, 0, 0, 0, 0); }

static inline int64_t flow_read(int file, void *bytes, size_t size) {
  return flow_call(SYS_read, file, (long)bytes, (long)size, 0, 0);
}

static inline int64_t flow_write(int file, const void *bytes, size_t size) {
  return flow_call(SYS_write, file, (long)bytes, (long)size, 0, 0);
}

static inline int64_t flow_write_at(int file, const void *bytes, size_t size, off_t offset) {
  return flow_call(SYS_pwrite64, file, (long)bytes, (long)size, offset, 0);
}

static inline int64_t flow_allocate(int file, int mode, off_t offset, off_t size) {
  return flow_call(SYS_fallocate, file, mode, offset, size, 0);
}

static inline int64_t flow_lock(int file, int command, const struct flock *lock) {
  return flow_call(SYS_fcntl, file, command, (long)lock, 0, 0);
}

static inline int64_t flow_unlink(const char *path) {
  return flow_call(SYS_unlinkat, AT_FDCWD, (long)path, 0, 0, 0);
}

static inline int64_t flow_stat(const char *path, struct stat *status) {
  return flow_call(SYS_newfstatat, AT_FDCWD, (long)path, (long)status, 0, 0);
}

static inline int64_t flow_stat_open(int file, struct stat *status) {
  return flow_call(SYS_fstat, file, (long)status, 0, 0, 0);
}

static inline int64_t flow_access(const char *path, int mode) {
  return flow_call(SYS_faccessat, AT_FDCWD, (long)path, mode, 0, 0);
}

static inline int64_t flow_change_directory(const char *path) {
  return flow_call(SYS_chdir, (long)path, 0, 0, 0, 0);
}

static inline int64_t flow_duplicate(int file, int as) {
  return flow_call(SYS_dup3, file, as, 0, 0, 0);
}

static inline int64_t flow_close_from(int file) {
  return flow_call(SYS_close_range, file, UINT32_MAX, 0, 0, 0);
}

// MARK: Processes

static inline pid_t flow_process_id(void) { return (pid_t)flow_call(SYS_getpid, 0, 0, 0, 0, 0); }

static inline int64_t flow_begin_session(void) { return flow_call(SYS_setsid, 0, 0, 0, 0, 0); }

static inline int64_t flow_control(int option, unsigned long value) {
  return flow_call(SYS_prctl, option, (long)value, 0, 0, 0);
}

static inline int64_t flow_signal(pid_t process, int number) {
  return flow_call(SYS_kill, process, number, 0, 0, 0);
}

/// Reaps a child.
static inline int64_t flow_reap(pid_t process) {
  return flow_call(SYS_wait4, process, 0, 0, 0, 0);
}

/// Looks for a child that has ended, without reaping it.
static inline int64_t flow_look_for_end(siginfo_t *info) {
  return flow_call(SYS_waitid, P_ALL, 0, (long)info, WEXITED | WNOHANG | WNOWAIT, 0);
}

static inline int64_t flow_execute(const char *path, char **arguments, char **environment) {
  return flow_call(SYS_execve, (long)path, (long)arguments, (long)environment, 0, 0);
}

// MARK: Signals

/// The size of the kernel's signal sets in bytes; the C library's larger sets begin with them.
enum { FLOW_SIGNAL_SET_SIZE = 8 };

static inline int64_t flow_use_default(int number) {
  // The kernel's `struct sigaction`, which the C library does not declare: handler, flags,
  // restorer, mask.
  uint64_t usual[4] = {0};
  return flow_call(SYS_rt_sigaction, number, (long)usual, 0, FLOW_SIGNAL_SET_SIZE, 0);
}

static inline int64_t flow_block_only(const sigset_t *signals) {
  return flow_call(
      SYS_rt_sigprocmask, SIG_SETMASK, (long)signals, 0, FLOW_SIGNAL_SET_SIZE, 0);
}

/// - timeout: NULL for none.
static inline int64_t flow_await_signal(const sigset_t *signals, const struct timespec *timeout) {
  return flow_call(
      SYS_rt_sigtimedwait, (long)signals, 0, (long)timeout, FLOW_SIGNAL_SET_SIZE, 0);
}
