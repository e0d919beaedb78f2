#include "faults.h"

#include "../../Sources/CLauncher/launcher_loop.c"
