/* flatten: any shape as one vector. */
#include "stateless.h"

static mcd_val build(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in)
{
    (void)self;
    if (n != 1)
        return g->fail(g, "takes one input");
    struct mcd_shape x = mcd_shape_of(g, in[0]);
    return mcd_reshape(g, in[0], mcd_shape1(mcd_shape_count(&x)));
}

MCD_STATELESS_LAYER("flatten", "any shape as one vector");
