/* A helper that is not static. */
#define BAD_NAME    "exports"
#define BAD_DESTROY destroy_in_public
#include <mcdrop/plugin.h>

MCD_EXPORT void destroy_in_public(const struct mcd_host *host, void *self);

void destroy_in_public(const struct mcd_host *host, void *self)
{
    (void)host, (void)self;
}

#include "working.h"
