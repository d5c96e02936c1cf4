/* A descriptor without a licence. */
#define BAD_NAME    "wordless"
#define BAD_LICENCE ""
#include "working.h"
