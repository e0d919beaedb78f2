#include <string.h>
#include <sys/socket.h>

#include "launcher_process.h"
#include "launcher_loop.h"

// A launcher must be a process of one thread, and small, since monitors work in its memory. So it is
// entered before anything of the Swift runtime starts: 101 is the first priority that is free.
__attribute__((constructor(101))) static void enter(int count, char **arguments, char **environment) {
  if (count < 1 || strcmp(arguments[0], FLOW_LAUNCHER_TITLE) != 0) return;
  // Anybody can give a program a name; a launcher also has somebody to listen to.
  int type = 0;
  socklen_t size = sizeof type;
  if (getsockopt(FLOW_LAUNCHER_REQUESTS, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return;
  flow_launcher_run(environment);
}
