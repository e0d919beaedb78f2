/// Reading a request to launch an attempt (`channel.h` has its format).
#pragma once

#include "channel.h"

/// A request in memory. The strings belong to the bytes that it was read from.
struct flow_request {
  struct flow_request_header header;
  const char *directory;
  const char *output_path;
  const char *record_path;
  /// Empty if there is none.
  const char *secret_folder;
  /// Empty if there are none.
  const char *outputs_folder;
  const char *outputs_path;
  /// The arguments, one string after another, followed by the variables.
  char *arguments;
  /// The names and values of secrets, one after the other.
  const char *secrets;
  /// One after the other.
  const char *outputs;
};

/// The size of the request that begins with these bytes; zero if they do not even hold its size.
size_t flow_request_size(const char *bytes, size_t count);

/// Reads a whole request of `size` bytes.
///
/// - Returns: false if its strings do not fill it exactly, or it has no argument.
bool flow_request_decode(char *bytes, size_t size, struct flow_request *request);
