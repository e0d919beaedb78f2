#define _GNU_SOURCE
#include "secrets.h"

#include <string.h>

#include "calls.h"
#include "scrub.h"

// The value behind this name.
static const char *value_of(const char *name) { return name + strlen(name) + 1; }

static const char *next_name(const char *name) {
  const char *value = value_of(name);
  return value + strlen(value) + 1;
}

int64_t flow_secrets_make(const struct flow_request *request) {
  if (request->header.secret_file_count == 0) return 0;
  int64_t result = flow_secret_folder_make(request->secret_folder);
  const char *name = request->secrets;
  for (uint32_t index = 0; result == 0 && index < request->header.secret_file_count; index++) {
    const char *value = value_of(name);
    result = flow_secret_file_make(request->secret_folder, name, value, strlen(value));
    name = next_name(name);
  }
  return result;
}

void flow_secrets_remove(const struct flow_request *request) {
  if (request->header.secret_file_count == 0) return;
  const char *name = request->secrets;
  for (uint32_t index = 0; index < request->header.secret_file_count; index++) {
    // The folder goes with the last one.
    flow_secret_folder_remove(request->secret_folder, &name, 1);
    name = next_name(name);
  }
}

// The secrets as lists have them.
static void list(const struct flow_request *request, struct flow_secret *secrets) {
  const char *name = request->secrets;
  for (uint32_t index = 0; index < request->header.secret_count; index++) {
    const char *value = value_of(name);
    secrets[index] =
        (struct flow_secret){.bytes = (const uint8_t *)value, .size = strlen(value)};
    name = next_name(name);
  }
}

int64_t flow_secrets_scrub(const struct flow_request *request, int output) {
  uint32_t count = request->header.secret_count;
  if (count == 0 || output < 0) return 0;
  size_t size = count * sizeof(struct flow_secret);
  int64_t memory = flow_map(size);
  if (memory < 0) return memory;
  struct flow_secret *secrets = (struct flow_secret *)memory;
  list(request, secrets);
  int64_t result = flow_scrub(output, request->output_path, secrets, count);
  flow_unmap(secrets, size);
  return result;
}

int64_t flow_secrets_find(
    const struct flow_request *request, const uint8_t *bytes, size_t size, flow_mask_found found,
    void *context) {
  uint32_t count = request->header.secret_count;
  size_t list_size = count * sizeof(struct flow_secret);
  int64_t memory = flow_map(list_size);
  if (memory < 0) return memory;
  struct flow_secret *secrets = (struct flow_secret *)memory;
  list(request, secrets);
  size_t mask_size = flow_mask_size(secrets, count);
  int64_t result = flow_map(mask_size);
  if (result >= 0) {
    struct flow_mask *mask = flow_mask_make((void *)result, secrets, count, found, context);
    flow_mask_feed(mask, bytes, size);
    flow_mask_end(mask);
    flow_unmap((void *)result, mask_size);
    result = 0;
  }
  flow_unmap(secrets, list_size);
  return result;
}
