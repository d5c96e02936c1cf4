/* A layer that fails and does not say why. */
#define BAD_NAME   "silent"
#define BAD_CREATE create
#define BAD_BUILD  say_nothing
#include <mcdrop/layer.h>

static int create(MCD_CREATE_ARGS)
{
    (void)host, (void)error;
    *self = NULL;
    return MCD_OK;
}

static mcd_val say_nothing(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in)
{
    (void)self, (void)g, (void)n, (void)in;
    return 0;
}

#include "bad.h"
