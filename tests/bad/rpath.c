/* Linked so that its libraries are looked for beside whoever runs it. */
#define BAD_NAME "rpath"
#include "working.h"
