#define _GNU_SOURCE
#include "process_status.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The digits of a number, at the end of `text`.
static char *write_number(pid_t number, char text[12]) {
  char *next = text + 11;
  *next = 0;
  do *--next = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  return next;
}

// The field that is so many spaces further; NULL if there are less.
static const char *field(const char *next, int spaces) {
  while (next && spaces-- > 0) {
    next = strchr(next, ' ');
    if (next) next++;
  }
  return next;
}

bool flow_read_status(pid_t process, struct flow_process_status *status) {
  char path[32] = "/proc/", digits[12], bytes[1024];
  strcat(strcat(path, write_number(process, digits)), "/stat");
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  ssize_t count = read(file, bytes, sizeof bytes - 1);
  close(file);
  if (count <= 0) return false;
  bytes[count] = 0;
  // The name is the second field, and may hold anything but ends with the last bracket.
  const char *state = field(strrchr(bytes, ')'), 1), *parent = field(state, 1);
  const char *start = field(parent, 22 - 4);
  if (!start) return false;
  *status = (struct flow_process_status){
      .state = *state, .parent = (pid_t)strtol(parent, NULL, 10),
      .start = strtoull(start, NULL, 10)};
  return true;
}
