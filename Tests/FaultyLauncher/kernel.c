#include "faults.h"

#include "../../Sources/CLauncher/kernel.c"
