#include "faults.h"

#include "../../Sources/CLauncher/monitor_stack.c"
