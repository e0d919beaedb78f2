#define _GNU_SOURCE
#include "spawn.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "calls.h"
#include "kernel.h"
#include "launcher_process.h"

enum {
  // The stack of the new process until it runs the program: a path, and little else.
  STACK_SIZE = 12 << 10,
  // Lists up to this size are on the monitor's stack.
  USUAL_LISTS_SIZE = 8 << 10,
  // The launcher's descriptors end with a lock that monitors share.
  LAST_INHERITED = FLOW_LAUNCHER_LOCK + 1,
};

// Everything that the new process needs, prepared before it starts.
struct command {
  const char *directory;
  char **arguments;
  char **environment;
  /// PATH in the environment; NULL if it has none.
  const char *search_path;
  int output;
  // Written by the new process, which shares our memory until it runs the program.
  enum flow_launch_operation failed;
  int error;
};

// MARK: In the new process

// Whether the path names a program. Sets the error if it does but must not be run.
static bool may_run(const char *path, int *error) {
  struct stat status;
  if (flow_stat(path, &status) != 0 || !S_ISREG(status.st_mode)) return false;
  if (flow_access(path, X_OK) == 0) return true;
  *error = EACCES;
  return false;
}

// Runs the file. Returns only on failure, with the error number. A file that is there and "does not
// exist" names an interpreter that does not.
static int execute(const char *path, const struct command *command) {
  int error = (int)-flow_execute(path, command->arguments, command->environment);
  return error == ENOENT && flow_access(path, F_OK) == 0 ? ELIBACC : error;
}

// Runs the program as a shell would find it, along the PATH of its own environment. Returns only on
// failure, with the error number.
static int run_program(const struct command *command) {
  const char *name = command->arguments[0];
  if (strchr(name, '/')) return execute(name, command);
  if (!*name) return ENOENT;
  int error = ENOENT;
  char candidate[PATH_MAX];
  size_t name_length = strlen(name);
  // The path that `execvp` searches without a PATH.
  const char *entry = command->search_path ? command->search_path : "/bin:/usr/bin";
  while (true) {
    size_t length = strcspn(entry, ":");
    if (length + name_length + 2 <= sizeof candidate) {
      // An empty entry is the working directory.
      memcpy(candidate, length > 0 ? entry : ".", length > 0 ? length : 1);
      char *end = candidate + (length > 0 ? length : 1);
      *end = '/';
      memcpy(end + 1, name, name_length + 1);
      if (may_run(candidate, &error)) {
        return execute(candidate, command);
      }
    }
    if (!entry[length]) return error;
    entry += length + 1;
  }
}

// A kernel before 5.9 does not know ranges, and a sandbox may refuse what it does not know. Only the
// launcher's own descriptors are not closed when the program is executed.
static void close_inherited(void) {
  if (flow_close_from(3) == 0) return;
  for (int file = FLOW_LAUNCHER_REQUESTS; file <= LAST_INHERITED; file++) flow_close(file);
}

// A sanitizer does not know the stack that this runs on.
__attribute__((no_sanitize("address"))) static void become(void *context) {
  struct command *command = context;
  flow_begin_session();
  // It is the launcher's, and the only one that is not the default.
  flow_use_default(SIGCHLD);
  // Descriptor 0 is the launcher's /dev/null.
  flow_duplicate(command->output, 1);
  flow_duplicate(command->output, 2);
  close_inherited();
  command->failed = FLOW_LAUNCH_CHANGE_DIRECTORY;
  command->error = (int)-flow_change_directory(command->directory);
  if (command->error == 0) {
    sigset_t none;
    sigemptyset(&none);
    flow_block_only(&none);
    command->failed = FLOW_LAUNCH_EXECUTE;
    command->error = run_program(command);
  }
  _exit(127);
}

// The new process shares this memory, and this one waits until it runs the program, as after
// vfork(2). Nothing is copied for a process that would discard it at once.
static int64_t start(struct command *command) {
  _Alignas(16) char stack[STACK_SIZE];
  int64_t process = flow_clone(CLONE_VM | CLONE_VFORK, stack + sizeof stack, become, command);
  if (process < 0) {
    command->failed = FLOW_LAUNCH_FORK;
    return process;
  }
  if (command->error == 0) return process;
  while (flow_reap((pid_t)process) == -EINTR) continue;
  return -command->error;
}

// MARK: Before

// Whether two variables have the same name, the part before the `=`.
static bool has_name_of(const char *variable, const char *other) {
  size_t length = strcspn(other, "=");
  return strncmp(variable, other, length) == 0 && (!variable[length] || variable[length] == '=');
}

static bool is_among(const char *variable, char **others, size_t count) {
  for (size_t index = 0; index < count; index++) {
    if (has_name_of(variable, others[index])) return true;
  }
  return false;
}

// Pointers to strings that follow one another.
static char *list(char *string, uint32_t count, char **strings) {
  for (uint32_t index = 0; index < count; index++) {
    strings[index] = string;
    string += strlen(string) + 1;
  }
  return string;
}

// The command's environment: the variables that are not overridden, then the additions.
static size_t merge(char **base, char **additions, size_t count, char **merged) {
  size_t size = 0;
  for (; *base; base++) {
    if (!is_among(*base, additions, count)) merged[size++] = *base;
  }
  for (size_t index = 0; index < count; index++) {
    if (!is_among(additions[index], additions + index + 1, count - index - 1)) {
      merged[size++] = additions[index];
    }
  }
  merged[size] = NULL;
  return size;
}

static const char *search_path(char **environment) {
  for (; *environment; environment++) {
    if (strncmp(*environment, "PATH=", 5) == 0) return *environment + 5;
  }
  return NULL;
}

// How many pointers the lists take: arguments, additional variables, and the environment.
static size_t count_pointers(const struct flow_request *request, char **environment) {
  size_t base = 0;
  while (environment[base]) base++;
  return request->header.argument_count + 1 + 2 * (size_t)request->header.variable_count + base + 1;
}

// - lists: memory for all the pointers.
static int64_t start_with_lists(
    const struct flow_request *request, char **environment, char **lists, struct command *command) {
  size_t arguments = request->header.argument_count, variables = request->header.variable_count;
  command->arguments = lists;
  char **additions = lists + arguments + 1;
  char *rest = list(request->arguments, request->header.argument_count, command->arguments);
  command->arguments[arguments] = NULL;
  list(rest, request->header.variable_count, additions);
  command->environment = additions + variables;
  merge(environment, additions, variables, command->environment);
  command->search_path = search_path(command->environment);
  return start(command);
}

static int64_t make_lists(
    const struct flow_request *request, char **environment, struct command *command) {
  size_t size = count_pointers(request, environment) * sizeof(char *);
  if (size <= USUAL_LISTS_SIZE) {
    char *lists[USUAL_LISTS_SIZE / sizeof(char *)];
    return start_with_lists(request, environment, lists, command);
  }
  int64_t memory = flow_map(size);
  if (memory < 0) {
    command->failed = FLOW_LAUNCH_FORK;
    return memory;
  }
  int64_t result = start_with_lists(request, environment, (char **)memory, command);
  flow_unmap((void *)memory, size);
  return result;
}

int64_t flow_output_create(const char *path) {
  // Appending, so that processes that open it again do not overwrite one another.
  return flow_open(
      path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOCTTY | O_CLOEXEC, 0600);
}

int64_t flow_spawn(
    const struct flow_request *request, char **environment, int output,
    enum flow_launch_operation *failed) {
  struct command command = {.directory = request->directory, .output = output};
  int64_t result = make_lists(request, environment, &command);
  *failed = command.failed;
  return result;
}
