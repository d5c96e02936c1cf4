/* Calls a function that nobody has. */
#define BAD_NAME    "unresolved"
#define BAD_DESTROY destroy_elsewhere
#include <mcdrop/plugin.h>

void mcd_nobody_has_this(void *self);

static void destroy_elsewhere(const struct mcd_host *host, void *self)
{
    (void)host;
    mcd_nobody_has_this(self);
}

#include "working.h"
