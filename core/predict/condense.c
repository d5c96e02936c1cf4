/* Recording what condenses passes. */
#include "core/predict/condense.h"

#include "core/network/resident.h"
#include "core/stats/leaf.h"

#include <math.h>

enum { LEVELS = 6 }; /* of the tree that joins MCD_MOST_JOINED blocks: log2 */

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

int mcd_condensed_is_finite(const struct mcd_moments_spec *spec, const double *values, int64_t rows)
{
    size_t count = (size_t)rows * mcd_leaf_width(spec);
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return 0;
    return 1;
}

int mcd_condense_read(const struct mcd_condensed *c, struct mcd_plan *plan, double *values,
                      int64_t *sums, struct mcd_error *error)
{
    int status = mcd_plan_read(plan, c->output[MCD_CONDENSED_VALUES], values, error);
    if (!status && c->noutputs > MCD_CONDENSED_SUMS)
        status = mcd_plan_read(plan, c->output[MCD_CONDENSED_SUMS], sums, error);
    return status;
}

int mcd_condense_check(const struct mcd_moments_spec *spec, const struct mcd_block *b,
                       uint32_t block_rows, struct mcd_error *error)
{
    size_t outputs = (size_t)spec->outputs, element = mcd_type_size(spec->type);
    int status = MCD_OK;
    for (int64_t row = 0; row < b->rows && !status; row++) {
        struct mcd_leaf_input in = {
            .row_samples = (const char *)b->samples + (size_t)row * outputs * element,
            .stride = block_rows * outputs,
            .row = b->first_row + row,
            .first = b->first_pass,
            .passes = b->passes,
        };
        status = mcd_leaf_check(spec, &in, error);
    }
    return status;
}
