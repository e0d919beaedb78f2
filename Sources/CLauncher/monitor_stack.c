#define _GNU_SOURCE
#include "monitor_stack.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum {
  PAGE = 4096,
  SIZE = 60 << 10,
  // The rest is for calls, lists and paths, of the monitor and of the command that it starts.
  LARGEST_BIRTH = 16 << 10,
  ALIGNMENT = 16,
};

char *flow_monitor_stack_make(void) {
  char *bytes = mmap(NULL, PAGE + SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (bytes == MAP_FAILED) return NULL;
  if (mprotect(bytes + PAGE, SIZE, PROT_READ | PROT_WRITE) == 0) return bytes + PAGE;
  munmap(bytes, PAGE + SIZE);
  return NULL;
}

static size_t aligned(size_t size) { return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

struct flow_monitor_birth *flow_monitor_stack_prepare(
    char *stack, const struct flow_monitor_birth *birth) {
  const struct flow_request *from = birth->request;
  size_t birth_size = aligned(sizeof *birth), request_size = aligned(sizeof *from);
  // The strings follow one another, the directory first.
  size_t strings_size = from->header.size - sizeof from->header;
  if (strings_size > LARGEST_BIRTH) return NULL;
  char *end = stack + SIZE - birth_size - request_size - aligned(strings_size);
  struct flow_monitor_birth *copy = (struct flow_monitor_birth *)end;
  struct flow_request *request = (struct flow_request *)(end + birth_size);
  char *strings = end + birth_size + request_size;
  memcpy(strings, from->directory, strings_size);
  *request = (struct flow_request){
      .header = from->header, .directory = strings,
      .output_path = strings + (from->output_path - from->directory),
      .record_path = strings + (from->record_path - from->directory),
      .secret_folder = strings + (from->secret_folder - from->directory),
      .outputs_folder = strings + (from->outputs_folder - from->directory),
      .outputs_path = strings + (from->outputs_path - from->directory),
      .secrets = strings + (from->secrets - from->directory),
      .outputs = strings + (from->outputs - from->directory),
      .arguments = strings + (from->arguments - from->directory)};
  *copy = *birth;
  copy->request = request;
  return copy;
}
