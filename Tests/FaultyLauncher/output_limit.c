#include "faults.h"

#include "../../Sources/CLauncher/output_limit.c"
