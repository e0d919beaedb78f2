#include "faults.h"

#include "../../Sources/CLauncher/spawn.c"
