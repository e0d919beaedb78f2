// What `Scripts/bench` measures flow against, as little as a C program can do for the same work.
//
//   dispatch bare    COUNT SLOTS         posix_spawn and wait, nothing else
//   dispatch durable COUNT SLOTS FOLDER  besides, an output file for each step, and a log record of
//                                        its end that is durable before the next step starts
//   dispatch append  COUNT BYTES FOLDER  durable writes of so many bytes into a file with room;
//                                        prints microseconds
//   dispatch create  COUNT FOLDER        creates files; prints what one costs in nanoseconds
//   dispatch measure PROGRAM WORDS…      runs a program, its output thrown away; prints microseconds
//                                        and the most memory that it had, in KiB
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void require(int holds, const char *what) {
  if (holds) return;
  perror(what);
  exit(1);
}

static void start(int output) {
  char *arguments[] = {"/bin/true", NULL};
  posix_spawn_file_actions_t actions;
  pid_t pid;
  posix_spawn_file_actions_init(&actions);
  if (output >= 0) {
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_adddup2(&actions, output, 2);
  }
  require(posix_spawn(&pid, arguments[0], &actions, NULL, arguments, environ) == 0, "posix_spawn");
  posix_spawn_file_actions_destroy(&actions);
}

static int create(const char *folder, int number) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%d", folder, number);
  int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
  require(file >= 0, path);
  return file;
}

static long long microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static int append(int count, int size, const char *folder) {
  char path[4096], *bytes = calloc(1, size);
  snprintf(path, sizeof path, "%s/append", folder);
  int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  require(bytes && file >= 0 && posix_fallocate(file, 0, (off_t)count * size) == 0, path);
  // As flow has it in a log that grows: zeros were written there.
  for (int i = 0; i < count; i++) require(pwrite(file, bytes, size, (off_t)i * size) == size, path);
  memset(bytes, 0xa5, size);
  require(fsync(file) == 0, path);
  long long before = microseconds();
  for (int i = 0; i < count; i++) {
    require(pwrite(file, bytes, size, (off_t)i * size) == size, path);
    require(fdatasync(file) == 0, path);
  }
  printf("%lld\n", microseconds() - before);
  return 0;
}

static int measure(char **words) {
  posix_spawn_file_actions_t actions;
  struct rusage usage;
  pid_t pid;
  int status;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  long long before = microseconds();
  require(posix_spawn(&pid, words[0], &actions, NULL, words, environ) == 0, words[0]);
  require(wait4(pid, &status, 0, &usage) == pid, "wait4");
  printf("%lld %ld\n", microseconds() - before, usage.ru_maxrss);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int count, char **words) {
  if (count < 4) return 2;
  if (strcmp(words[1], "measure") == 0) return measure(words + 2);
  int steps = atoi(words[2]);
  if (strcmp(words[1], "create") == 0) {
    long long before = microseconds();
    for (int i = 0; i < steps; i++) close(create(words[3], i));
    printf("%lld\n", (microseconds() - before) * 1000 / steps);
    return 0;
  }
  if (strcmp(words[1], "append") == 0 && count > 4) return append(steps, atoi(words[3]), words[4]);
  int slots = atoi(words[3]), log = -1;
  const char *folder = count > 4 ? words[4] : NULL;
  char path[4096], record[96] = {1};
  if (folder) {
    snprintf(path, sizeof path, "%s/log", folder);
    log = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    require(log >= 0 && posix_fallocate(log, 0, (off_t)steps * sizeof record + 4096) == 0, path);
    require(fsync(log) == 0, path);
  }
  off_t end = 0;
  for (int started = 0, running = 0, done = 0; done < steps;) {
    while (running < slots && started < steps) {
      int output = folder ? create(folder, started) : -1;
      start(output);
      if (output >= 0) close(output);
      started++, running++;
    }
    require(wait(NULL) > 0, "wait");
    do running--, done++;
    while (running > 0 && waitpid(-1, NULL, WNOHANG) > 0);
    if (!folder) continue;
    require(pwrite(log, record, sizeof record, end) == sizeof record, path);
    end += sizeof record;
    require(fdatasync(log) == 0, path);
  }
  return 0;
}
