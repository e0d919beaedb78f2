#include "outputs.h"

#include <string.h>

static void put(uint8_t *bytes, uint64_t value, int size) {
  for (int index = 0; index < size; index++) bytes[index] = (uint8_t)(value >> (8 * index));
}

void flow_outputs_begin(uint8_t bytes[FLOW_OUTPUTS_MAGIC_SIZE]) { memcpy(bytes, "flowO001", 8); }

void flow_outputs_entry(
    uint8_t bytes[FLOW_OUTPUTS_ENTRY_SIZE], uint32_t fault, uint32_t name_size, uint64_t size) {
  put(bytes, fault, 4);
  put(bytes + 4, name_size, 4);
  put(bytes + 8, size, 8);
}

// FNV-1a (Fowler, Noll, Vo) with 64 bits, as of the attempt record.
uint64_t flow_outputs_checksum(const uint8_t *bytes, size_t count) {
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t index = 0; index < count; index++) hash = (hash ^ bytes[index]) * 0x100000001b3;
  return hash;
}
