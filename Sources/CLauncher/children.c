#define _GNU_SOURCE
#include "children.h"

#include <fcntl.h>
#include <stdint.h>

#include "calls.h"
#include "process_status.h"

bool flow_is_alive(pid_t process) {
  struct flow_process_status status;
  return flow_read_status(process, &status) && status.state != 'Z' && status.state != 'X';
}

// For kernels without a list of children: all processes whose parent is this one.
static void search(void (*visit)(pid_t, void *), void *context) {
  struct entry {
    uint64_t inode;
    int64_t offset;
    unsigned short size;
    unsigned char type;
    char name[];
  };
  int folder = (int)flow_open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (folder < 0) return;
  pid_t own = flow_process_id();
  _Alignas(8) char bytes[4096];
  int64_t count;
  while ((count = flow_call(SYS_getdents64, folder, (long)bytes, sizeof bytes, 0, 0)) > 0) {
    for (int64_t offset = 0; offset < count;) {
      const struct entry *entry = (const struct entry *)(bytes + offset);
      offset += entry->size;
      pid_t process = 0;
      const char *next = entry->name;
      for (; *next >= '0' && *next <= '9'; next++) process = process * 10 + (*next - '0');
      struct flow_process_status status;
      if (*next || process <= 0 || !flow_read_status(process, &status)) continue;
      if (status.parent == own) visit(process, context);
    }
  }
  flow_close(folder);
}

void flow_each_child(void (*visit)(pid_t child, void *context), void *context) {
  // Numbers, each followed by a space (proc(5)).
  int file = (int)flow_open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC, 0);
  if (file < 0) {
    search(visit, context);
    return;
  }
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
}
