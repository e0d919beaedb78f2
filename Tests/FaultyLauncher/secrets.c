#include "faults.h"

#include "../../Sources/CLauncher/secrets.c"
