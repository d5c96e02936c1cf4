/*
 * For tests of plans: recordings with everything that a plan can cut, place and share.
 *
 * Include after cmocka.h. Static inline, so that every test program stays one file.
 */
#ifndef TESTS_RECORDINGS_H
#define TESTS_RECORDINGS_H

#include "tests/blend.h"
#include "tests/rig.h"
#include "tests/spy.h"

#include "core/base/host.h"
#include "core/graph/gradient.h"

#include <math.h>
#include <string.h>

#include "tests/scratch.h"

enum { ROWS = 3, PASSES = 4 };

static const char f32[] = "reference", f64[] = "reference:precision=f64";

static inline void check_same(const char *what, const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(a[i]))
            fail_msg("%s: element %zu is %g", what, i, a[i]);
        if (memcmp(&a[i], &b[i], sizeof *a) != 0)
            fail_msg("%s: element %zu is %.17g and %.17g", what, i, a[i], b[i]);
    }
}

struct recording {
    const char *name;
    mcd_val (*build)(struct mcd_trial *r, mcd_val x);
    struct mcd_shape in;
};

static inline mcd_val drop(struct mcd_trial *r, mcd_val x)
{
    return mcd_drop(r->g, x, MCD_BERNOULLI, 0.4, 1);
}

static inline mcd_val build_mlp(struct mcd_trial *r, mcd_val x)
{
    return rig_model(r, "mlp:hidden=9x7,classes=4", x);
}

static inline mcd_val build_gaussian(struct mcd_trial *r, mcd_val x)
{
    return rig_model(r, "mlp:hidden=9x7,classes=4,noise=gaussian,activation=relu", x);
}

static inline mcd_val build_lenet(struct mcd_trial *r, mcd_val x)
{
    return rig_model(r, "lenet:classes=4", x);
}

/* What the passes share is read beside what is their own. */
static inline mcd_val build_residual(struct mcd_trial *r, mcd_val x)
{
    mcd_val a = mcd_layer(r->g, "a", x, "linear:out=6");
    mcd_val b = mcd_layer(r->g, "b", mcd_layer(r->g, "t", a, "tanh"), "linear:out=6");
    mcd_val y = mcd_add(r->g, a, drop(r, b));
    mcd_val z = mcd_add(r->g, y, mcd_layer(r->g, "c", drop(r, y), "linear:out=6"));
    return mcd_layer(r->g, "d", z, "linear:out=3");
}

/* The input itself is shared, and read late. */
static inline mcd_val build_input_late(struct mcd_trial *r, mcd_val x)
{
    mcd_val y = mcd_layer(r->g, "a", drop(r, x), "linear:out=5");
    y = mcd_map(r->g, MCD_SIGMOID, mcd_layer(r->g, "b", drop(r, y), "linear:out=5"));
    return mcd_sub(r->g, x, mcd_mul(r->g, y, x));
}

/* One shared value, several readers of its copies, as either operand and reshaped. */
static inline mcd_val build_readers(struct mcd_trial *r, mcd_val x)
{
    mcd_val s = mcd_layer(r->g, "a", x, "linear:out=6");
    mcd_val image = mcd_reshape(r->g, s, mcd_shape3(1, 2, 3)), n = mcd_noise(r->g, MCD_UNIFORM, s);
    mcd_val y = mcd_div(r->g, n, mcd_map(r->g, MCD_EXP, s));
    y = mcd_add(r->g, mcd_mul(r->g, s, y), mcd_sub(r->g, y, s));
    mcd_val z = mcd_mul(r->g, image, mcd_reshape(r->g, y, mcd_shape3(1, 2, 3)));
    z = mcd_add(r->g, image, z);
    return mcd_reshape(r->g, z, mcd_shape1(6));
}

/* Values without rows on both sides of the cut, one of them with noise of its own in each row. */
static inline mcd_val build_rowless(struct mcd_trial *r, mcd_val x)
{
    mcd_val p = mcd_param(r->g, "p", mcd_shape1(5), 0, 1), q = mcd_map(r->g, MCD_SIGMOID, p);
    mcd_val n = mcd_noise(r->g, MCD_GAUSSIAN, p);
    mcd_val y = mcd_mul(r->g, drop(r, q), mcd_add(r->g, x, mcd_mul(r->g, n, q)));
    return mcd_mul(r->g, y, mcd_softmax(r->g, q));
}

/* Elementwise steps that could all work in place, over values that are needed again. */
static inline mcd_val build_in_place(struct mcd_trial *r, mcd_val x)
{
    mcd_val a = mcd_map(r->g, MCD_TANH, x), b = mcd_affine(r->g, a, 2, 1);
    mcd_val c = mcd_map(r->g, MCD_SIGMOID, b), d = drop(r, c), e = mcd_affine(r->g, d, -1, 0.5);
    mcd_val f = mcd_map(r->g, MCD_EXP, e), h = drop(r, f);
    mcd_val y = mcd_add(r->g, mcd_mul(r->g, h, a), mcd_mul(r->g, c, d));
    return mcd_add(r->g, mcd_map(r->g, MCD_SOFTPLUS, y), mcd_map(r->g, MCD_GELU, y));
}

static inline mcd_val build_whole_input(struct mcd_trial *r, mcd_val x)
{
    return drop(r, x);
}

/*
 * A layer's own function of what passes share, what they do not, and what has no rows; others
 * follow.
 */
static inline mcd_val build_custom(struct mcd_trial *r, mcd_val x)
{
    mcd_val s = mcd_layer(r->g, "a", x, "linear:out=4");
    mcd_val in[3] = {mcd_map(r->g, MCD_TANH, s), drop(r, s),
                     mcd_param(r->g, "p", mcd_shape2(2, 2), 0, 1)};
    mcd_val y = mcd_custom(r->g, &blend, &blend_factor, 3, in, mcd_shape2(2, 2));
    return mcd_reshape(r->g, drop(r, mcd_map(r->g, MCD_TANH, y)), mcd_shape1(4));
}

static const struct recording recordings[] = {
    {"mlp", build_mlp, {2, {6, 5}}},
    {"mlp with gaussian noise", build_gaussian, {2, {6, 5}}},
    {"lenet", build_lenet, {2, {12, 12}}},
    {"residual", build_residual, {1, {5}}},
    {"input read late", build_input_late, {1, {5}}},
    {"several readers", build_readers, {1, {5}}},
    {"values without rows", build_rowless, {1, {5}}},
    {"in place", build_in_place, {1, {7}}},
    {"the input alone", build_whole_input, {1, {7}}},
    {"a function of a layer's own", build_custom, {1, {5}}},
};

enum { RECORDINGS = sizeof recordings / sizeof *recordings };

static inline mcd_val record(struct mcd_trial *r, const struct recording *c, mcd_val *x)
{
    struct mcd_error e = {0};
    *x = rig_input(r, c->in);
    mcd_val y = c->build(r, *x);
    assert_ok(mcd_graph_status(r->core, &e), e);
    return y;
}

/* A backend with a spy in it. */
static inline struct mcd_host *open_inner(struct spy *spy, struct mcd_item **inner,
                                          const char *backend)
{
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    assert_ok(mcd_item_open(host, MCD_BACKEND, backend, inner, &e), e);
    spy_create(spy, *inner);
    return host;
}

static inline void close_inner(struct mcd_host *host, const struct spy *spy, struct mcd_item *inner)
{
    assert_int_equal(spy->kernels, spy->released);
    mcd_item_close(host, inner);
    assert_int_equal(mcd_host_live(host), 0);
    mcd_host_destroy(host);
}

#endif
