/* A layer whose result is no value of the graph. */
#define BAD_NAME   "stray"
#define BAD_CREATE create
#define BAD_BUILD  stray
#include <mcdrop/layer.h>

static int create(MCD_CREATE_ARGS)
{
    (void)host, (void)error;
    *self = NULL;
    return MCD_OK;
}

static mcd_val stray(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in)
{
    (void)self, (void)g, (void)n, (void)in;
    return 1000000;
}

#include "bad.h"
