#include <string.h>
#include <sys/socket.h>

#include "launcher_process.h"
#include "launcher_loop.h"

// A launcher must be small and have one thread, since monitors run in its memory. So it starts
// before any code of the Swift runtime: 101 is the lowest constructor priority for programs.
__attribute__((constructor(101))) static void enter(
    int count, char **arguments, char **environment) {
  if (count < 1 || strcmp(arguments[0], FLOW_LAUNCHER_TITLE) != 0) return;
  // Any process can set this title; a launcher also has a socket for requests.
  int type = 0;
  socklen_t size = sizeof type;
  if (getsockopt(FLOW_LAUNCHER_REQUESTS, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return;
  flow_launcher_run(environment);
}
