#include "faults.h"

#include "../../Sources/CLauncher/inbox.c"
