/*
 * Kernels of the CUDA backend on the host, against the reference backend: dropping, noise, pooling
 * and gathering.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/cuda/bodies.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const double tolerance = 1e-6; /* mcdrop check asks for 1e-5 */

static const struct mcd_cuda_offer *const families[] = {
    mcd_cuda_noise,
    mcd_cuda_pool2d,
    mcd_cuda_gather,
    NULL,
};

static int open_bodies(void **state)
{
    return bodies_set_up(state, families);
}

static void agree(struct bodies *b, struct one *one, uint32_t launches)
{
    bodies_agree(b, one->of, 7, tolerance);
    assert_int_equal(b->launches, launches);
    mcd_cases_release(&one->list);
}

static void cases_of_check_agree(void **state)
{
    assert_true(bodies_agree_on_all(*state, tolerance) > 900);
}

/* ---- dropping and noise ---------------------------------------------------------------------- */

static struct one noisy(uint32_t op, int64_t law, double p, int64_t units, int64_t span)
{
    enum { ROWS = 5, PASSES = 3 };
    struct one c = bodies_one(op, ROWS, "");
    c.of->attr.u.drop = (struct mcd_attr_drop){law, 3, units, span, p};
    c.of->passes = PASSES;
    c.of->seed = 17;
    c.of->flip = 2;
    mcd_case_input(c.of, ROWS * PASSES, mcd_shape1(units * span), MCD_FILL_INFINITE);
    mcd_case_output(c.of, ROWS * PASSES, mcd_shape1(units * span));
    return c;
}

/* Units that end at and beside words, blocks and quads; elements that many threads share. */
static void drops_of_any_width_agree(void **state)
{
    static const int64_t units[] = {1, 3, 31, 32, 33, 127, 128, 129, 260}, spans[] = {1, 2, 5, 100};
    for (size_t u = 0; u < MCD_COUNT(units); u++)
        for (size_t s = 0; s < MCD_COUNT(spans); s++) {
            struct one mask = noisy(MCD_OP_DROP, MCD_BERNOULLI, 0.3, units[u], spans[s]);
            agree(*state, &mask, 2);
            struct one factor = noisy(MCD_OP_DROP, MCD_GAUSSIAN, 0.3, units[u], spans[s]);
            agree(*state, &factor, 1);
            struct one noise = noisy(MCD_OP_NOISE, MCD_GAUSSIAN, 0, units[u], spans[s]);
            agree(*state, &noise, 1);
            noise = noisy(MCD_OP_NOISE, MCD_UNIFORM, 0, units[u], spans[s]);
            agree(*state, &noise, 1);
        }
}

/* A mask is drawn where one is needed, and nothing is done where nothing is to be done. */
static void nothing_is_drawn_in_vain(void **state)
{
    for (int64_t law = MCD_BERNOULLI; law <= MCD_GAUSSIAN; law++) {
        struct one c = noisy(MCD_OP_DROP, law, 0, 40, 1);
        agree(*state, &c, 1);
        c = noisy(MCD_OP_DROP, law, 0, 40, 1);
        c.of->in_place = 0;
        agree(*state, &c, 0);
    }
    struct one c = noisy(MCD_OP_DROP, MCD_BERNOULLI, 1, 40, 1);
    agree(*state, &c, 1);
    c = noisy(MCD_OP_DROP, MCD_BERNOULLI, 0.3, 40, 1);
    c.of->bits = 1;
    agree(*state, &c, 1);
}

/* ---- pooling --------------------------------------------------------------------------------- */

static struct one pool(uint32_t op, struct mcd_attr_pool a, struct mcd_shape x, uint32_t fill,
                       const double *data)
{
    enum { ROWS = 3 };
    int64_t h = (x.dim[1] + 2 * a.pad[0] - a.window[0]) / a.stride[0] + 1;
    int64_t w = (x.dim[2] + 2 * a.pad[1] - a.window[1]) / a.stride[1] + 1;
    struct one c = bodies_one(op, ROWS, "");
    c.of->attr.u.pool = a;
    if (op == MCD_OP_POOL2D_DX)
        mcd_case_input(c.of, ROWS, mcd_shape3(x.dim[0], h, w), MCD_FILL_MIXED);
    mcd_case_input(c.of, ROWS, x, fill);
    c.of->in[c.of->nin - 1].data = data;
    if (op == MCD_OP_POOL2D)
        mcd_case_output(c.of, ROWS, mcd_shape3(x.dim[0], h, w));
    else
        mcd_case_output(c.of, ROWS, x);
    return c;
}

/* Windows that overlap, leave gaps, hang over each border, hold the whole image or a line of it. */
static void pools_of_any_geometry_agree(void **state)
{
    static const struct mcd_attr_pool attrs[] = {
        {0, {5, 4}, {1, 1}, {2, 2}},     {0, {2, 2}, {3, 5}, {1, 0}},
        {0, {13, 11}, {1, 1}, {0, 0}},   {0, {1, 11}, {1, 1}, {0, 0}},
        {0, {13, 1}, {4, 1}, {6, 0}},    {0, {3, 3}, {2, 2}, {1, 1}},
        {0, {26, 22}, {9, 7}, {13, 11}},
    };
    static const uint32_t fills[] = {MCD_FILL_MIXED, MCD_FILL_TIES, MCD_FILL_EXTREME};
    for (size_t i = 0; i < MCD_COUNT(attrs); i++)
        for (size_t f = 0; f < MCD_COUNT(fills); f++)
            for (int64_t kind = MCD_POOL_MAX; kind <= MCD_POOL_MEAN; kind++) {
                struct mcd_attr_pool a = attrs[i];
                struct mcd_shape x = mcd_shape3(3, 13, 11);
                a.kind = kind;
                struct one c = pool(MCD_OP_POOL2D, a, x, fills[f], NULL);
                agree(*state, &c, 1);
                c = pool(MCD_OP_POOL2D_DX, a, x, fills[f], NULL);
                agree(*state, &c, 1);
            }
}

/* Numbers of which a float could not hold the sum, and ones that cancel. */
static void means_of_large_windows_agree(void **state)
{
    enum { H = 40, W = 30, N = 3 * H * W };
    static double x[N];
    const struct mcd_attr_pool a = {MCD_POOL_MEAN, {H, W}, {1, 1}, {0, 0}};
    for (int i = 0; i < N; i++)
        x[i] = (double)(i < H * W ? 3e38f : i % 2 ? -1.0f : 1.0f) + (i % 7 ? 0 : 0.125);
    struct one c = pool(MCD_OP_POOL2D, a, mcd_shape3(1, H, W), MCD_FILL_MIXED, x);
    agree(*state, &c, 1);
}

/* Of -inf and nothing else the maximum is -inf, and its gradient goes to the first. */
static void maxima_of_infinities_and_nan_agree(void **state)
{
    static double x[3 * 16];
    const struct mcd_attr_pool a = {MCD_POOL_MAX, {2, 2}, {2, 2}, {0, 0}};
    for (int i = 0; i < 3 * 16; i++)
        x[i] = i < 16 ? (double)-INFINITY : i % 3 == 0 ? (double)NAN : (double)INFINITY;
    struct one c = pool(MCD_OP_POOL2D, a, mcd_shape3(1, 4, 4), MCD_FILL_MIXED, x);
    agree(*state, &c, 1);
    c = pool(MCD_OP_POOL2D_DX, a, mcd_shape3(1, 4, 4), MCD_FILL_MIXED, x);
    agree(*state, &c, 1);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void refuse(struct bodies *b, struct one *c, const char *reason)
{
    bodies_refuse(b, c->of, reason);
    mcd_cases_release(&c->list);
}

static void what_cannot_be_done_is_refused(void **state)
{
    struct one c = noisy(MCD_OP_DROP, MCD_GAUSSIAN, 1, 3, 1);
    refuse(*state, &c, "variance is infinite");
    c = noisy(MCD_OP_DROP, MCD_UNIFORM, 0.5, 3, 1);
    refuse(*state, &c, "dropping by this law");
    c = noisy(MCD_OP_NOISE, MCD_BERNOULLI, 0.5, 3, 1);
    refuse(*state, &c, "noise of this law");
    for (uint32_t op = MCD_OP_POOL2D; op; op = op == MCD_OP_POOL2D ? MCD_OP_POOL2D_DX : 0) {
        struct mcd_shape x = mcd_shape3(1, 4, 4);
        c = pool(op, (struct mcd_attr_pool){2, {2, 2}, {1, 1}, {0, 0}}, x, MCD_FILL_MIXED, NULL);
        refuse(*state, &c, "this kind of pooling");
        c = pool(op, (struct mcd_attr_pool){0, {2, 1}, {1, 1}, {0, 1}}, x, MCD_FILL_MIXED, NULL);
        refuse(*state, &c, "in the padding");
        c = pool(op, (struct mcd_attr_pool){0, {2, 2}, {1, (int64_t)1 << 40}, {0, 0}}, x,
                 MCD_FILL_MIXED, NULL);
        refuse(*state, &c, "beyond 2^28");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases_of_check_agree),
        cmocka_unit_test(drops_of_any_width_agree),
        cmocka_unit_test(nothing_is_drawn_in_vain),
        cmocka_unit_test(pools_of_any_geometry_agree),
        cmocka_unit_test(means_of_large_windows_agree),
        cmocka_unit_test(maxima_of_infinities_and_nan_agree),
        cmocka_unit_test(what_cannot_be_done_is_refused),
    };
    return cmocka_run_group_tests(tests, open_bodies, bodies_tear_down);
}
