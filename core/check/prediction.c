/* What a layer or model does in predictions: weight averaging, and rows for themselves. */
#include "core/base/host.h"
#include "core/check/outcome.h"
#include "core/check/recorders.h"

#include <stdio.h>

static const char f64[] = "reference:precision=f64";

static struct mcd_outcome_order order_of(const struct mcd_checking *c, const struct mcd_input *in,
                                         uint32_t stochastic)
{
    return (struct mcd_outcome_order){.c = c,
                                      .input = in,
                                      .backend = f64,
                                      .threads = 1,
                                      .stochastic = stochastic,
                                      .rows = 1,
                                      .passes = 1};
}

static int find(struct mcd_checking *c, const struct mcd_outcome_order *o, const char *where,
                struct mcd_outcome *out)
{
    struct mcd_error e = {0};
    return mcd_check_status(c, where, mcd_outcome_find(o, out, &e), &e);
}

static int check_finite(struct mcd_checking *c, const char *where, const struct mcd_outcome *out)
{
    const struct mcd_outcome_value *output = &out->value[0];
    size_t i;
    mcd_check_looked(c, output->count);
    if (!mcd_outcome_is_odd(output, &i))
        return 0;
    return mcd_check_fail(c, where, "finite outputs for inputs in (-1, 1)", "element %zu is %g", i,
                          output->at[i]);
}

/* ---- weight averaging ------------------------------------------------------------------------ */

/* The mean network is recorded without noise: other random numbers change nothing. */
static int check_mean(struct mcd_checking *c, const struct mcd_input *in, const char *where)
{
    struct mcd_outcome_order o = order_of(c, in, 0);
    struct mcd_outcome first, other = {0};
    size_t i;
    o.rows = 3;
    int status = find(c, &o, where, &first);
    o.first_pass = 1;
    if (!status)
        status = find(c, &o, where, &other);
    if (!status && mcd_outcome_distance(&first.value[0], &other.value[0], &i) > 0)
        status = mcd_check_fail(c, where, "the same output again in weight averaging",
                                "element %zu is %.17g and %.17g", i, first.value[0].at[i],
                                other.value[0].at[i]);
    if (!status)
        status = check_finite(c, where, &first);
    mcd_outcome_clear(&first);
    mcd_outcome_clear(&other);
    return status;
}

static int record_shape(const struct mcd_checking *c, const struct mcd_host *host,
                        const struct mcd_input *in, int stochastic, struct mcd_shape *shape)
{
    struct mcd_graph_core *g = mcd_graph_create(host, stochastic);
    struct mcd_recorded r;
    struct mcd_error e = {0};
    int status = !g || mcd_input_record(c, g, in, &r, &e);
    if (!status)
        *shape = g->node[r.y].shape;
    mcd_graph_destroy(g);
    return status;
}

static int check_shape(struct mcd_checking *c, const struct mcd_input *in, const char *where)
{
    struct mcd_shape noisy, mean;
    char a[MCD_SHAPE_TEXT], b[MCD_SHAPE_TEXT];
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, NULL);
    int status =
        host ? record_shape(c, host, in, 1, &noisy) || record_shape(c, host, in, 0, &mean) : -1;
    mcd_host_destroy(host);
    if (status || mcd_shape_equal(&noisy, &mean))
        return status;
    return mcd_check_fail(c, where, "an output of one shape with g->stochastic 1 and 0",
                          "%s and %s", mcd_shape_text(&noisy, a), mcd_shape_text(&mean, b));
}

static int check_averaging(struct mcd_checking *c, const struct mcd_input *in, void *arg)
{
    char text[MCD_INPUT_TEXT], where[MCD_INPUT_TEXT + 40];
    (void)arg;
    snprintf(where, sizeof where, "%s, g->stochastic 0", mcd_input_text(in, text));
    return check_mean(c, in, where) || check_shape(c, in, where);
}

void mcd_check_averaging(struct mcd_checking *c)
{
    mcd_inputs_each(c, check_averaging, NULL);
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* Row number `row` alone, against its place in a batch that begins with row 0. */
static int check_row(struct mcd_checking *c, const struct mcd_outcome_order *batch,
                     const struct mcd_outcome_value *all, uint32_t row, const char *where)
{
    struct mcd_outcome_order o = *batch;
    struct mcd_outcome alone;
    size_t i, n = all->count / batch->rows;
    o.rows = 1;
    o.first_row = row;
    int status = find(c, &o, where, &alone);
    if (!status) {
        struct mcd_outcome_value here = {.count = n, .at = all->at + row * n};
        double distance = mcd_outcome_distance(&alone.value[0], &here, &i);
        mcd_check_looked(c, n);
        if (!(distance <= 1e-12))
            status = mcd_check_fail(
                c, where, "in a prediction a row's answer does not depend on the rows beside it",
                "row %u, element %zu is %.12g alone and %.12g in a batch of %u", row, i,
                i < alone.value[0].count ? alone.value[0].at[i] : 0, i < n ? here.at[i] : 0,
                batch->rows);
    }
    mcd_outcome_clear(&alone);
    return status;
}

static int check_batch(struct mcd_checking *c, const struct mcd_input *in, uint32_t rows)
{
    struct mcd_outcome_order o = order_of(c, in, 1);
    struct mcd_outcome batch;
    char text[MCD_INPUT_TEXT], where[MCD_INPUT_TEXT + 80];
    o.rows = rows;
    snprintf(where, sizeof where, "%s, %u rows in a prediction", mcd_input_text(in, text), rows);
    int status = find(c, &o, where, &batch);
    if (!status)
        status = check_finite(c, where, &batch);
    for (uint32_t row = 0; !status && row < rows; row++)
        status = check_row(c, &o, &batch.value[0], row, where);
    mcd_outcome_clear(&batch);
    return status;
}

/* One row has no variance: what needs one may refuse it. */
static int check_training(struct mcd_checking *c, const struct mcd_input *in, uint32_t rows)
{
    struct mcd_outcome_order o = order_of(c, in, 1);
    struct mcd_outcome batch;
    struct mcd_error e = {0};
    char text[MCD_INPUT_TEXT], where[MCD_INPUT_TEXT + 40];
    o.rows = rows;
    o.training = 1;
    snprintf(where, sizeof where, "%s, %u rows in training", mcd_input_text(in, text), rows);
    int status = mcd_outcome_find(&o, &batch, &e);
    if (rows > 1 || status != MCD_INVALID)
        status = mcd_check_status(c, where, status, &e) || check_finite(c, where, &batch) ? -1 : 0;
    else
        status = 0;
    mcd_outcome_clear(&batch);
    return status;
}

static int check_rows(struct mcd_checking *c, const struct mcd_input *in, void *arg)
{
    static const uint32_t sizes[] = {1, 3, 8};
    int status = 0;
    (void)arg;
    for (size_t k = 0; !status && k < sizeof sizes / sizeof *sizes - (c->quick != 0); k++)
        status = check_training(c, in, sizes[k]) || check_batch(c, in, sizes[k]);
    return status;
}

void mcd_check_single(struct mcd_checking *c)
{
    mcd_inputs_each(c, check_rows, NULL);
}
