#include "faults.h"

#include "../../Sources/CLauncher/scrub.c"
