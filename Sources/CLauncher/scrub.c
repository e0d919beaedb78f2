#define _GNU_SOURCE
#include "scrub.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "calls.h"

enum {
  PIECE = 64 << 10,
  // How many bytes are overwritten at once.
  STARS = 512,
};

struct scrub {
  int file;
  int64_t error;
  char stars[STARS];
};

// MARK: Files

static void overwrite(void *context, int64_t from, int64_t until) {
  struct scrub *scrub = context;
  while (from < until && scrub->error == 0) {
    int64_t size = until - from < STARS ? until - from : STARS;
    int64_t count = flow_write_at(scrub->file, scrub->stars, (size_t)size, from);
    if (count == -EINTR) continue;
    if (count <= 0) {
      scrub->error = count < 0 ? count : -EIO;
      return;
    }
    from += count;
  }
}

static int64_t seek(int file, int64_t offset, int whence) {
  return flow_call(SYS_lseek, file, offset, whence, 0, 0);
}

// Feeds what lies before the next hole.
//
// - Returns: where that ends; a negative error number.
static int64_t scan_data(
    struct scrub *scrub, struct flow_mask *mask, uint8_t *bytes, int64_t from, int64_t until) {
  while (from < until && scrub->error == 0) {
    size_t size = until - from < PIECE ? (size_t)(until - from) : PIECE;
    int64_t count = flow_call(SYS_pread64, scrub->file, (long)bytes, (long)size, from, 0);
    if (count == -EINTR) continue;
    if (count < 0) return count;
    if (count == 0) break;
    flow_mask_feed(mask, bytes, (size_t)count);
    from += count;
  }
  return scrub->error < 0 ? scrub->error : from;
}

static int64_t scan(struct scrub *scrub, struct flow_mask *mask, uint8_t *bytes) {
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
    int64_t end = scan_data(scrub, mask, bytes, offset, until);
    if (end < 0) return end;
    if (end < until) break;
    offset = end;
  }
  flow_mask_end(mask);
  return scrub->error;
}

int64_t flow_scrub(int file, const struct flow_secret *secrets, size_t count) {
  struct scrub scrub = {.file = file};
  memset(scrub.stars, '*', sizeof scrub.stars);
  size_t size = flow_mask_size(secrets, count) + PIECE;
  int64_t memory = flow_map(size);
  if (memory < 0) return memory;
  uint8_t *bytes = (uint8_t *)memory;
  struct flow_mask *mask = flow_mask_make(bytes + PIECE, secrets, count, overwrite, &scrub);
  int64_t result = scan(&scrub, mask, bytes);
  flow_unmap(bytes, size);
  if (result < 0) return result;
  // What was printed may have reached the disk; and who scrubbed it before, and was killed, may have
  // left that to us.
  do result = flow_call(SYS_fdatasync, file, 0, 0, 0, 0);
  while (result == -EINTR);
  return result;
}

int64_t flow_scrub_at(const char *path, const struct flow_secret *secrets, size_t count) {
  int64_t file = flow_open(path, O_RDWR | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0);
  if (file < 0) return file == -ENOENT ? 0 : file;
  int64_t result = flow_scrub((int)file, secrets, count);
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
