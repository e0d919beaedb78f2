#define _GNU_SOURCE
#include "children.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"
#include "process_status.h"

bool flow_is_alive(pid_t process) {
  struct flow_process_status status;
  return flow_read_status(process, &status) && status.state != 'Z' && status.state != 'X';
}

// Calls `visit` with each number that is a name in a folder.
static void each_number(const char *path, void (*visit)(pid_t, void *), void *context) {
  struct entry {
    uint64_t inode;
    int64_t offset;
    unsigned short size;
    unsigned char type;
    char name[];
  };
  int folder = (int)flow_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (folder < 0) return;
  _Alignas(8) char bytes[4096];
  int64_t count;
  while ((count = flow_call(SYS_getdents64, folder, (long)bytes, sizeof bytes, 0, 0)) > 0) {
    for (int64_t offset = 0; offset < count;) {
      const struct entry *entry = (const struct entry *)(bytes + offset);
      offset += entry->size;
      pid_t number = 0;
      const char *next = entry->name;
      for (; *next >= '0' && *next <= '9'; next++) number = number * 10 + (*next - '0');
      if (!*next && number > 0) visit(number, context);
    }
  }
  flow_close(folder);
}

struct search {
  pid_t parent;
  void (*visit)(pid_t child, void *context);
  void *context;
};

static void visit_if_child(pid_t process, void *context) {
  const struct search *search = context;
  struct flow_process_status status;
  if (!flow_read_status(process, &status) || status.parent != search->parent) return;
  search->visit(process, search->context);
}

// For kernels without lists of children: all processes whose parent is this one.
static void search(pid_t parent, void (*visit)(pid_t, void *), void *context) {
  struct search search = {.parent = parent, .visit = visit, .context = context};
  flow_each_process(visit_if_child, &search);
}

// Reads a list of children: numbers, each followed by a space (proc(5)).
//
// - Returns: false if there is no such list.
static bool read_list(const char *path, void (*visit)(pid_t, void *), void *context) {
  int file = (int)flow_open(path, O_RDONLY | O_CLOEXEC, 0);
  if (file < 0) return false;
  char bytes[1024];
  pid_t child = 0;
  int64_t count;
  while ((count = flow_read(file, bytes, sizeof bytes)) > 0) {
    for (int64_t index = 0; index < count; index++) {
      if (bytes[index] >= '0' && bytes[index] <= '9') {
        child = child * 10 + (bytes[index] - '0');
        continue;
      }
      if (child > 0) visit(child, context);
      child = 0;
    }
  }
  flow_close(file);
  return true;
}

void flow_each_child(void (*visit)(pid_t child, void *context), void *context) {
  if (read_list("/proc/thread-self/children", visit, context)) return;
  search(flow_process_id(), visit, context);
}

void flow_each_process(void (*visit)(pid_t process, void *context), void *context) {
  each_number("/proc", visit, context);
}
