/* A kind of plugin that there is not. */
#define BAD_NAME "unknown_kind"
#define BAD_KIND 99
#include "bad.h"
