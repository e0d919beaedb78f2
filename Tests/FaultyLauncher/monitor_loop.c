#include "faults.h"

#include "../../Sources/CLauncher/monitor_loop.c"
