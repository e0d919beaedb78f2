// The clone itself: its callers ask for faults.
#include "../../Sources/CLauncher/calls.c"
