#define _GNU_SOURCE
#include "torture.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

enum { TRIES = 100, PIECE = 1 << 20 };

// Makes a free loop device one of the image. Another process may take it first. It is detached by the kernel
// with its last user.
static int attach(int image, char *device, size_t size) {
  int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
  if (control < 0) return -1;
  int loop = -1;
  for (int turn = 0; turn < TRIES && loop < 0; turn++) {
    int number = ioctl(control, LOOP_CTL_GET_FREE);
    if (number < 0) break;
    snprintf(device, size, "/dev/loop%d", number);
    int file = open(device, O_RDWR | O_CLOEXEC);
    if (file < 0) break;
    struct loop_config config = {.fd = (__u32)image, .info = {.lo_flags = LO_FLAGS_AUTOCLEAR}};
    if (ioctl(file, LOOP_CONFIGURE, &config) == 0) {
      loop = file;
    } else {
      int error = errno;
      close(file);
      errno = error;
      if (error != EBUSY) break;
      usleep(1000);
    }
  }
  int error = errno;
  close(control);
  errno = error;
  return loop;
}

int torture_mount_image(const char *path, const char *folder, const char *options, int *number) {
  int image = open(path, O_RDWR | O_CLOEXEC);
  if (image < 0) return -1;
  char device[32];
  int loop = attach(image, device, sizeof device), error = errno;
  close(image);
  if (loop < 0) {
    errno = error;
    return -1;
  }
  int result = mount(device, folder, "ext4", 0, options);
  error = errno;
  close(loop);
  errno = error;
  *number = atoi(device + strlen("/dev/loop"));
  return result;
}

int torture_sync(const char *folder) {
  int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return -1;
  int result = syncfs(file), error = errno;
  close(file);
  errno = error;
  return result;
}

int torture_move_mount(const char *folder, const char *target) {
  return mount(folder, target, NULL, MS_MOVE, NULL);
}

int torture_bind(const char *file, const char *path) {
  return mount(file, path, NULL, MS_BIND, NULL);
}

static int copy_data(int from, int to, off_t size) {
  static char bytes[PIECE];
  off_t at = 0;
  while (at < size) {
    at = lseek(from, at, SEEK_DATA);
    if (at < 0) return errno == ENXIO ? 0 : -1;
    off_t end = lseek(from, at, SEEK_HOLE);
    if (end < 0) return -1;
    while (at < end) {
      size_t length = end - at < PIECE ? (size_t)(end - at) : PIECE;
      ssize_t count = pread(from, bytes, length, at);
      if (count <= 0 || pwrite(to, bytes, (size_t)count, at) != count) return -1;
      at += count;
    }
  }
  return 0;
}

int torture_copy_image(const char *path, const char *copy) {
  int from = open(path, O_RDONLY | O_CLOEXEC);
  if (from < 0) return -1;
  int to = open(copy, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  int result = -1;
  off_t size = lseek(from, 0, SEEK_END);
  if (to >= 0 && size >= 0 && ftruncate(to, size) == 0) result = copy_data(from, to, size);
  int error = errno;
  if (to >= 0) close(to);
  close(from);
  errno = error;
  return result;
}
