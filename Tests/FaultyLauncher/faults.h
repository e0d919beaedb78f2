// System calls of a launcher and its monitors that fail when a test says so.
//
// Each source file of CLauncher is compiled here again, behind this header: its raw calls ask
// FLOW_CALL_FAULT (`calls.h`), and its calls of the C library are replaced by macros.
#pragma once

#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/// - path: the first path among its arguments; NULL if it has none.
/// - Returns: the negative error number with which this call fails; zero if it does not.
int64_t fault_of(const char *call, const char *path);

/// The same of a raw call, by its number; `first` and `second` are its arguments.
int64_t fault_of_number(long number, long first, long second);

/// Whether a call of the C library fails; `errno` is set then.
bool is_failing(const char *call);

#define FLOW_CALL_FAULT(number, first, second) fault_of_number(number, first, second)
#include "calls.h"

static inline int64_t faulty_clone(
    int flags, void *stack_end, void (*body)(void *), void *argument) {
  int64_t fault = fault_of("clone", NULL);
  return fault < 0 ? fault : flow_clone(flags, stack_end, body, argument);
}

#define flow_clone faulty_clone
#define chdir(path) (is_failing("chdir") ? -1 : chdir(path))
#define mmap(...) (is_failing("mmap") ? MAP_FAILED : mmap(__VA_ARGS__))
#define mprotect(...) (is_failing("mprotect") ? -1 : mprotect(__VA_ARGS__))
#define mremap(...) (is_failing("mremap") ? MAP_FAILED : mremap(__VA_ARGS__))
#define ppoll(...) (is_failing("ppoll") ? -1 : ppoll(__VA_ARGS__))
#define recv(...) (is_failing("recv") ? -1 : recv(__VA_ARGS__))
#define waitpid(...) (is_failing("waitpid") ? -1 : waitpid(__VA_ARGS__))
#define _Fork() (is_failing("fork") ? -1 : _Fork())
