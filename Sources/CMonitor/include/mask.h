/// Finding secrets in output: in a stream that comes in pieces, in the forms in which programs print
/// them. Pure computation in memory of the caller: a monitor, an engine and a reader use it alike.
///
/// Found is a value
/// - as it stands, and each of its lines of at least FLOW_MASK_FEWEST bytes;
/// - the same with any of its bytes percent-encoded, in upper or lower case, and with `+` for blanks;
/// - encoded in base64 with either alphabet, wherever it stands in the text that was encoded, with or
///   without line breaks. Of the characters at both ends, which the neighbours share, all are found.
///
/// Not found are values that a program cuts, escapes (as JSON does) or encodes otherwise.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  /// A shorter value, or line of one, is not looked for.
  FLOW_MASK_FEWEST = 8,
};

struct flow_secret {
  const uint8_t *bytes;
  size_t size;
};

struct flow_mask;

/// Is called with what was found. The parts may overlap, and come in no order.
typedef void (*flow_mask_found)(void *context, int64_t from, int64_t until);

/// How many bytes of memory the mask of these secrets takes.
size_t flow_mask_size(const struct flow_secret *secrets, size_t count);

/// Makes a mask for a stream from its beginning on. It copies the secrets.
///
/// - memory: `flow_mask_size` bytes, aligned as the largest type.
struct flow_mask *flow_mask_make(
    void *memory, const struct flow_secret *secrets, size_t count, flow_mask_found found,
    void *context);

/// The next bytes of the stream.
void flow_mask_feed(struct flow_mask *mask, const uint8_t *bytes, size_t count);

/// Bytes of the stream are missing: it goes on at `offset`. Parts of secrets on both sides of the gap
/// are found, however short.
void flow_mask_skip(struct flow_mask *mask, int64_t offset);

/// The stream has ended. The beginning of a secret at its end is found if it is not too short.
void flow_mask_end(struct flow_mask *mask);

/// Before this offset nothing more will be found.
int64_t flow_mask_settled(const struct flow_mask *mask);
