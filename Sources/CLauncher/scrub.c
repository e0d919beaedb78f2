#define _GNU_SOURCE
#include "scrub.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "calls.h"
#include "mask_plan.h"

enum {
  PIECE = 64 << 10,
  // How many bytes are overwritten at once.
  STARS = 512,
  // So many ranges are planned at most, and carried out once there are so many.
  MOST_RANGES = 64 << 10,
  ENOUGH_RANGES = 32 << 10,
};

// In memory that is mapped for it; what is not used of it takes none.
struct scrub {
  int file;
  int64_t error;
  bool has_plan, is_folder_synced;
  struct flow_mask_plan plan;
  char plan_path[PATH_MAX], folder[PATH_MAX];
  // What follows this is aligned, too.
  _Alignas(16) uint8_t stars[STARS];
  uint8_t bytes[PIECE];
  struct flow_mask_range ranges[MOST_RANGES];
  uint8_t encoded[MOST_RANGES * sizeof(struct flow_mask_range) + 64];
};

// MARK: Files

static int64_t seek(int file, int64_t offset, int whence) {
  return flow_call(SYS_lseek, file, offset, whence, 0, 0);
}

static int64_t sync_data(int file) {
  int64_t result;
  do result = flow_call(SYS_fdatasync, file, 0, 0, 0, 0);
  while (result == -EINTR);
  return result;
}

static int64_t write_at(int file, const uint8_t *bytes, size_t size, int64_t offset) {
  while (size > 0) {
    int64_t count = flow_write_at(file, bytes, size, offset);
    if (count == -EINTR) continue;
    if (count <= 0) return count < 0 ? count : -EIO;
    bytes += count;
    size -= (size_t)count;
    offset += count;
  }
  return 0;
}

static int64_t overwrite(struct scrub *scrub, struct flow_mask_range range) {
  int64_t result = 0;
  while (range.from < range.until && result == 0) {
    int64_t size = range.until - range.from < STARS ? range.until - range.from : STARS;
    result = write_at(scrub->file, scrub->stars, (size_t)size, range.from);
    range.from += size;
  }
  return result;
}

// MARK: The plan

// `<step>@<attempt>.mask` beside `<step>@<attempt>.out`; the same name as `RunFolder.mask`.
static bool find_plan_path(struct scrub *scrub, const char *path) {
  static const char ending[] = ".mask";
  const char *dot = strrchr(path, '.'), *slash = strrchr(path, '/');
  if (!dot || !slash || dot < slash) return false;
  size_t length = (size_t)(dot - path);
  if (length + sizeof ending > PATH_MAX) return false;
  memcpy(scrub->plan_path, path, length);
  memcpy(scrub->plan_path + length, ending, sizeof ending);
  size_t folder = slash == path ? 1 : (size_t)(slash - path);
  memcpy(scrub->folder, path, folder);
  scrub->folder[folder] = 0;
  return true;
}

static void sync_folder(struct scrub *scrub) {
  if (scrub->is_folder_synced) return;
  scrub->is_folder_synced = true;
  int64_t folder = flow_open(scrub->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (folder < 0) return;
  while (flow_call(SYS_fsync, folder, 0, 0, 0, 0) == -EINTR) {}
  flow_close((int)folder);
}

// Makes durable what is about to be overwritten. Where that fails, as on a full disk, it is overwritten
// all the same: a secret that stays is worse than one that a crash could leave a part of.
static void write_plan(struct scrub *scrub, size_t count) {
  if (!scrub->plan_path[0]) return;
  int64_t file = flow_open(
      scrub->plan_path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
  if (file < 0) return;
  scrub->has_plan = true;
  flow_mask_plan_encode(&scrub->plan, count, scrub->encoded);
  if (write_at((int)file, scrub->encoded, flow_mask_plan_size(count), 0) == 0) {
    sync_data((int)file);
    sync_folder(scrub);
  }
  flow_close((int)file);
}

// Overwrites the first ranges of the plan.
static int64_t carry_out(struct scrub *scrub, size_t count) {
  if (count == 0) return 0;
  int64_t result = 0;
  for (size_t index = 0; index < count && result == 0; index++) {
    result = overwrite(scrub, scrub->plan.ranges[index]);
  }
  // Before another plan takes the place of this one. What was printed may have reached the disk, too.
  if (result == 0) result = sync_data(scrub->file);
  flow_mask_plan_drop(&scrub->plan, count);
  return result;
}

// Completes what was begun by another process, which was killed.
static int64_t complete(struct scrub *scrub) {
  if (!scrub->plan_path[0]) return 0;
  int64_t file =
      flow_open(scrub->plan_path, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0);
  if (file < 0) return file == -ENOENT ? 0 : file;
  scrub->has_plan = true;
  size_t size = 0;
  int64_t count = 1;
  while (count > 0 && size < sizeof scrub->encoded) {
    count = flow_read((int)file, scrub->encoded + size, sizeof scrub->encoded - size);
    if (count > 0) size += (size_t)count;
    if (count == -EINTR) count = 1;
  }
  flow_close((int)file);
  if (count < 0) return count;
  if (!flow_mask_plan_decode(&scrub->plan, scrub->encoded, size)) return 0;
  // A power loss can have taken the end of the output.
  struct stat status;
  int64_t result = flow_stat_open(scrub->file, &status);
  if (result < 0) return result;
  size_t first = flow_mask_plan_count(&scrub->plan, status.st_size);
  if (first < scrub->plan.count && scrub->plan.ranges[first].from < status.st_size) {
    scrub->plan.ranges[first++].until = status.st_size;
  }
  scrub->plan.count = first;
  return carry_out(scrub, first);
}

// MARK: Scrubbing

static void note(void *context, int64_t from, int64_t until) {
  struct scrub *scrub = context;
  if (!flow_mask_plan_add(&scrub->plan, from, until)) scrub->error = -ENOBUFS;
}

// - settled: before this offset nothing more will be found.
static void overwrite_settled(struct scrub *scrub, int64_t settled) {
  size_t count = flow_mask_plan_count(&scrub->plan, settled);
  if (count == 0 || scrub->error < 0) return;
  write_plan(scrub, count);
  scrub->error = carry_out(scrub, count);
}

// Feeds what lies before the next hole.
//
// - Returns: where that ends; a negative error number.
static int64_t scan_data(
    struct scrub *scrub, struct flow_mask *mask, int64_t from, int64_t until) {
  while (from < until && scrub->error == 0) {
    size_t size = until - from < PIECE ? (size_t)(until - from) : PIECE;
    int64_t count =
        flow_call(SYS_pread64, scrub->file, (long)scrub->bytes, (long)size, from, 0);
    if (count == -EINTR) continue;
    if (count < 0) return count;
    if (count == 0) break;
    flow_mask_feed(mask, scrub->bytes, (size_t)count);
    from += count;
    if (scrub->plan.count >= ENOUGH_RANGES) overwrite_settled(scrub, flow_mask_settled(mask));
  }
  return scrub->error < 0 ? scrub->error : from;
}

static int64_t scan(struct scrub *scrub, struct flow_mask *mask) {
  int64_t offset = 0;
  while (true) {
    int64_t data = seek(scrub->file, offset, SEEK_DATA);
    // Behind the last data.
    if (data == -ENXIO) break;
    // Where the file system tells of no holes, everything is data.
    int64_t hole = data < 0 ? -1 : seek(scrub->file, data, SEEK_HOLE);
    if (data > offset) {
      flow_mask_skip(mask, data);
      offset = data;
    }
    int64_t until = hole < 0 ? INT64_MAX : hole;
    int64_t end = scan_data(scrub, mask, offset, until);
    if (end < 0) return end;
    if (end < until) break;
    offset = end;
  }
  flow_mask_end(mask);
  overwrite_settled(scrub, INT64_MAX);
  return scrub->error;
}

int64_t flow_scrub(
    int file, const char *path, const struct flow_secret *secrets, size_t count) {
  size_t size = sizeof(struct scrub) + flow_mask_size(secrets, count);
  int64_t memory = flow_map(size);
  if (memory < 0) return memory;
  struct scrub *scrub = (struct scrub *)memory;
  scrub->file = file;
  scrub->plan.ranges = scrub->ranges;
  scrub->plan.capacity = MOST_RANGES;
  memset(scrub->stars, '*', sizeof scrub->stars);
  if (!find_plan_path(scrub, path)) scrub->plan_path[0] = 0;
  int64_t completed = complete(scrub);
  // It stays for one who can read it.
  if (completed < 0) scrub->plan_path[0] = 0;
  struct flow_mask *mask = flow_mask_make(scrub + 1, secrets, count, note, scrub);
  int64_t result = scan(scrub, mask);
  // Who scrubbed it before, and was killed, may have left that to us.
  if (result == 0) result = sync_data(file);
  if (result == 0) result = completed;
  if (result == 0 && scrub->has_plan) flow_unlink(scrub->plan_path);
  flow_unmap(scrub, size);
  return result;
}

int64_t flow_scrub_at(const char *path, const struct flow_secret *secrets, size_t count) {
  int64_t file = flow_open(path, O_RDWR | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0);
  if (file < 0) return file == -ENOENT ? 0 : file;
  int64_t result = flow_scrub((int)file, path, secrets, count);
  flow_close((int)file);
  return result;
}

// MARK: Secrets as files

// - Returns: false if there is no room.
static bool join(const char *folder, const char *name, char path[PATH_MAX]) {
  size_t length = strlen(folder), size = strlen(name);
  if (length + size + 2 > PATH_MAX) return false;
  memcpy(path, folder, length);
  path[length] = '/';
  memcpy(path + length + 1, name, size + 1);
  return true;
}

int64_t flow_secret_folder_make(const char *path) {
  int64_t result = flow_call(SYS_mkdirat, AT_FDCWD, (long)path, 0700, 0, 0);
  if (result != -EEXIST) return result;
  // Anybody can make a folder there. One of our own, which a killed process left, is used again.
  struct stat status;
  result = flow_call(
      SYS_newfstatat, AT_FDCWD, (long)path, (long)&status, AT_SYMLINK_NOFOLLOW, 0);
  if (result < 0) return result;
  bool is_own = S_ISDIR(status.st_mode) && (status.st_mode & 0777) == 0700 &&
                (int64_t)status.st_uid == flow_call(SYS_geteuid, 0, 0, 0, 0, 0);
  return is_own ? 0 : -EEXIST;
}

int64_t flow_secret_file_make(
    const char *folder, const char *name, const char *value, size_t size) {
  char path[PATH_MAX];
  if (!join(folder, name, path)) return -ENAMETOOLONG;
  flow_unlink(path);
  int64_t file = flow_open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return file;
  int64_t result = 0;
  while (size > 0) {
    int64_t count = flow_write((int)file, value, size);
    if (count == -EINTR) continue;
    if (count <= 0) {
      result = count < 0 ? count : -EIO;
      break;
    }
    value += count;
    size -= (size_t)count;
  }
  flow_close((int)file);
  return result;
}

int64_t flow_secret_folder_remove(const char *folder, const char *const *names, size_t count) {
  char path[PATH_MAX];
  for (size_t index = 0; index < count; index++) {
    if (join(folder, names[index], path)) flow_unlink(path);
  }
  int64_t result = flow_call(SYS_unlinkat, AT_FDCWD, (long)folder, AT_REMOVEDIR, 0, 0);
  return result == -ENOENT ? 0 : result;
}
