// What a publication of one small file must do at least, for `Scripts/bench files`: it syncs NAME.new and three
// folders, makes a manifest durable, and renames the file into place.
//
//   publish NAME
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void require(int holds, const char *what) {
  if (holds) return;
  perror(what);
  exit(1);
}

static void sync_path(const char *path) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  require(file >= 0 && fsync(file) == 0 && close(file) == 0, path);
}

int main(int count, char **words) {
  if (count != 2) return 2;
  char new[4096], manifest[4096], new_manifest[4096], bytes[128] = {1};
  snprintf(new, sizeof new, "%s.new", words[1]);
  snprintf(manifest, sizeof manifest, "%s.manifest", words[1]);
  snprintf(new_manifest, sizeof new_manifest, "%s.manifest.new", words[1]);
  sync_path(new);
  for (int folder = 0; folder < 3; folder++) sync_path(".");
  int file = open(new_manifest, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  require(file >= 0 && write(file, bytes, sizeof bytes) == sizeof bytes, new_manifest);
  require(fsync(file) == 0 && close(file) == 0, new_manifest);
  require(rename(new_manifest, manifest) == 0, manifest);
  sync_path(".");
  require(rename(new, words[1]) == 0, words[1]);
  sync_path(".");
  return 0;
}
