/* A constructor that fails, and leaves its memory behind. */
#define BAD_NAME   "create_leaks"
#define BAD_CREATE create_and_leak
#include <mcdrop/plugin.h>

static int create_and_leak(MCD_CREATE_ARGS)
{
    if (!mcd_self_create(host, 1, self, error))
        return MCD_NOMEM;
    return host->fail(error, MCD_DEVICE, BAD_NAME, "fails and leaks");
}

#include "bad.h"
