/* A constructor that fails, and leaves nothing behind. */
#define BAD_NAME   "create_fails"
#define BAD_CREATE create_and_fail
#include <mcdrop/plugin.h>

static int create_and_fail(MCD_CREATE_ARGS)
{
    if (!mcd_self_create(host, 1, self, error))
        return MCD_NOMEM;
    mcd_self_destroy(host, *self);
    return host->fail(error, MCD_DEVICE, BAD_NAME, "fails always");
}

#include "bad.h"
