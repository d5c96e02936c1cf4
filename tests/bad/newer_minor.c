/* Built for a later minor version, whose functions this core may not know. */
#define BAD_NAME "newer_minor"
#define BAD_ABI  (MCD_ABI + 1)
#include "bad.h"
