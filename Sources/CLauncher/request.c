#define _GNU_SOURCE
#include "request.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

// Mapped rather than allocated: the pages of a large request go back when it has been taken.
enum { USUAL_CAPACITY = 64 << 10 };

static bool resize(struct flow_inbox *inbox, size_t capacity) {
  void *bytes = inbox->bytes
      ? mremap(inbox->bytes, inbox->capacity, capacity, MREMAP_MAYMOVE)
      : mmap(NULL, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (bytes == MAP_FAILED) return false;
  inbox->bytes = bytes;
  inbox->capacity = capacity;
  return true;
}

// How large the request is whose beginning is there; zero if not even its size is.
static size_t next_size(const struct flow_inbox *inbox) {
  uint32_t size = 0;
  if (inbox->end - inbox->begin < sizeof size) return 0;
  memcpy(&size, inbox->bytes + inbox->begin, sizeof size);
  return size;
}

// Brings what is there to the front, with room for the rest of the request.
static bool make_room(struct flow_inbox *inbox) {
  size_t held = inbox->end - inbox->begin, size = next_size(inbox);
  if (held > 0 && inbox->begin > 0) memmove(inbox->bytes, inbox->bytes + inbox->begin, held);
  inbox->begin = 0;
  inbox->end = held;
  size_t capacity = size > USUAL_CAPACITY ? size : USUAL_CAPACITY;
  return capacity == inbox->capacity || resize(inbox, capacity);
}

enum flow_inbox_state flow_inbox_fill(struct flow_inbox *inbox, int descriptor) {
  if (next_size(inbox) > FLOW_REQUEST_MAX_SIZE || !make_room(inbox)) return FLOW_INBOX_SHUT;
  ssize_t count;
  do count = recv(descriptor, inbox->bytes + inbox->end, inbox->capacity - inbox->end, 0);
  while (count < 0 && errno == EINTR);
  if (count <= 0) return FLOW_INBOX_SHUT;
  inbox->end += (size_t)count;
  return FLOW_INBOX_OPEN;
}

// The string behind one; NULL if the request ends before it does.
static char *behind(char *string, const char *end) {
  if (!string) return NULL;
  char *zero = memchr(string, 0, (size_t)(end - string));
  return zero ? zero + 1 : NULL;
}

static bool read_strings(char *bytes, const char *end, struct flow_request *request) {
  char *next = bytes + sizeof request->header;
  request->directory = next;
  request->output_path = next = behind(next, end);
  request->record_path = next = behind(next, end);
  request->arguments = next = behind(next, end);
  uint64_t count = (uint64_t)request->header.argument_count + request->header.variable_count;
  while (next && count-- > 0) next = behind(next, end);
  return next == end && request->header.argument_count > 0;
}

bool flow_inbox_next(
    struct flow_inbox *inbox, struct flow_request *request, enum flow_inbox_state *state) {
  *state = FLOW_INBOX_OPEN;
  size_t size = next_size(inbox);
  if (size == 0 || size > inbox->end - inbox->begin) return false;
  char *bytes = inbox->bytes + inbox->begin;
  *state = FLOW_INBOX_SHUT;
  if (size < sizeof request->header) return false;
  memcpy(&request->header, bytes, sizeof request->header);
  if (!read_strings(bytes, bytes + size, request)) return false;
  *state = FLOW_INBOX_OPEN;
  inbox->begin += size;
  return true;
}
