#include "mask_parts.h"

#include <string.h>

// MARK: Memory

// Hands out memory; with none, it only counts.
struct arena {
  uint8_t *bytes;
  size_t size;
};

static void *take(struct arena *arena, size_t size) {
  size_t begin = (arena->size + 15) / 16 * 16;
  arena->size = begin + size;
  return arena->bytes ? arena->bytes + begin : NULL;
}

// MARK: Making

static void find_borders(struct pattern *pattern) {
  uint32_t length = 0;
  pattern->borders[0] = 0;
  for (uint32_t index = 1; index < pattern->size; index++) {
    while (length > 0 && pattern->bytes[index] != pattern->bytes[length]) {
      length = pattern->borders[length - 1];
    }
    if (pattern->bytes[index] == pattern->bytes[length]) length++;
    pattern->borders[index] = length;
  }
}

// Adds a pattern of that size to a stream.
//
// - Returns: where its bytes go; NULL where memory is only counted.
static uint8_t *add(struct arena *arena, struct stream *stream, size_t size, struct pattern **made) {
  uint8_t *bytes = take(arena, size);
  uint32_t *borders = take(arena, size * sizeof *borders);
  uint32_t index = stream->count++;
  if (size > stream->longest) stream->longest = (uint32_t)size;
  if (!bytes) return NULL;
  struct pattern *pattern = &stream->patterns[index];
  *pattern = (struct pattern){.bytes = bytes, .borders = borders, .size = (uint32_t)size};
  *made = pattern;
  return bytes;
}

static void finish(struct stream *stream, struct pattern *pattern) {
  find_borders(pattern);
  stream->starts[pattern->bytes[0]] = true;
}

static void add_plain(
    struct arena *arena, struct stream *stream, const uint8_t *bytes, size_t size,
    bool has_plus) {
  struct pattern *pattern;
  uint8_t *copy = add(arena, stream, size, &pattern);
  if (!copy) return;
  memcpy(copy, bytes, size);
  for (size_t index = 0; has_plus && index < size; index++) {
    if (copy[index] == ' ') copy[index] = '+';
  }
  finish(stream, pattern);
}

static void add_text(
    struct arena *arena, struct stream *streams, const uint8_t *bytes, size_t size) {
  if (size < FLOW_MASK_FEWEST) return;
  // Decoding could change what stands there plainly: `100%` before a digit.
  add_plain(arena, &streams[RAW], bytes, size, false);
  add_plain(arena, &streams[DECODED], bytes, size, false);
  if (memchr(bytes, ' ', size)) add_plain(arena, &streams[DECODED], bytes, size, true);
}

static void add_lines(
    struct arena *arena, struct stream *streams, const uint8_t *bytes, size_t size) {
  if (!memchr(bytes, '\n', size)) return;
  const uint8_t *end = bytes + size;
  while (bytes < end) {
    const uint8_t *stop = memchr(bytes, '\n', (size_t)(end - bytes));
    if (!stop) stop = end;
    size_t length = (size_t)(stop - bytes);
    if (length > 0 && bytes[length - 1] == '\r') length--;
    add_text(arena, streams, bytes, length);
    bytes = stop + 1;
  }
}

static const char standard[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char for_urls[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// The characters that depend on nothing but the secret, where `shift` bytes stand before it in its
// group of three.
static void add_base64(
    struct arena *arena, struct stream *stream, const struct flow_secret *secret, int shift,
    const char *alphabet) {
  size_t first = (8 * (size_t)shift + 5) / 6, last = 8 * ((size_t)shift + secret->size) / 6;
  struct pattern *pattern;
  uint8_t *bytes = add(arena, stream, last - first, &pattern);
  if (!bytes) return;
  for (size_t index = first; index < last; index++) {
    unsigned value = 0;
    for (size_t bit = 6 * index; bit < 6 * index + 6; bit++) {
      uint8_t byte = secret->bytes[bit / 8 - (size_t)shift];
      value = value << 1 | (byte >> (7 - bit % 8) & 1);
    }
    bytes[index - first] = (uint8_t)alphabet[value];
  }
  pattern->before = shift != 0;
  pattern->after = 8 * ((size_t)shift + secret->size) % 6 != 0;
  finish(stream, pattern);
}

static void add_secret(
    struct arena *arena, struct stream *streams, const struct flow_secret *secret) {
  if (secret->size < FLOW_MASK_FEWEST) return;
  add_text(arena, streams, secret->bytes, secret->size);
  add_lines(arena, streams, secret->bytes, secret->size);
  for (int shift = 0; shift < 3; shift++) {
    add_base64(arena, &streams[JOINED], secret, shift, standard);
    add_base64(arena, &streams[JOINED], secret, shift, for_urls);
  }
}

static struct flow_mask *make(
    struct arena *arena, const struct flow_secret *secrets, size_t count,
    const struct stream *counted) {
  struct flow_mask *mask = take(arena, sizeof *mask);
  struct stream streams[STREAMS];
  memset(streams, 0, sizeof streams);
  size_t longest = 0;
  for (int index = 0; index < STREAMS; index++) {
    struct stream *stream = &streams[index];
    if (counted) stream->most = counted[index].count;
    stream->patterns = take(arena, stream->most * sizeof *stream->patterns);
  }
  for (size_t index = 0; index < count; index++) add_secret(arena, streams, &secrets[index]);
  for (int index = 0; index < STREAMS; index++) {
    struct stream *stream = &streams[index];
    if (stream->longest > longest) longest = stream->longest;
    // One more, for the character before.
    stream->capacity = (uint64_t)stream->longest + 2;
    stream->begins = take(arena, stream->capacity * sizeof *stream->begins);
  }
  uint8_t *tail = take(arena, longest);
  if (!arena->bytes) return NULL;
  memset(mask, 0, sizeof *mask);
  memcpy(mask->streams, streams, sizeof streams);
  mask->tail = tail;
  mask->tail_capacity = longest;
  return mask;
}

// Counts the patterns of each stream, and then the memory that they take.
static size_t count_memory(
    const struct flow_secret *secrets, size_t count, struct stream counted[STREAMS]) {
  memset(counted, 0, STREAMS * sizeof *counted);
  struct arena none = {0};
  for (size_t index = 0; index < count; index++) add_secret(&none, counted, &secrets[index]);
  struct arena arena = {0};
  make(&arena, secrets, count, counted);
  return arena.size;
}

size_t flow_mask_size(const struct flow_secret *secrets, size_t count) {
  struct stream counted[STREAMS];
  return count_memory(secrets, count, counted);
}

struct flow_mask *flow_mask_make(
    void *memory, const struct flow_secret *secrets, size_t count, flow_mask_found found,
    void *context) {
  struct stream counted[STREAMS];
  count_memory(secrets, count, counted);
  struct arena arena = {.bytes = memory};
  struct flow_mask *mask = make(&arena, secrets, count, counted);
  mask->found = found;
  mask->context = context;
  return mask;
}
