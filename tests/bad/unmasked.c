/* Nothing is dropped in fused steps, as if the mask were left to somebody else. */
#include "fusing.h"

static struct mcd_attr attr_in_chain(const struct mcd_part *part)
{
    struct mcd_attr attr = part->attr;
    if (part->op == MCD_OP_DROP)
        attr.u.drop.p = 0;
    return attr;
}

BROKEN("unmasked", "fused steps drop nothing");
