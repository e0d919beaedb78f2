#include "faults.h"

#include "../../Sources/CLauncher/children.c"
