/*
 * Fused steps: which chains a plan makes one step, what happens where a backend refuses them, and
 * that every backend computes in one step what it computes in several, and what the reference does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/rig.h"
#include "tests/spy.h"

#include "core/base/host.h"
#include "core/graph/gradient.h"

#include <mcdrop/model.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/recordings.h"

static char fusing[1024], unmasked[1024]; /* of tests/bad/, in f64 */
static char cuda[1024];                   /* on a CUDA without a card */

/* The others may not be built. */
static const char *const backends[] = {fusing, "openblas", "onednn", cuda};

/* ---- chains on odd shapes -------------------------------------------------------------------- */

static mcd_val drop_span(struct mcd_trial *r, mcd_val x, double p, int64_t span)
{
    return mcd_drop(r->g, x, MCD_BERNOULLI, p, span);
}

static mcd_val linear(struct mcd_trial *r, const char *name, mcd_val x, int out)
{
    return mcd_layer(r->g, name, x, "linear:out=%d", out);
}

/* Of widths that no tile, word or register divides. */
static mcd_val build_linear(struct mcd_trial *r, mcd_val x)
{
    static const int widths[] = {1, 7, 33, 129, 300};
    x = drop_span(r, linear(r, "in", x, 45), 0.2, 1);
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        char name[16];
        snprintf(name, sizeof name, "a%zu", i);
        mcd_val y = linear(r, name, x, widths[i]);
        y = drop_span(r, mcd_map(r->g, i % 2 ? MCD_TANH : MCD_RELU, y), i % 2 ? 0.5 : 0.2, 1);
        snprintf(name, sizeof name, "b%zu", i);
        x = mcd_add(r->g, x, linear(r, name, y, 45));
    }
    return x;
}

/* Several masks, a scale, none and all dropped. */
static mcd_val build_masks(struct mcd_trial *r, mcd_val x)
{
    mcd_val y = linear(r, "a", drop_span(r, x, 0.5, 1), 600);
    y = drop_span(r, mcd_map(r->g, MCD_GELU, drop_span(r, y, 0.3, 2)), 0.7, 1);
    mcd_val z = drop_span(r, mcd_affine(r->g, linear(r, "b", y, 66), 2, 1), 0, 1);
    return mcd_add(r->g, linear(r, "c", z, 4),
                   drop_span(r, mcd_map(r->g, MCD_SIGMOID, linear(r, "d", z, 4)), 1, 1));
}

static mcd_val pool(struct mcd_trial *r, mcd_val x, int64_t kind, int64_t window, int64_t stride,
                    int64_t pad)
{
    const struct mcd_attr_pool attr = {kind, {window, window}, {stride, stride}, {pad, pad}};
    return mcd_pool2d(r->g, x, &attr);
}

/* Channels and single pixels dropped before and after convolutions, pooled in all ways. */
static mcd_val build_images(struct mcd_trial *r, mcd_val x)
{
    x = mcd_layer(r->g, "c1", x, "conv2d:out=9,kernel=3,pad=1");             /* 9 x 13 x 11 */
    x = pool(r, drop_span(r, x, 0.5, 13 * 11), MCD_POOL_MAX, 2, 2, 0);       /* 6 x 5 */
    x = mcd_layer(r->g, "c2", x, "conv2d:out=35,kernel=3,pad=1,stride=1");   /* 35 x 6 x 5 */
    mcd_val y = pool(r, drop_span(r, x, 0.4, 6 * 5), MCD_POOL_MAX, 3, 2, 1); /* 3 x 3 */
    mcd_val c = mcd_layer(r->g, "c3", y, "conv2d:out=6,kernel=2,dilation=2,pad=1"); /* 3 x 3 */
    mcd_val a = pool(r, mcd_map(r->g, MCD_RELU, drop_span(r, c, 0.3, 1)), MCD_POOL_MEAN, 2, 1, 0);
    mcd_val b = mcd_layer(r->g, "c4", y, "conv2d:out=6,kernel=2,bias=no"); /* 2 x 2 */
    return mcd_add(r->g, a, drop_span(r, mcd_map(r->g, MCD_TANH, b), 0.5, 2));
}

/* Planes large enough to leave dropped ones out of the products. */
static mcd_val build_thinned(struct mcd_trial *r, mcd_val x)
{
    x = mcd_layer(r->g, "c1", x, "conv2d:out=7,kernel=5,pad=2");
    x = drop_span(r, x, 0.5, 13 * 11);
    x = mcd_layer(r->g, "c2", x, "conv2d:out=11,kernel=3,pad=1");
    x = mcd_map(r->g, MCD_TANH, drop_span(r, x, 0.5, 13 * 11));
    return mcd_layer(r->g, "c3", x, "conv2d:out=3,kernel=3,stride=2");
}

static const struct recording chains[] = {
    {"linear", build_linear, {1, {31}}},
    {"masks", build_masks, {1, {40}}},
    {"images", build_images, {3, {2, 13, 11}}},
    {"thinned", build_thinned, {3, {1, 13, 11}}},
};

enum { CHAINS = sizeof chains / sizeof *chains, ALL = CHAINS + RECORDINGS };

static const struct recording *one(int i)
{
    return i < CHAINS ? &chains[i] : &recordings[i - CHAINS];
}

/* ---- results --------------------------------------------------------------------------------- */

struct outcome {
    double *y;
    size_t n;
    uint32_t steps, fused;
};

/* What is special in a prediction. */
struct odd {
    uint32_t rows;
    int bits;   /* the first site's are given */
    int broken; /* a NaN and an infinity among the inputs, another one in a parameter */
};

static void make_odd(struct mcd_trial *r, mcd_val x, const struct odd *odd)
{
    size_t n = mcd_trial_count(r, x), count;
    if (!odd->broken)
        return;
    double *in = rig_read(r, x);
    in[n / 3] = NAN;
    in[2 * n / 3] = INFINITY;
    rig_write(r, x, in);
    free(in);
    if (!r->store->count)
        return;
    const char *name = r->store->entry[r->store->count / 2].name;
    double *weights = rig_get(r, name, &count);
    weights[count / 2] = INFINITY;
    rig_set(r, name, weights);
    free(weights);
}

static struct outcome predict(const struct recording *c, const char *backend, int no_fusing,
                              const struct odd *odd)
{
    struct mcd_trial r;
    struct outcome o = {0};
    static uint32_t words[1 << 14];
    const uint32_t *bits[16] = {words};
    mcd_val x;
    rig_open(&r, backend, 2, 1);
    mcd_val y = record(&r, c, &x);
    rig_plan(&r, &(struct mcd_plan_spec){.rows = odd->rows,
                                         .passes = PASSES,
                                         .noutputs = 1,
                                         .output = &y,
                                         .no_fusing = (uint32_t)no_fusing});
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        words[i] = mcd_philox(7, (uint32_t)i, 0, 0, 0).w[0];
    r.run.bits = odd->bits ? bits : NULL;
    rig_fill(&r, x, 100);
    make_odd(&r, x, odd);
    rig_run(&r);
    o.y = rig_read(&r, y);
    o.n = mcd_trial_count(&r, y);
    for (o.steps = 0; o.steps < r.plan->nsteps; o.steps++)
        o.fused += r.plan->step[o.steps].op == MCD_OP_FUSED;
    rig_close(&r);
    return o;
}

/* Equal where dropped, NaN or infinite, near elsewhere. Returns how many are not. */
static size_t differences(const struct outcome *a, const struct outcome *b)
{
    double largest = 0;
    size_t bad = 0;
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++)
        largest = isfinite(b->y[i]) ? fmax(largest, fabs(b->y[i])) : largest;
    for (size_t i = 0; i < a->n; i++) {
        int finite = isfinite(a->y[i]) && isfinite(b->y[i]);
        int same = isnan(a->y[i]) ? isnan(b->y[i]) : a->y[i] == b->y[i];
        bad += finite ? fabs(a->y[i] - b->y[i]) > 1e-5 * largest : !same;
    }
    return bad;
}

static int is_there(const char *backend)
{
    struct mcd_error e = {0};
    struct mcd_item *item;
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    int there = mcd_item_open(host, MCD_BACKEND, backend, &item, &e) == MCD_OK;
    if (there)
        mcd_item_close(host, item);
    mcd_host_destroy(host);
    return there;
}

/* On each backend fused and split plans give the reference's values. */
static void fused_is_split(const struct odd *odd)
{
    assert_true(is_there(fusing));
    for (size_t b = 0; b < sizeof backends / sizeof *backends; b++)
        for (int i = 0; i < ALL && is_there(backends[b]); i++) {
            struct outcome right = predict(one(i), f64, 1, odd);
            for (int split = 0; split < 2; split++) {
                struct outcome got = predict(one(i), backends[b], split, odd);
                size_t bad = differences(&got, &right);
                if (bad)
                    fail_msg("%s on %s, %s: %zu of %zu values differ", one(i)->name, backends[b],
                             split ? "split" : "fused", bad, got.n);
                assert_true(split ? !got.fused : i >= CHAINS || got.fused > 0);
                free(got.y);
            }
            free(right.y);
        }
}

static void values_are_those_of_single_steps(void **state)
{
    (void)state;
    fused_is_split(&(struct odd){.rows = ROWS});
}

static void over_many_rows(void **state)
{
    (void)state;
    fused_is_split(&(struct odd){.rows = getenv("MCDROP_FAST") ? 5 : 131});
}

static void with_bits_of_a_sampler(void **state)
{
    (void)state;
    fused_is_split(&(struct odd){.rows = ROWS, .bits = 1});
}

static void with_nan_and_infinities(void **state)
{
    (void)state;
    fused_is_split(&(struct odd){.rows = ROWS, .broken = 1});
}

/* The comparison notices a backend whose fused steps drop nothing. */
static void wrong_fusing_is_noticed(void **state)
{
    (void)state;
    const struct odd odd = {.rows = ROWS};
    for (int i = 0; i < CHAINS; i++) {
        struct outcome right = predict(&chains[i], f64, 0, &odd);
        struct outcome split = predict(&chains[i], unmasked, 1, &odd);
        struct outcome wrong = predict(&chains[i], unmasked, 0, &odd);
        assert_int_equal(differences(&split, &right), 0);
        assert_true(differences(&wrong, &right) > 0);
        free(right.y);
        free(split.y);
        free(wrong.y);
    }
}

/* ---- which steps ----------------------------------------------------------------------------- */

/* The parts of a step as text: "conv2d+drop+pool2d". */
static void describe(const struct mcd_step *s, char *text, size_t size)
{
    static const char *const names[] = {
        [MCD_OP_LINEAR] = "linear", [MCD_OP_CONV2D] = "conv2d", [MCD_OP_POOL2D] = "pool2d",
        [MCD_OP_MAP] = "map",       [MCD_OP_BINARY] = "binary", [MCD_OP_DROP] = "drop"};
    int n = snprintf(text, size, "%s", s->nparts ? "" : names[s->op]);
    for (uint32_t i = 0; i < s->nparts; i++)
        n += snprintf(text + n, size - (size_t)n, "%s%s", i ? "+" : "", names[s->part[i].op]);
}

static void check_steps(mcd_val (*build)(struct mcd_trial *, mcd_val), struct mcd_shape in,
                        uint32_t most_parts, const char *expected)
{
    struct spy spy;
    struct mcd_item *inner;
    struct mcd_trial r;
    char text[1024] = "";
    struct mcd_host *host = open_inner(&spy, &inner, fusing);
    spy.most_parts = most_parts;
    rig_open_item(&r, host, &spy.item, 1);
    const struct recording c = {"steps", build, in};
    mcd_val x, y = record(&r, &c, &x);
    rig_plan(&r,
             &(struct mcd_plan_spec){.rows = ROWS, .passes = PASSES, .noutputs = 1, .output = &y});
    for (uint32_t s = 0; s < r.plan->nsteps; s++) {
        size_t n = strlen(text);
        n += (size_t)snprintf(text + n, sizeof text - n, "%s",
                              s == 0                 ? ""
                              : s == r.plan->nprefix ? " | "
                                                     : " ");
        describe(&r.plan->step[s], text + n, sizeof text - n);
    }
    assert_string_equal(text, expected);
    assert_int_equal(spy.unclean, 0);
    rig_close(&r);
    close_inner(host, &spy, inner);
}

static void chains_are_as_long_as_can_be(void **state)
{
    (void)state;
    check_steps(build_lenet, mcd_shape2(12, 12), 0,
                "conv2d | drop+pool2d conv2d+drop+pool2d linear+map+drop linear");
    check_steps(build_mlp, mcd_shape2(6, 5), 0, "drop linear+map+drop linear+map linear");
}

/* What is refused is offered in shorter pieces; what was cut off stays together. */
static void refused_chains_are_cut(void **state)
{
    (void)state;
    check_steps(build_lenet, mcd_shape2(12, 12), 2,
                "conv2d | drop+pool2d conv2d+drop pool2d linear+map drop linear");
    check_steps(build_lenet, mcd_shape2(12, 12), 1,
                "conv2d | drop pool2d conv2d drop pool2d linear map drop linear");
}

static mcd_val build_long(struct mcd_trial *r, mcd_val x)
{
    x = linear(r, "a", drop(r, x), 5);
    for (int i = 0; i < 20; i++)
        x = mcd_map(r->g, MCD_TANH, x);
    return x;
}

/* A backend that refuses all is not asked for every length of very long ones. */
static void chains_have_16_parts_at_most(void **state)
{
    (void)state;
    check_steps(build_long, mcd_shape1(5), 0,
                "drop linear+map+map+map+map+map+map+map+map+map+map+map+map+map+map+map "
                "map+map+map+map+map");
}

static mcd_val build_forked(struct mcd_trial *r, mcd_val x)
{
    mcd_val a = mcd_map(r->g, MCD_TANH, linear(r, "a", drop(r, x), 5));
    return mcd_add(r->g, a, drop(r, a));
}

static void what_others_read_ends_a_chain(void **state)
{
    (void)state;
    check_steps(build_forked, mcd_shape1(5), 0, "drop linear+map drop binary");
}

/* An output is read by whoever asked for it. */
static void outputs_end_a_chain(void **state)
{
    (void)state;
    struct mcd_trial r;
    rig_open(&r, fusing, 1, 1);
    mcd_val x = rig_input(&r, mcd_shape1(5)), y[2];
    y[0] = mcd_map(r.g, MCD_TANH, linear(&r, "a", drop(&r, x), 5));
    y[1] = drop(&r, y[0]);
    rig_plan(&r, &(struct mcd_plan_spec){.rows = 2, .passes = 3, .noutputs = 2, .output = y});
    rig_fill(&r, x, 100);
    rig_run(&r);
    double *all = rig_read(&r, y[0]), *kept = rig_read(&r, y[1]);
    for (int i = 0; i < 2 * 3 * 5; i++)
        assert_true(kept[i] == 0 || fabs(kept[i] - all[i] / 0.6) < 1e-12);
    free(all);
    free(kept);
    rig_close(&r);
}

/* ---- training -------------------------------------------------------------------------------- */

/* Losses of some updates. */
static void train(const char *backend, const struct recording *c, int no_fusing, double loss[4])
{
    struct mcd_trial r;
    struct mcd_error e = {0};
    const struct mcd_update u = {MCD_SGD, 0.05, 0, 0};
    mcd_val x, y, target, value;
    rig_open(&r, backend, 2, 1);
    y = record(&r, c, &x);
    target = rig_target(&r, mcd_shape_of(r.g, y), 0);
    assert_ok(mcd_graph_training(r.core, MCD_REGRESS, y, target, &u, &value, &e), e);
    rig_plan(&r, &(struct mcd_plan_spec){.rows = 37,
                                         .passes = 1,
                                         .training = 1,
                                         .noutputs = 1,
                                         .output = &value,
                                         .no_fusing = (uint32_t)no_fusing});
    for (uint32_t i = 0; i < 4; i++) {
        rig_fill(&r, x, 100);
        rig_fill(&r, target, 101);
        r.run.update = i;
        rig_run(&r);
        double *l = rig_read(&r, value);
        loss[i] = *l;
        free(l);
    }
    rig_close(&r);
}

static void training_is_the_same(void **state)
{
    (void)state;
    assert_true(is_there(fusing));
    for (size_t b = 0; b < sizeof backends / sizeof *backends; b++)
        for (int i = 0; i < CHAINS && is_there(backends[b]); i++) {
            double right[4], fused[4], split[4];
            train(f64, &chains[i], 1, right);
            train(backends[b], &chains[i], 0, fused);
            train(backends[b], &chains[i], 1, split);
            for (int k = 0; k < 4; k++)
                if (fabs(fused[k] - right[k]) > 1e-4 * right[k] ||
                    fabs(split[k] - right[k]) > 1e-4 * right[k])
                    fail_msg("%s on %s, update %d: the loss is %.9g fused, %.9g split, expected "
                             "%.9g",
                             chains[i].name, backends[b], k, fused[k], split[k], right[k]);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_those_of_single_steps),
        cmocka_unit_test(over_many_rows),
        cmocka_unit_test(with_bits_of_a_sampler),
        cmocka_unit_test(with_nan_and_infinities),
        cmocka_unit_test(wrong_fusing_is_noticed),
        cmocka_unit_test(chains_are_as_long_as_can_be),
        cmocka_unit_test(refused_chains_are_cut),
        cmocka_unit_test(chains_have_16_parts_at_most),
        cmocka_unit_test(what_others_read_ends_a_chain),
        cmocka_unit_test(outputs_end_a_chain),
        cmocka_unit_test(training_is_the_same),
    };
    const char *bad = getenv("MCDROP_BAD_PLUGINS"), *built = getenv("MCDROP_TEST_BUILDDIR");
    snprintf(fusing, sizeof fusing, "%s/fusing.so:precision=f64", bad);
    snprintf(unmasked, sizeof unmasked, "%s/unmasked.so:precision=f64", bad);
    snprintf(cuda, sizeof cuda, "%s/cuda/module/.libs/cuda.so", built);
    return cmocka_run_group_tests_name("fused", tests, NULL, NULL);
}
