#define _GNU_SOURCE
#include "process_status.h"

#include <string.h>

#include "calls.h"

char *flow_write_number(pid_t number, char text[12]) {
  char *next = text + 11;
  *next = 0;
  do *--next = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  return next;
}

// The number at the beginning of a text.
static uint64_t read_number(const char *next) {
  uint64_t number = 0;
  while (*next >= '0' && *next <= '9') number = number * 10 + (uint64_t)(*next++ - '0');
  return number;
}

// The field after so many spaces; NULL if there are fewer.
static const char *field(const char *next, int spaces) {
  while (next && spaces-- > 0) {
    next = strchr(next, ' ');
    if (next) next++;
  }
  return next;
}

bool flow_read_status(pid_t process, struct flow_process_status *status) {
  char path[32] = "/proc/", digits[12], bytes[1024];
  strcat(strcat(path, flow_write_number(process, digits)), "/stat");
  int file = (int)flow_open(path, O_RDONLY | O_CLOEXEC, 0);
  if (file < 0) return false;
  int64_t count = flow_read(file, bytes, sizeof bytes - 1);
  flow_close(file);
  if (count <= 0) return false;
  bytes[count] = 0;
  // The name is the second field, may hold any character, and ends with the last bracket.
  const char *state = field(strrchr(bytes, ')'), 1), *parent = field(state, 1);
  const char *group = field(parent, 1), *start = field(group, 22 - 5);
  if (!start) return false;
  *status = (struct flow_process_status){
      .state = *state, .parent = (pid_t)read_number(parent),
      .group = (pid_t)read_number(group), .start = read_number(start)};
  return true;
}
