#define _GNU_SOURCE
#include "inbox.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

// Mapped, not allocated: the pages of a large request return to the system once it is taken.
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

static size_t next_size(const struct flow_inbox *inbox) {
  if (!inbox->bytes) return 0;
  return flow_request_size(inbox->bytes + inbox->begin, inbox->end - inbox->begin);
}

// Moves what has arrived to the front, and makes the buffer large enough for the rest of the
// request.
static bool make_space(struct flow_inbox *inbox) {
  size_t held = inbox->end - inbox->begin, size = next_size(inbox);
  if (held > 0 && inbox->begin > 0) memmove(inbox->bytes, inbox->bytes + inbox->begin, held);
  inbox->begin = 0;
  inbox->end = held;
  size_t capacity = size > USUAL_CAPACITY ? size : USUAL_CAPACITY;
  return capacity == inbox->capacity || resize(inbox, capacity);
}

enum flow_inbox_state flow_inbox_fill(struct flow_inbox *inbox, int descriptor) {
  if (next_size(inbox) > FLOW_REQUEST_MAX_SIZE || !make_space(inbox)) return FLOW_INBOX_SHUT;
  ssize_t count;
  do count = recv(descriptor, inbox->bytes + inbox->end, inbox->capacity - inbox->end, 0);
  while (count < 0 && errno == EINTR);
  if (count <= 0) return FLOW_INBOX_SHUT;
  inbox->end += (size_t)count;
  return FLOW_INBOX_OPEN;
}

bool flow_inbox_next(
    struct flow_inbox *inbox, struct flow_request *request, enum flow_inbox_state *state) {
  *state = FLOW_INBOX_OPEN;
  size_t size = next_size(inbox);
  if (size == 0 || size > inbox->end - inbox->begin) return false;
  *state = FLOW_INBOX_SHUT;
  if (!flow_request_decode(inbox->bytes + inbox->begin, size, request)) return false;
  *state = FLOW_INBOX_OPEN;
  inbox->begin += size;
  return true;
}
