#include "mask_parts.h"

#include <string.h>

// MARK: Looking

// Where the byte of a stream with that number begins.
static int64_t begin_of(const struct stream *stream, uint64_t number) {
  return stream->begins[number % stream->capacity];
}

static void report(struct flow_mask *mask, int64_t from, int64_t until) {
  mask->found(mask->context, from, until);
}

// The stream ends with `size` bytes of a pattern.
static void matched(struct flow_mask *mask, struct stream *stream, const struct pattern *pattern) {
  uint64_t first = stream->length - pattern->size;
  if (pattern->before && first > 0) first--;
  report(mask, begin_of(stream, first), stream->end);
  if (pattern->after) stream->wants_next = true;
}

static void advance(
    struct flow_mask *mask, struct stream *stream, struct pattern *pattern, uint8_t byte) {
  bool had_begun = pattern->state > 0;
  while (pattern->state > 0 && pattern->bytes[pattern->state] != byte) {
    pattern->state = pattern->borders[pattern->state - 1];
  }
  if (pattern->bytes[pattern->state] == byte) pattern->state++;
  if (pattern->state == pattern->size) {
    matched(mask, stream, pattern);
    pattern->state = pattern->borders[pattern->size - 1];
  }
  bool has_begun = pattern->state > 0;
  if (has_begun && !had_begun) stream->begun++;
  if (had_begun && !has_begun) stream->begun--;
}

static bool is_base64(uint8_t byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= 'a' && byte <= 'z') || byte == '+' || byte == '/' || byte == '-' || byte == '_';
}

// The next byte of a stream, from where in the output to where.
static void push(
    struct flow_mask *mask, struct stream *stream, uint8_t byte, int64_t from, int64_t until) {
  stream->begins[stream->length++ % stream->capacity] = from;
  stream->end = until;
  if (stream->wants_next) {
    stream->wants_next = false;
    if (is_base64(byte)) report(mask, from, until);
  }
  if (stream->begun == 0 && !stream->starts[byte]) return;
  for (uint32_t index = 0; index < stream->count; index++) {
    struct pattern *pattern = &stream->patterns[index];
    if (pattern->state == 0 && pattern->bytes[0] != byte) continue;
    advance(mask, stream, pattern, byte);
  }
}

// How many of these bytes can begin no pattern.
static size_t count_idle(
    const struct stream *stream, const uint8_t *bytes, size_t count, bool is_escaped) {
  size_t idle = 0;
  while (idle < count && !stream->starts[bytes[idle]] && !(is_escaped && bytes[idle] == '%')) {
    idle++;
  }
  return idle;
}

// Takes bytes that can begin no pattern; only the last one matters.
static void skip_idle(struct stream *stream, size_t count, int64_t offset) {
  stream->length += count;
  stream->begins[(stream->length - 1) % stream->capacity] = offset + (int64_t)count - 1;
  stream->end = offset + (int64_t)count;
}

static void feed_raw(struct flow_mask *mask, const uint8_t *bytes, size_t count) {
  struct stream *stream = &mask->streams[RAW];
  if (stream->count == 0) return;
  for (size_t index = 0; index < count; index++) {
    int64_t offset = mask->offset + (int64_t)index;
    if (stream->begun == 0) {
      size_t idle = count_idle(stream, bytes + index, count - index, false);
      if (idle > 0) skip_idle(stream, idle, offset);
      index += idle;
      offset += (int64_t)idle;
      if (index == count) return;
    }
    push(mask, stream, bytes[index], offset, offset + 1);
  }
}

static void feed_joined(struct flow_mask *mask, const uint8_t *bytes, size_t count) {
  struct stream *stream = &mask->streams[JOINED];
  if (stream->count == 0) return;
  for (size_t index = 0; index < count; index++) {
    int64_t offset = mask->offset + (int64_t)index;
    if (stream->begun == 0 && !stream->wants_next) {
      size_t idle = count_idle(stream, bytes + index, count - index, false);
      // A line break is no character: the one before it is its neighbour.
      size_t last = idle;
      while (last > 0 && (bytes[index + last - 1] == '\n' || bytes[index + last - 1] == '\r')) last--;
      if (last > 0) skip_idle(stream, last, offset);
      index += idle;
      offset += (int64_t)idle;
      if (index == count) return;
    }
    if (bytes[index] == '\n' || bytes[index] == '\r') continue;
    push(mask, stream, bytes[index], offset, offset + 1);
  }
}

// What seemed to begin an encoded byte is itself.
static void give_up_escape(struct flow_mask *mask, int64_t offset) {
  int size = mask->escape_size;
  mask->escape_size = 0;
  for (int index = 0; index < size; index++) {
    int64_t from = offset - size + index;
    push(mask, &mask->streams[DECODED], mask->escape[index], from, from + 1);
  }
}

static bool is_digit(uint8_t byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'F') ||
         (byte >= 'a' && byte <= 'f');
}

static uint8_t value_of(uint8_t digit) {
  return digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}

static void decode(struct flow_mask *mask, uint8_t byte, int64_t offset) {
  if (mask->escape_size > 0) {
    if (is_digit(byte)) {
      if (mask->escape_size == 1) {
        mask->escape[mask->escape_size++] = byte;
        return;
      }
      uint8_t decoded = (uint8_t)(value_of(mask->escape[1]) << 4 | value_of(byte));
      mask->escape_size = 0;
      push(mask, &mask->streams[DECODED], decoded, offset - 2, offset + 1);
      return;
    }
    give_up_escape(mask, offset);
  }
  if (byte == '%') {
    mask->escape[0] = byte;
    mask->escape_size = 1;
    return;
  }
  push(mask, &mask->streams[DECODED], byte, offset, offset + 1);
}

static void feed_decoded(struct flow_mask *mask, const uint8_t *bytes, size_t count) {
  struct stream *stream = &mask->streams[DECODED];
  if (stream->count == 0) return;
  for (size_t index = 0; index < count; index++) {
    int64_t offset = mask->offset + (int64_t)index;
    if (stream->begun == 0 && mask->escape_size == 0) {
      size_t idle = count_idle(stream, bytes + index, count - index, true);
      if (idle > 0) skip_idle(stream, idle, offset);
      index += idle;
      offset += (int64_t)idle;
      if (index == count) return;
    }
    decode(mask, bytes[index], offset);
  }
}

// MARK: Gaps

// The stream ends with the beginnings of patterns: what is missing may be the rest of them.
static void report_beginnings(struct flow_mask *mask, uint32_t fewest) {
  for (int index = 0; index < STREAMS; index++) {
    struct stream *stream = &mask->streams[index];
    for (uint32_t place = 0; stream->begun > 0 && place < stream->count; place++) {
      const struct pattern *pattern = &stream->patterns[place];
      if (pattern->state < fewest || pattern->state == 0) continue;
      uint64_t first = stream->length - pattern->state;
      // What is short may be none; then nothing beside it belongs to it.
      if (pattern->before && pattern->state >= FLOW_MASK_FEWEST && first > 0) first--;
      report(mask, begin_of(stream, first), stream->end);
    }
  }
}

static void begin_again(struct flow_mask *mask) {
  mask->escape_size = 0;
  for (int index = 0; index < STREAMS; index++) {
    struct stream *stream = &mask->streams[index];
    stream->begun = 0;
    stream->length = 0;
    stream->wants_next = false;
    for (uint32_t place = 0; place < stream->count; place++) stream->patterns[place].state = 0;
  }
}

// The bytes behind a gap may be the ends of patterns whose beginnings are missing.
static void report_endings(struct flow_mask *mask) {
  if (!mask->has_gap) return;
  mask->has_gap = false;
  size_t longest = 0;
  bool after = false;
  for (int index = 0; index < STREAMS; index++) {
    const struct stream *stream = &mask->streams[index];
    for (uint32_t place = 0; place < stream->count; place++) {
      const struct pattern *pattern = &stream->patterns[place];
      size_t size = pattern->size - 1;
      if (size > mask->tail_size) size = mask->tail_size;
      while (size > longest &&
             memcmp(mask->tail, pattern->bytes + pattern->size - size, size) != 0) {
        size--;
      }
      if (size <= longest) continue;
      longest = size;
      after = pattern->after;
    }
  }
  if (after && longest < mask->tail_size && is_base64(mask->tail[longest])) longest++;
  if (longest > 0) report(mask, mask->tail_from, mask->tail_from + (int64_t)longest);
}

static void feed_tail(struct flow_mask *mask, const uint8_t *bytes, size_t count) {
  if (!mask->has_gap) return;
  size_t room = mask->tail_capacity - mask->tail_size;
  size_t size = count < room ? count : room;
  memcpy(mask->tail + mask->tail_size, bytes, size);
  mask->tail_size += size;
  if (mask->tail_size == mask->tail_capacity) report_endings(mask);
}

void flow_mask_feed(struct flow_mask *mask, const uint8_t *bytes, size_t count) {
  if (count == 0) return;
  feed_tail(mask, bytes, count);
  feed_raw(mask, bytes, count);
  feed_joined(mask, bytes, count);
  feed_decoded(mask, bytes, count);
  mask->offset += (int64_t)count;
}

void flow_mask_skip(struct flow_mask *mask, int64_t offset) {
  give_up_escape(mask, mask->offset);
  report_beginnings(mask, 1);
  report_endings(mask);
  begin_again(mask);
  mask->offset = offset;
  mask->has_gap = true;
  mask->tail_size = 0;
  mask->tail_from = offset;
}

void flow_mask_end(struct flow_mask *mask) {
  give_up_escape(mask, mask->offset);
  report_beginnings(mask, FLOW_MASK_FEWEST);
  report_endings(mask);
  begin_again(mask);
}

int64_t flow_mask_settled(const struct flow_mask *mask) {
  int64_t settled = mask->offset - mask->escape_size;
  if (mask->has_gap && mask->tail_from < settled) settled = mask->tail_from;
  for (int index = 0; index < STREAMS; index++) {
    const struct stream *stream = &mask->streams[index];
    uint64_t longest = 0;
    for (uint32_t place = 0; stream->begun > 0 && place < stream->count; place++) {
      const struct pattern *pattern = &stream->patterns[place];
      uint64_t size = pattern->state + (pattern->before ? 1 : 0);
      if (pattern->state > 0 && size > longest) longest = size;
    }
    if (longest == 0 || stream->length == 0) continue;
    if (longest > stream->length) longest = stream->length;
    int64_t begin = begin_of(stream, stream->length - longest);
    if (begin < settled) settled = begin;
  }
  return settled;
}
