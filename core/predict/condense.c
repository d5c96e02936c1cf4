/* Recording what condenses passes. */
#include "core/predict/condense.h"

#include "core/network/resident.h"
#include "core/stats/leaf.h"

enum { LEVELS = 8 }; /* of the tree: log2 of MCD_MOST_JOINED */

static int is_wanted(const struct mcd_network *n, const struct mcd_moments_spec *spec)
{
    return spec && mcd_moments_take_leaves(spec) && mcd_resident_is_useful(n);
}

static struct mcd_attr attr_of(const struct mcd_moments_spec *spec)
{
    struct mcd_attr attr = MCD_ATTR_ZERO;
    attr.u.moments.task = spec->task;
    attr.u.moments.group = spec->group;
    if (spec->meaning) {
        attr.u.moments.offset = spec->meaning->offset;
        attr.u.moments.scale = spec->meaning->scale;
    }
    return attr;
}

int mcd_condense_record(const struct mcd_network *network, const struct mcd_moments_spec *spec,
                        struct mcd_recording *recording, struct mcd_condensed *c,
                        struct mcd_error *error)
{
    struct mcd_graph_core *g = recording->graph;
    *c = (struct mcd_condensed){.noutputs = 1, .output = {recording->y}};
    if (!is_wanted(network, spec))
        return MCD_OK;
    struct mcd_attr attr = attr_of(spec);
    int64_t width = (int64_t)mcd_leaf_channels(spec), halves = spec->group > 1 ? 4 : 2;
    mcd_val channels = mcd_graph_op(g, MCD_OP_CHANNELS, 1, &recording->y, &attr);
    mcd_val tree = mcd_graph_memory(g, mcd_shape3(LEVELS, halves, width), MCD_F64);
    mcd_val in[] = {channels, tree};
    c->output[MCD_CONDENSED_VALUES] = mcd_graph_op(g, MCD_OP_MOMENTS, 2, in, &attr);
    c->noutputs = 2;
    if (spec->task == MCD_CLASSIFY) {
        mcd_val batches = mcd_graph_memory(g, mcd_shape2(MCD_BATCHES, width), MCD_I64);
        mcd_val add[] = {batches, channels};
        c->output[MCD_CONDENSED_SUMS] = mcd_graph_op(g, MCD_OP_SUMS, 2, add, &attr);
        c->noutputs = 3;
    }
    return mcd_graph_status(g, error);
}
