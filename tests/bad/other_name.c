/* Calls itself by another name than its file. */
#define BAD_NAME "another"
#include "bad.h"
