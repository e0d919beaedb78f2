// Requests as they come in through a stream.
#pragma once

#include "channel.h"

/// A request in memory; the strings belong to the inbox.
struct flow_request {
  struct flow_request_header header;
  const char *directory;
  const char *output_path;
  const char *record_path;
  /// Where the arguments begin, one behind the other; behind them the variables do.
  char *arguments;
};

/// What has come in and was not taken yet.
struct flow_inbox {
  char *bytes;
  size_t capacity, begin, end;
};

enum flow_inbox_state {
  FLOW_INBOX_OPEN,
  /// The other side is gone, or says what nobody says.
  FLOW_INBOX_SHUT,
};

/// Takes in what is there. Waits only if nothing is.
enum flow_inbox_state flow_inbox_fill(struct flow_inbox *inbox, int descriptor);

/// Takes the next whole request; it holds until the next call of `flow_inbox_fill`.
///
/// - Returns: whether there was one. `state` says whether the rest can be believed.
bool flow_inbox_next(
    struct flow_inbox *inbox, struct flow_request *request, enum flow_inbox_state *state);
