/* A helper that is not static and weak, as those are that C++ compiles in line. */
#define BAD_NAME    "weak"
#define BAD_DESTROY destroy_weakly
#include <mcdrop/plugin.h>

MCD_EXPORT __attribute__((weak)) void destroy_weakly(const struct mcd_host *host, void *self);

void destroy_weakly(const struct mcd_host *host, void *self)
{
    (void)host, (void)self;
}

#include "working.h"
