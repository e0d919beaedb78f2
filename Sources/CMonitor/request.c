#include "request.h"

#include <string.h>

#include "outputs.h"

size_t flow_request_size(const char *bytes, size_t count) {
  uint32_t size = 0;
  if (count < sizeof size) return 0;
  memcpy(&size, bytes, sizeof size);
  return size;
}

// The string after this one; NULL if the request ends first.
static char *next_string(char *string, const char *end) {
  if (!string) return NULL;
  char *zero = memchr(string, 0, (size_t)(end - string));
  return zero ? zero + 1 : NULL;
}

bool flow_request_decode(char *bytes, size_t size, struct flow_request *request) {
  if (size < sizeof request->header) return false;
  memcpy(&request->header, bytes, sizeof request->header);
  const char *end = bytes + size;
  char *next = bytes + sizeof request->header;
  request->directory = next;
  request->output_path = next = next_string(next, end);
  request->record_path = next = next_string(next, end);
  request->secret_folder = next = next_string(next, end);
  request->outputs_folder = next = next_string(next, end);
  request->outputs_path = next = next_string(next, end);
  request->arguments = next = next_string(next, end);
  uint64_t count = (uint64_t)request->header.argument_count + request->header.variable_count;
  while (next && count-- > 0) next = next_string(next, end);
  request->secrets = next;
  for (count = 2 * (uint64_t)request->header.secret_count; next && count > 0; count--) {
    next = next_string(next, end);
  }
  request->outputs = next;
  for (count = request->header.output_count; next && count > 0; count--) {
    next = next_string(next, end);
  }
  return next == end && request->header.argument_count > 0 &&
         request->header.secret_file_count <= request->header.secret_count &&
         request->header.output_count <= FLOW_OUTPUTS_MOST;
}
