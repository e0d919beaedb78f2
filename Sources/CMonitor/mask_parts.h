// A mask in memory: `mask_make.c` makes it, `mask.c` looks for its patterns.
//
// Each form of each secret is a pattern, which is looked for in one of three streams: the bytes as they
// stand, the bytes without line breaks (base64), and the bytes with percent-encodings decoded. All
// patterns of a stream are looked for at once, each by the algorithm of Knuth, Morris and Pratt: its
// memory is that of the patterns, however large a value is, and no byte is looked at twice. Where no
// pattern has begun, bytes with which none begins are skipped.
#pragma once

#include "mask.h"

struct pattern {
  const uint8_t *bytes;
  // For each prefix, the length of the longest proper prefix that ends it, too.
  uint32_t *borders;
  uint32_t size;
  // How much of it the stream ends with.
  uint32_t state;
  // Whether the characters beside it hold bits of the secret.
  bool before, after;
};

enum { RAW, JOINED, DECODED, STREAMS };

struct stream {
  struct pattern *patterns;
  uint32_t count, most;
  uint32_t longest;
  // Where the last bytes of the stream begin in the output, by their number.
  int64_t *begins;
  uint64_t capacity, length;
  // Where its last byte ends.
  int64_t end;
  // How many patterns have begun.
  uint32_t begun;
  // Whether the next character holds bits of a secret.
  bool wants_next;
  // The bytes with which a pattern begins.
  bool starts[256];
};

struct flow_mask {
  struct stream streams[STREAMS];
  int64_t offset;
  flow_mask_found found;
  void *context;
  // What may become an encoded byte: a `%`, and perhaps a digit.
  uint8_t escape[2];
  int escape_size;
  // The bytes behind a gap, until there are enough to tell whether a secret ends with them.
  uint8_t *tail;
  size_t tail_size, tail_capacity;
  int64_t tail_from;
  bool has_gap;
};
