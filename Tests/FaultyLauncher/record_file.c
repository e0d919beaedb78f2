#include "faults.h"

#include "../../Sources/CLauncher/record_file.c"
