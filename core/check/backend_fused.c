/* fused: what a backend computes as one step is what it computes in several. */
#include "core/check/backend_checks.h"

#include "core/check/conformance/step_trial.h"
#include "core/check/trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 5, PASSES = 4 };

/* A chain on some input; widths and images are odd. */
struct chain {
    const char *name;
    struct mcd_shape in;
    mcd_val (*build)(struct mcd_graph *, mcd_val x);
};

static mcd_val linear(struct mcd_graph *g, mcd_val x, const char *name, int64_t out)
{
    char bias[32];
    snprintf(bias, sizeof bias, "%s.bias", name);
    mcd_val w = mcd_param(g, name, mcd_shape2(out, mcd_shape_of(g, x).dim[0]), 0, 1);
    return mcd_linear(g, x, w, mcd_param(g, bias, mcd_shape1(out), 0, 1));
}

static mcd_val conv2d(struct mcd_graph *g, mcd_val x, int64_t out)
{
    const struct mcd_attr_conv conv = {{1, 1}, {1, 1}, {1, 1}};
    mcd_val k = mcd_param(g, "kernel", mcd_shape4(out, mcd_shape_of(g, x).dim[0], 3, 3), 0, 1);
    return mcd_conv2d(g, x, k, MCD_ABSENT, &conv);
}

static mcd_val dropped(struct mcd_graph *g, mcd_val x, double p)
{
    return mcd_drop(g, x, MCD_BERNOULLI, p, 1);
}

static mcd_val dropped_channels(struct mcd_graph *g, mcd_val x)
{
    struct mcd_shape s = mcd_shape_of(g, x);
    return mcd_drop(g, x, MCD_BERNOULLI, 0.5, s.dim[1] * s.dim[2]);
}

static mcd_val pooled(struct mcd_graph *g, mcd_val x)
{
    const struct mcd_attr_pool pool = {MCD_POOL_MAX, {2, 2}, {2, 2}, {0, 0}};
    return mcd_pool2d(g, x, &pool);
}

/* Every mask lies behind another one, so that all of it differs from pass to pass. */
static mcd_val build_linear(struct mcd_graph *g, mcd_val x)
{
    mcd_val y = mcd_map(g, MCD_TANH, linear(g, dropped(g, x, 0.2), "a", 129));
    return dropped(g, mcd_map(g, MCD_RELU, linear(g, dropped(g, y, 0.5), "b", 7)), 0.3);
}

/* Wide enough for several tiles, whose borders lie within units of three elements. */
static mcd_val build_wide(struct mcd_graph *g, mcd_val x)
{
    mcd_val y = mcd_map(g, MCD_TANH, linear(g, dropped(g, x, 0.2), "a", 600));
    y = mcd_drop(g, y, MCD_BERNOULLI, 0.5, 3);
    return dropped(g, mcd_map(g, MCD_TANH, linear(g, y, "b", 600)), 0.3);
}

static mcd_val build_affine(struct mcd_graph *g, mcd_val x)
{
    mcd_val y = mcd_affine(g, linear(g, dropped(g, x, 0.2), "a", 33), 2, 1);
    return dropped(g, mcd_map(g, MCD_SIGMOID, dropped(g, y, 0.5)), 0.2);
}

static mcd_val build_channels(struct mcd_graph *g, mcd_val x)
{
    return pooled(g, dropped_channels(g, conv2d(g, pooled(g, dropped_channels(g, x)), 11)));
}

static mcd_val build_pixels(struct mcd_graph *g, mcd_val x)
{
    return dropped(g, mcd_map(g, MCD_TANH, conv2d(g, dropped_channels(g, x), 5)), 0.4);
}

static const struct chain chains[] = {
    {"linear, map, drop", {1, {31}}, build_linear},
    {"wide linear, map, drop", {1, {31}}, build_wide},
    {"linear, affine, drop, map, drop", {1, {45}}, build_affine},
    {"conv2d, drop, pool2d", {3, {3, 14, 22}}, build_channels},
    {"conv2d, map, drop", {3, {5, 9, 7}}, build_pixels},
};

/*
 * Predicts a chain. Returns the values, or NULL; MCD_UNSUPPORTED is in t->error then, if it is
 * that.
 */
static double *predict(struct mcd_trial *t, const struct mcd_checking *c, const struct chain *chain,
                       int no_fusing, size_t *count, uint32_t *fused)
{
    mcd_trial_open(t, c->spec, 2, 1);
    if (t->error.code)
        return NULL;
    mcd_val x = mcd_graph_input(t->core, 0, chain->in, 0), y = chain->build(t->g, x);
    const struct mcd_plan_spec spec = {.rows = ROWS,
                                       .passes = PASSES,
                                       .noutputs = 1,
                                       .output = &y,
                                       .no_fusing = (uint32_t)no_fusing};
    t->seed = c->seed;
    if (mcd_trial_plan(t, &spec))
        return NULL;
    for (uint32_t s = 0; s < t->plan->nsteps; s++)
        *fused += t->plan->step[s].op == MCD_OP_FUSED;
    *count = mcd_trial_count(t, y);
    size_t n = mcd_trial_count(t, x);
    double *in = malloc(n * sizeof *in);
    for (size_t i = 0; in && i < n; i++)
        in[i] = mcd_trial_value(1, i);
    if (in && !mcd_trial_write(t, x, in))
        mcd_trial_run(t);
    free(in);
    return in ? mcd_trial_read(t, y) : NULL;
}

static int compare(struct mcd_checking *c, const struct chain *chain, const double *got,
                   const double *expected, size_t count)
{
    double largest = 0, most = mcd_step_trial_tolerance(c, MCD_F32, MCD_OP_LINEAR);
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(expected[i]));
    mcd_check_looked(c, count);
    for (size_t i = 0; i < count; i++)
        if (!(fabs(got[i] - expected[i]) <= most * largest) || (got[i] == 0) != (expected[i] == 0))
            return mcd_check_fail(c, chain->name,
                                  "in one step what single steps give: the same units dropped, "
                                  "values equal up to rounding",
                                  "element %zu of %u rows: %.9g fused, %.9g in single steps", i,
                                  ROWS * PASSES, got[i], expected[i]);
    return 0;
}

/* Plans of what the backend refuses are the matter of `claims`. */
static int judge(struct mcd_checking *c, const struct chain *chain, uint32_t *fused)
{
    struct mcd_trial one, several;
    size_t count = 0;
    uint32_t none = 0;
    double *got = predict(&one, c, chain, 0, &count, fused);
    double *expected = predict(&several, c, chain, 1, &count, &none);
    int refused = several.error.code == MCD_UNSUPPORTED, status = 0;
    if (!refused)
        status = mcd_check_status(c, chain->name, one.error.code, &one.error);
    if (!refused && !status)
        status = mcd_check_status(c, chain->name, several.error.code, &several.error);
    if (got && expected && !status)
        status = compare(c, chain, got, expected, count);
    free(got);
    free(expected);
    mcd_trial_close(&one);
    mcd_trial_close(&several);
    return status;
}

void mcd_backend_check_fused(struct mcd_checking *c)
{
    uint32_t fused = 0;
    int status = 0;
    for (size_t i = 0; i < sizeof chains / sizeof *chains && !status; i++)
        status = judge(c, &chains[i], &fused);
    if (!status && !fused)
        mcd_check_skip(c, "it does every step by itself");
}
