/* softmax: exponentials over the last dimension, divided by their sum. */
#include "stateless.h"

static mcd_val build(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in)
{
    (void)self;
    return n == 1 ? mcd_softmax(g, in[0]) : g->fail(g, "takes one input");
}

MCD_STATELESS_LAYER("softmax", "probabilities from logits");
