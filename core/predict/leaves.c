/* Running blocks whose passes stay in the backend's memory. */
#include "core/predict/leaves.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/stats/leaf.h"

#include <math.h>

/* Blocks of the leaf that starts with block number `at`: a power of two that divides it. */
static uint32_t leaf_blocks(uint64_t at, uint32_t most)
{
    uint32_t size = 1;
    while (2 * size <= most && at % (2 * size) == 0)
        size *= 2;
    return size;
}

static uint32_t count_leaves(uint64_t first, uint32_t count)
{
    uint32_t leaves = 0;
    for (uint32_t i = 0; i < count; i += leaf_blocks(first + i, count - i))
        leaves++;
    return leaves;
}

/* Doubles of one leaf of all rows that are computed. */
static size_t leaf_size(const struct mcd_work *k)
{
    return k->f->block_rows * mcd_leaf_width(k->f->moments);
}

static int make_room(const struct mcd_work *k, struct mcd_leaves *l, uint32_t leaves,
                     struct mcd_error *error)
{
    size_t sums = k->f->block_rows * MCD_BATCHES * mcd_leaf_sums(k->f->moments);
    if (leaves <= l->room)
        return MCD_OK;
    mcd_leaves_release(k, l);
    l->values = mcd_host_zalloc(k->host, leaves * leaf_size(k) * sizeof *l->values, error);
    l->sums = mcd_host_zalloc(k->host, (sums + 1) * sizeof *l->sums, error);
    l->room = leaves;
    return l->values && l->sums ? MCD_OK : MCD_NOMEM;
}

void mcd_leaves_release(const struct mcd_work *k, struct mcd_leaves *l)
{
    k->host->release(k->host, l->values);
    k->host->release(k->host, l->sums);
    *l = (struct mcd_leaves){0};
}

/* `blocks` pass blocks, number i after the first and those that follow. */
static struct mcd_block part_of(const struct mcd_work *k, const struct mcd_block *first, uint32_t i,
                                uint32_t blocks)
{
    struct mcd_block b = *first;
    b.pass_block += i;
    b.first_pass = b.pass_block * k->f->block_passes;
    b.passes = (uint64_t)blocks * k->f->block_passes;
    b.samples = NULL;
    return b;
}

/* One leaf, on its way to `values` when this returns. */
static int run_leaf(const struct mcd_work *k, struct mcd_worker *w, const struct mcd_block *first,
                    uint32_t begin, uint32_t blocks, double *values, struct mcd_error *error)
{
    int status = MCD_OK;
    for (uint32_t i = 0; i < blocks && !status; i++) {
        struct mcd_block b = part_of(k, first, begin + i, 1);
        if (k->f->stop && *k->f->stop)
            return mcd_fail(error, MCD_STOPPED, "", "interrupted");
        status = mcd_worker_run(k, w, &b, (struct mcd_joining){i, begin + i}, error);
    }
    if (status)
        return status;
    return mcd_plan_fetch(w->plan, k->condensed.output[MCD_CONDENSED_VALUES], values, error);
}

/* All of them, and their sums. */
static int run_leaves(const struct mcd_work *k, struct mcd_worker *w, const struct mcd_block *first,
                      uint32_t count, struct mcd_leaves *l, struct mcd_error *error)
{
    double *values = l->values;
    int status = MCD_OK;
    for (uint32_t i = 0; i < count && !status; values += leaf_size(k)) {
        uint32_t blocks = leaf_blocks(first->pass_block + i, count - i);
        status = run_leaf(k, w, first, i, blocks, values, error);
        i += blocks;
    }
    if (!status && k->condensed.noutputs > MCD_CONDENSED_SUMS)
        status = mcd_plan_fetch(w->plan, k->condensed.output[MCD_CONDENSED_SUMS], l->sums, error);
    int synced = mcd_plan_sync(w->plan, status ? NULL : error); /* else values may still arrive */
    return status ? status : synced;
}

/* All values are finite where all outputs of all passes are. */
static int are_finite(const struct mcd_work *k, const struct mcd_leaves *l, uint32_t leaves,
                      int64_t rows)
{
    for (uint32_t i = 0; i < leaves; i++)
        for (size_t j = 0; j < (size_t)rows * mcd_leaf_width(k->f->moments); j++)
            if (!isfinite(l->values[i * leaf_size(k) + j]))
                return 0;
    return 1;
}

/* MCD_INVALID if a sample of the block is not finite. */
static int check_samples(const struct mcd_work *k, const struct mcd_block *b, const void *samples,
                         struct mcd_error *error)
{
    size_t outputs = (size_t)k->f->network->outputs;
    int status = MCD_OK;
    for (int64_t row = 0; row < b->rows && !status; row++) {
        struct mcd_leaf_input in = {
            .row_samples = (const char *)samples + (size_t)row * outputs * mcd_work_element(k),
            .stride = k->f->block_rows * outputs,
            .row = b->first_row + row,
            .first = b->first_pass,
            .passes = b->passes,
        };
        status = mcd_leaf_check(k->f->moments, &in, error);
    }
    return status;
}

/* Runs all blocks again and looks at their samples. */
static int find_infinite(const struct mcd_work *k, struct mcd_worker *w,
                         const struct mcd_block *first, uint32_t count, void *samples,
                         struct mcd_error *error)
{
    int status = MCD_OK;
    for (uint32_t i = 0; i < count && !status; i++) {
        struct mcd_block b = part_of(k, first, i, 1);
        status = mcd_worker_run(k, w, &b, (struct mcd_joining){0, 0}, error);
        if (!status)
            status = mcd_worker_read(k, w, samples, error);
        if (!status)
            status = check_samples(k, &b, samples, error);
    }
    return status;
}

int mcd_leaves_compute(const struct mcd_work *k, struct mcd_worker *w,
                       const struct mcd_block *first, uint32_t count, struct mcd_leaves *l,
                       void *samples, struct mcd_error *error)
{
    uint32_t leaves = count_leaves(first->pass_block, count);
    int status = make_room(k, l, leaves, error);
    if (!status)
        status = run_leaves(k, w, first, count, l, error);
    if (!status && !are_finite(k, l, leaves, first->rows))
        status = find_infinite(k, w, first, count, samples, error);
    return status;
}

int mcd_leaves_hand_on(const struct mcd_work *k, const struct mcd_block *first, uint32_t count,
                       const struct mcd_leaves *l, struct mcd_error *error)
{
    const double *values = l->values;
    int status = MCD_OK;
    for (uint32_t i = 0; i < count && !status; values += leaf_size(k)) {
        uint32_t blocks = leaf_blocks(first->pass_block + i, count - i);
        struct mcd_block b = part_of(k, first, i, blocks);
        i += blocks;
        b.values = values;
        b.sums = i == count ? l->sums : NULL;
        status = k->f->sink(k->f->arg, &b, error);
    }
    return status;
}
