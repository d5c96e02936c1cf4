/* Built for an interface of another major version. */
#define BAD_NAME "wrong_major"
#define BAD_ABI  ((MCD_ABI_MAJOR + 1) << 16)
#include "bad.h"
