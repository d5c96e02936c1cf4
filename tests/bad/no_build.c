/* A layer that cannot build. */
#define BAD_NAME  "no_build"
#define BAD_BUILD NULL
#include "bad.h"
