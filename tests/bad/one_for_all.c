/* There is one object, and every call gives it. */
#define BAD_NAME   "one_for_all"
#define BAD_CREATE create_the_one
#include <mcdrop/plugin.h>

static int create_the_one(MCD_CREATE_ARGS)
{
    static int the_one;
    (void)host, (void)error;
    *self = &the_one;
    return MCD_OK;
}

#include "working.h"
