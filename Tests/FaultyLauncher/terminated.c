#include "faults.h"

#include "../../Sources/CLauncher/terminated.c"
