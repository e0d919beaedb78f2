/// Where a monitor leaves what its attempt put out: in its record behind the parts if there is room
/// (FLOW_RECORD_OUTPUTS_ROOM), else in a file (`<step>@<attempt>.outputs`). It begins with FLOW_OUTPUTS_MAGIC; an entry follows for each output that the step declares, in that order, or
/// one entry alone that says what is wrong:
///
///      0  fault      4 bytes, zero for none
///      4  name size  4 bytes
///      8  size       8 bytes
///     16  the name, and the value after it; with a fault, no value
///
/// All numbers are little-endian. The end in the attempt record has the size of this copy, and its
/// checksum: one that differs is none. The monitor does not make it durable.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
  FLOW_OUTPUTS_MAGIC_SIZE = 8,
  FLOW_OUTPUTS_ENTRY_SIZE = 16,
  FLOW_OUTPUTS_MOST = 100,
  /// A file of one text, and the largest file; of all together the same.
  FLOW_OUTPUTS_SMALL = 64 << 10,
  FLOW_OUTPUTS_LARGE = 16 << 20,
};

/// What the monitor finds; zero is none. The engine looks at the values.
enum flow_outputs_fault {
  FLOW_OUTPUTS_MISSING = 1,
  FLOW_OUTPUTS_UNDECLARED = 2,
  FLOW_OUTPUTS_TOO_LARGE = 3,
  FLOW_OUTPUTS_NOT_A_FILE = 4,
  FLOW_OUTPUTS_SECRET = 5,
  FLOW_OUTPUTS_UNREADABLE = 6,
  FLOW_OUTPUTS_TOO_LARGE_TOGETHER = 7,
};

/// Writes the beginning of a copy.
void flow_outputs_begin(uint8_t bytes[FLOW_OUTPUTS_MAGIC_SIZE]);

/// Writes the head of an entry.
void flow_outputs_entry(
    uint8_t bytes[FLOW_OUTPUTS_ENTRY_SIZE], uint32_t fault, uint32_t name_size, uint64_t size);

/// Of a whole copy.
uint64_t flow_outputs_checksum(const uint8_t *bytes, size_t count);
