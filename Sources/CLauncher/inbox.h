// The requests that arrive on a stream.
#pragma once

#include "request.h"

/// The bytes that have arrived and were not taken yet.
struct flow_inbox {
  char *bytes;
  size_t capacity, begin, end;
};

enum flow_inbox_state {
  FLOW_INBOX_OPEN,
  /// The other end is closed, or sent something that is no request.
  FLOW_INBOX_SHUT,
};

/// Reads what has arrived. Blocks only if nothing has.
enum flow_inbox_state flow_inbox_fill(struct flow_inbox *inbox, int descriptor);

/// Takes the next whole request, which stays valid until the next call of `flow_inbox_fill`.
///
/// - Returns: whether there was one. `state` says whether the rest of the stream can be trusted.
bool flow_inbox_next(
    struct flow_inbox *inbox, struct flow_request *request, enum flow_inbox_state *state);
