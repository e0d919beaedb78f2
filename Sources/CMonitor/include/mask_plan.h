/// What of an output is about to be overwritten, since it is a secret: a file beside the output that is
/// durable before the first byte is overwritten, and removed when the last one is.
///
/// Whoever finds half of a secret in an output finds the rest of it nowhere: a process that was killed
/// while it overwrote, or that has not finished, leaves what is no form of the secret any more. The plan
/// says where it is: who scrubs next completes it, and who reads hides it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flow_mask_range {
  int64_t from, until;
};

/// Ranges in ascending order, apart from each other.
struct flow_mask_plan {
  struct flow_mask_range *ranges;
  size_t count, capacity;
};

/// Adds a range, joined with those that it touches.
///
/// - Returns: false if there is no room for it.
bool flow_mask_plan_add(struct flow_mask_plan *plan, int64_t from, int64_t until);

/// How many of the ranges, from the first on, end at `offset` or before it.
size_t flow_mask_plan_count(const struct flow_mask_plan *plan, int64_t offset);

/// Removes the first ranges.
void flow_mask_plan_drop(struct flow_mask_plan *plan, size_t count);

/// How many bytes the file of so many ranges has.
size_t flow_mask_plan_size(size_t count);

/// Writes the file of the first ranges to `bytes`.
void flow_mask_plan_encode(const struct flow_mask_plan *plan, size_t count, uint8_t *bytes);

/// Reads a file into the plan, which has room for it.
///
/// - Returns: false if it is none, or not complete: nothing is being overwritten then.
bool flow_mask_plan_decode(struct flow_mask_plan *plan, const uint8_t *bytes, size_t size);
