#include "faults.h"

#include "../../Sources/CLauncher/collect.c"
