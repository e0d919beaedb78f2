#include "faults.h"

#include "../../Sources/CLauncher/process_status.c"
