#include "faults.h"

#include "../../Sources/CLauncher/report.c"
