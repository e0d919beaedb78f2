#define _GNU_SOURCE
#include "collect.h"

#include <errno.h>
#include <string.h>

#include "calls.h"
#include "outputs.h"
#include "record_file.h"
#include "secrets.h"

enum {
  LONGEST_NAME = 255,
  CAPACITY = FLOW_OUTPUTS_LARGE + FLOW_OUTPUTS_MAGIC_SIZE +
             (FLOW_OUTPUTS_MOST + 1) * (FLOW_OUTPUTS_ENTRY_SIZE + LONGEST_NAME + 1),
  ENTRIES = 4 << 10,
  // On the monitor's stack. All monitors share their launcher's memory: to map and unmap some makes them
  // wait for each other.
  SMALL_CAPACITY = FLOW_RECORD_OUTPUTS_ROOM,
  // A result of this file: what the command left needs more memory.
  LACKS_MEMORY = 2,
};

// As the kernel has them (getdents64(2)).
struct entry {
  uint64_t inode;
  int64_t offset;
  uint16_t size;
  uint8_t type;
  char name[];
};

struct collection {
  const struct flow_request *request;
  int folder;
  uint8_t *bytes;
  size_t capacity;
  size_t size;
  uint64_t together;
};

// Each is a letter for its limit and a name.
static const char *next_output(const char *output) { return output + strlen(output) + 1; }

static uint64_t limit(const char *output) {
  return output[0] == 'L' ? FLOW_OUTPUTS_LARGE : FLOW_OUTPUTS_SMALL;
}

int64_t flow_outputs_make(const struct flow_request *request) {
  if (request->header.output_count == 0) return 0;
  int64_t result = flow_call(SYS_mkdirat, AT_FDCWD, (long)request->outputs_folder, 0700, 0, 0);
  // A launch before this one found no process for the command.
  return result == -EEXIST ? 0 : result;
}

void flow_outputs_remove(const struct flow_request *request) {
  if (request->header.output_count == 0) return;
  flow_call(SYS_unlinkat, AT_FDCWD, (long)request->outputs_folder, AT_REMOVEDIR, 0, 0);
}

// MARK: The copy

// What is wrong takes the place of everything else.
static void refuse(struct collection *collection, enum flow_outputs_fault fault, const char *name) {
  size_t length = strlen(name);
  if (length > LONGEST_NAME) length = LONGEST_NAME;
  uint8_t *bytes = collection->bytes;
  flow_outputs_begin(bytes);
  flow_outputs_entry(bytes + FLOW_OUTPUTS_MAGIC_SIZE, (uint32_t)fault, (uint32_t)length, 0);
  size_t head = FLOW_OUTPUTS_MAGIC_SIZE + FLOW_OUTPUTS_ENTRY_SIZE;
  memcpy(bytes + head, name, length);
  collection->size = head + length;
}

static void note_found(void *context, int64_t from, int64_t until) {
  (void)from;
  (void)until;
  *(bool *)context = true;
}

// Whether there is a secret in the bytes; where that cannot be told, too.
static bool has_secret(
    const struct flow_request *request, const uint8_t *bytes, size_t size) {
  if (request->header.secret_count == 0) return false;
  bool found = false;
  if (flow_secrets_find(request, bytes, size, note_found, &found) < 0) return true;
  return found;
}

// Reads what the file had when it was opened: one that grows meanwhile has no end.
//
// - Returns: how many bytes; negative if it cannot be read.
static int64_t read_file(int file, uint8_t *bytes, uint64_t size) {
  uint64_t done = 0;
  while (done < size) {
    int64_t count = flow_read(file, bytes + done, size - done);
    if (count == -EINTR) continue;
    if (count < 0) return count;
    if (count == 0) break;
    done += (uint64_t)count;
  }
  return (int64_t)done;
}

// - Returns: zero, one or LACKS_MEMORY, as `add`.
static int64_t add_open(struct collection *collection, const char *output, int file) {
  const char *name = output + 1;
  struct stat status;
  if (flow_stat_open(file, &status) < 0) {
    refuse(collection, FLOW_OUTPUTS_UNREADABLE, name);
    return 1;
  }
  if (!S_ISREG(status.st_mode)) {
    refuse(collection, FLOW_OUTPUTS_NOT_A_FILE, name);
    return 1;
  }
  uint64_t size = (uint64_t)status.st_size;
  if (size > limit(output)) {
    refuse(collection, FLOW_OUTPUTS_TOO_LARGE, name);
    return 1;
  }
  if (collection->together + size > FLOW_OUTPUTS_LARGE) {
    refuse(collection, FLOW_OUTPUTS_TOO_LARGE_TOGETHER, "");
    return 1;
  }
  size_t length = strlen(name);
  if (collection->size + FLOW_OUTPUTS_ENTRY_SIZE + length + size > collection->capacity) {
    return LACKS_MEMORY;
  }
  uint8_t *head = collection->bytes + collection->size;
  uint8_t *value = head + FLOW_OUTPUTS_ENTRY_SIZE + length;
  int64_t count = read_file(file, value, size);
  if (count < 0) {
    refuse(collection, FLOW_OUTPUTS_UNREADABLE, name);
    return 1;
  }
  if (has_secret(collection->request, value, (size_t)count)) {
    flow_call(SYS_unlinkat, collection->folder, (long)name, 0, 0, 0);
    refuse(collection, FLOW_OUTPUTS_SECRET, name);
    return 1;
  }
  flow_outputs_entry(head, 0, (uint32_t)length, (uint64_t)count);
  memcpy(head + FLOW_OUTPUTS_ENTRY_SIZE, name, length);
  collection->size += FLOW_OUTPUTS_ENTRY_SIZE + length + (size_t)count;
  collection->together += (uint64_t)count;
  return 0;
}

// - Returns: zero; one if it was refused; LACKS_MEMORY if it does not fit; a negative error number where the machine lacks something.
static int64_t add(struct collection *collection, const char *output) {
  const char *name = output + 1;
  struct stat status;
  // What is no file is not opened: to open a device can do something.
  int64_t result = flow_call(
      SYS_newfstatat, collection->folder, (long)name, (long)&status, AT_SYMLINK_NOFOLLOW, 0);
  if (result < 0 || !S_ISREG(status.st_mode)) {
    refuse(
        collection,
        result == -ENOENT ? FLOW_OUTPUTS_MISSING
                          : result < 0 ? FLOW_OUTPUTS_UNREADABLE : FLOW_OUTPUTS_NOT_A_FILE,
        name);
    return 1;
  }
  int64_t file = flow_call(
      SYS_openat, collection->folder, (long)name,
      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0, 0);
  if (file == -EMFILE || file == -ENFILE || file == -ENOMEM) return file;
  if (file < 0) {
    refuse(collection, FLOW_OUTPUTS_UNREADABLE, name);
    return 1;
  }
  result = add_open(collection, output, (int)file);
  flow_close((int)file);
  return result;
}

static bool is_declared(const struct flow_request *request, const char *name) {
  const char *output = request->outputs;
  for (uint32_t index = 0; index < request->header.output_count; index++) {
    if (strcmp(output + 1, name) == 0) return true;
    output = next_output(output);
  }
  return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

// Looks for the first file that is not declared, so that a folder of any size takes no longer.
//
// - Returns: whether there is one, which was refused.
static bool refuse_undeclared(struct collection *collection) {
  _Alignas(8) char entries[ENTRIES];
  while (true) {
    int64_t count =
        flow_call(SYS_getdents64, collection->folder, (long)entries, sizeof entries, 0, 0);
    if (count <= 0) return false;
    for (int64_t offset = 0; offset < count;) {
      struct entry *entry = (struct entry *)(entries + offset);
      if (!is_declared(collection->request, entry->name)) {
        bool is_secret = has_secret(
            collection->request, (const uint8_t *)entry->name, strlen(entry->name));
        refuse(
            collection, is_secret ? FLOW_OUTPUTS_SECRET : FLOW_OUTPUTS_UNDECLARED,
            is_secret ? "" : entry->name);
        return true;
      }
      offset += entry->size;
    }
  }
}

// - Returns: zero if all were taken; one if they were refused; LACKS_MEMORY; a negative error number.
static int64_t add_all(struct collection *collection) {
  if (refuse_undeclared(collection)) return 1;
  flow_outputs_begin(collection->bytes);
  collection->size = FLOW_OUTPUTS_MAGIC_SIZE;
  const char *output = collection->request->outputs;
  for (uint32_t index = 0; index < collection->request->header.output_count; index++) {
    int64_t result = add(collection, output);
    if (result != 0) return result;
    output = next_output(output);
  }
  return 0;
}

static int64_t write_copy(const char *path, const uint8_t *bytes, size_t size) {
  int64_t file = flow_open(
      path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
  if (file < 0) return file;
  int64_t result = 0;
  while (size > 0 && result == 0) {
    int64_t count = flow_write((int)file, bytes, size);
    if (count == -EINTR) continue;
    if (count <= 0) {
      result = count < 0 ? count : -EIO;
    } else {
      bytes += count;
      size -= (size_t)count;
    }
  }
  flow_close((int)file);
  return result;
}

// The copy has everything. What the command left is removed, so that a secret of a run is nowhere twice.
static void clear(struct collection *collection) {
  const char *output = collection->request->outputs;
  for (uint32_t index = 0; index < collection->request->header.output_count; index++) {
    flow_call(SYS_unlinkat, collection->folder, (long)(output + 1), 0, 0, 0);
    output = next_output(output);
  }
  flow_outputs_remove(collection->request);
}

// A file would cost a short step as much as all else that is done for its outputs.
static int64_t write_all(
    const struct collection *collection, int record, struct flow_record_end *end) {
  end->outputs_inside = collection->size <= FLOW_RECORD_OUTPUTS_ROOM;
  return end->outputs_inside
             ? flow_record_write_outputs(record, collection->bytes, collection->size)
             : write_copy(collection->request->outputs_path, collection->bytes, collection->size);
}

// - Returns: zero; LACKS_MEMORY; a negative error number.
static int64_t collect(
    struct collection *collection, int record, struct flow_record_end *end) {
  const struct flow_request *request = collection->request;
  int64_t folder = flow_open(
      request->outputs_folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
  if (folder == -EMFILE || folder == -ENFILE || folder == -ENOMEM) return folder;
  int64_t result = 1;
  if (folder < 0) {
    // The command has removed it, or put something else in its place.
    refuse(collection, FLOW_OUTPUTS_MISSING, request->outputs + 1);
  } else {
    collection->folder = (int)folder;
    result = add_all(collection);
  }
  if (result == 0 || result == 1) {
    int64_t written = write_all(collection, record, end);
    if (written == 0) {
      end->outputs_size = (int64_t)collection->size;
      end->outputs_checksum = flow_outputs_checksum(collection->bytes, collection->size);
      if (result == 0) clear(collection);
    }
    result = written;
  }
  if (folder >= 0) flow_close((int)folder);
  return result;
}

int64_t flow_outputs_collect(
    const struct flow_request *request, int record, struct flow_record_end *end) {
  uint8_t bytes[SMALL_CAPACITY];
  struct collection small = {
      .request = request, .folder = -1, .bytes = bytes, .capacity = sizeof bytes};
  int64_t result = collect(&small, record, end);
  if (result != LACKS_MEMORY) return result;
  // The kernel gives memory for what is used of it.
  int64_t memory = flow_map(CAPACITY);
  if (memory < 0) return memory;
  struct collection large = {
      .request = request, .folder = -1, .bytes = (uint8_t *)memory, .capacity = CAPACITY};
  result = collect(&large, record, end);
  flow_unmap((void *)memory, CAPACITY);
  return result;
}
