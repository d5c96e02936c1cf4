/*
 * Kernels of the CUDA backend on the host, against the reference backend: sums, softmax,
 * losses and updates beside the cases of mcdrop check.
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
    mcd_cuda_elementwise, mcd_cuda_broadcast, mcd_cuda_softmax, mcd_cuda_losses, NULL,
};

static int fast(void)
{
    return getenv("MCDROP_FAST") != NULL;
}

static int open_bodies(void **state)
{
    return bodies_set_up(state, families);
}

static void agree(struct bodies *b, struct one *one, double within)
{
    bodies_agree(b, one->of, 7, within);
    mcd_cases_release(&one->list);
}

static void cases_of_check_agree(void **state)
{
    assert_true(bodies_agree_on_all(*state, tolerance) > 1500);
}

/* ---- sums --------------------------------------------------------------------------------- */

struct sum {
    uint32_t rows, launches;
    int over_rows;
    struct mcd_shape from, to;
};

/* Few terms and many, few outputs and many, in each order of what is kept and what is summed. */
static const struct sum sums[] = {
    {128, 1, 1, {1, {800}}, {1, {800}}},
    {128, 1, 1, {1, {10}}, {1, {10}}},
    {1000, 1, 1, {1, {3}}, {1, {3}}},
    {60001, 2, 1, {1, {3}}, {1, {3}}},
    {7, 1, 1, {3, {20, 24, 24}}, {3, {20, 1, 1}}},
    {300, 2, 1, {3, {20, 24, 24}}, {3, {20, 1, 1}}},
    {300, 2, 1, {3, {3, 5, 31}}, {0, {0}}},
    {129, 1, 0, {1, {513}}, {1, {1}}},
    {3, 1, 0, {2, {5, 1001}}, {2, {5, 1}}},
    {2, 2, 0, {1, {150001}}, {0, {0}}},
    {0, 2, 0, {2, {70001, 2}}, {1, {2}}},
    {9, 1, 1, {5, {3, 2, 5, 2, 7}}, {5, {1, 2, 1, 2, 1}}},
    {2000, 2, 1, {5, {3, 2, 5, 2, 7}}, {5, {1, 2, 1, 2, 1}}},
    {2000, 1, 1, {6, {3, 2, 5, 2, 7, 2}}, {6, {3, 1, 5, 1, 7, 1}}},
    {5, 1, 0, {6, {3, 2, 5, 2, 7, 2}}, {6, {3, 1, 5, 1, 7, 1}}},
};

static void reduce(struct bodies *b, const struct sum *s, int64_t kind, uint32_t fill)
{
    struct one c = bodies_one(MCD_OP_REDUCE, s->rows, kind == MCD_SUM ? "sum" : "mean");
    c.of->attr.u.reduce = (struct mcd_attr_reduce){s->to, kind, s->over_rows};
    mcd_case_input(c.of, s->rows, s->from, fill);
    mcd_case_output(c.of, s->over_rows ? 0 : s->rows, s->to);
    agree(b, &c, tolerance);
    if (b->launches != s->launches)
        fail_msg("sum %d: %u launches", (int)(s - sums), b->launches);
}

static void sums_of_any_shape_agree(void **state)
{
    for (size_t i = 0; i < MCD_COUNT(sums); i++) {
        if (fast() && sums[i].rows > 1000)
            continue;
        reduce(*state, &sums[i], MCD_SUM, MCD_FILL_MIXED);
        reduce(*state, &sums[i], MCD_MEAN, MCD_FILL_ONE_INF);
        reduce(*state, &sums[i], MCD_SUM, MCD_FILL_ONE_NAN);
    }
}

/* Terms that cancel and ones that a float could not hold add up in double. */
static void sums_keep_what_a_float_would_lose(void **state)
{
    enum { N = 4096 };
    static double x[N];
    for (int i = 0; i < N; i++)
        x[i] = (double)(i % 2 ? -3e38f : 3e38f);
    x[5] = 0;
    x[4] = 1;
    for (uint32_t rows = 1; rows <= N; rows *= N) {
        struct one c = bodies_one(MCD_OP_REDUCE, rows, "terms that cancel");
        struct mcd_shape row = mcd_shape1(N / rows);
        c.of->attr.u.reduce = (struct mcd_attr_reduce){mcd_shape0(), MCD_SUM, 1};
        mcd_case_input(c.of, rows, row, MCD_FILL_MIXED);
        c.of->in[0].data = x;
        mcd_case_output(c.of, 0, mcd_shape0());
        double *sum = bodies_results(*state, c.of, 1);
        assert_true(fabs(sum[0] - 1) < 1e25); /* 3e38 2^-53 for each of so many sums */
        free(sum);
        mcd_cases_release(&c.list);
    }
}

/* ---- softmax and losses ------------------------------------------------------------------- */

static void line(struct bodies *b, uint32_t op, uint32_t rows, int64_t k, const double *data)
{
    struct one c = bodies_one(op, rows, "");
    int gradient = op == MCD_OP_SOFTMAX_DX || op == MCD_OP_LOGSOFTMAX_DX;
    for (int i = 0; i <= gradient; i++) {
        mcd_case_input(c.of, rows, mcd_shape1(k), MCD_FILL_MIXED);
        c.of->in[i].data = data;
    }
    mcd_case_output(c.of, rows, mcd_shape1(k));
    agree(b, &c, tolerance);
    assert_int_equal(b->launches, 1);
}

static void softmax_of_many_and_few_classes_agrees(void **state)
{
    static const uint32_t ops[] = {MCD_OP_SOFTMAX, MCD_OP_LOGSOFTMAX, MCD_OP_SOFTMAX_DX,
                                   MCD_OP_LOGSOFTMAX_DX};
    static const int64_t k[] = {1, 2, 10, 64, 257, 1000, 5003};
    for (size_t o = 0; o < MCD_COUNT(ops); o++)
        for (size_t i = 0; i < MCD_COUNT(k); i++) {
            line(*state, ops[o], 3, k[i], NULL);
            line(*state, ops[o], 300, k[i] < 1000 ? k[i] : 10, NULL);
        }
}

/* Lines with infinities, so that whole parts of some are nothing but -inf. */
static void softmax_of_infinities_agrees(void **state)
{
    enum { K = 1000 };
    static double x[6 * K];
    for (int i = 0; i < 6 * K; i++)
        x[i] = i % 7 - 3;
    for (int i = 0; i < K; i++)
        x[K + i] = i == 77 ? 3 : (double)-INFINITY;
    for (int i = 0; i < K; i++)
        x[2 * K + i] = (double)-INFINITY;
    x[3 * K + 999] = (double)INFINITY;
    x[4 * K + 300] = (double)NAN;
    for (int i = 0; i < K; i++)
        x[5 * K + i] = i == 1 ? (double)NAN : (double)-INFINITY;
    for (int64_t k = 10; k <= K; k *= 10) {
        line(*state, MCD_OP_SOFTMAX, (uint32_t)(6 * K / k), k, x);
        line(*state, MCD_OP_LOGSOFTMAX, (uint32_t)(6 * K / k), k, x);
    }
}

static struct one labelled(uint32_t op, uint32_t rows, int64_t k, const double *label)
{
    struct one c = bodies_one(op, rows, "");
    if (op == MCD_OP_XENT_DX)
        mcd_case_input(c.of, 0, mcd_shape0(), MCD_FILL_POSITIVE);
    mcd_case_input(c.of, rows, mcd_shape1(k), MCD_FILL_MIXED);
    mcd_case_input(c.of, rows, mcd_shape0(), MCD_FILL_LABEL);
    c.of->in[c.of->nin - 1].classes = (uint32_t)k;
    c.of->in[c.of->nin - 1].data = label;
    if (op == MCD_OP_XENT_DX)
        mcd_case_output(c.of, rows, mcd_shape1(k));
    else
        mcd_case_output(c.of, 0, mcd_shape0());
    return c;
}

static void losses_over_any_number_of_rows_agree(void **state)
{
    static const struct {
        uint32_t rows, launches;
        int64_t k;
    } of[] = {{128, 1, 10}, {5000, 2, 10}, {140001, 2, 10}, {128, 2, 100}, {300, 2, 1000}};
    struct bodies *b = *state;
    for (size_t i = 0; i < MCD_COUNT(of); i++) {
        if (fast() && of[i].rows > 5000)
            continue;
        struct one loss = labelled(MCD_OP_XENT, of[i].rows, of[i].k, NULL);
        agree(b, &loss, tolerance);
        assert_int_equal(b->launches, of[i].launches);
        struct one slope = labelled(MCD_OP_XENT_DX, of[i].rows, of[i].k, NULL);
        agree(b, &slope, tolerance);
        assert_int_equal(b->launches, 1);
    }
}

static void squared_error_of_any_size_agrees(void **state)
{
    static const uint32_t rows[] = {0, 1, 272, 30000};
    struct bodies *b = *state;
    for (size_t i = 0; i < MCD_COUNT(rows) - (size_t)fast(); i++) {
        struct one c = bodies_one(MCD_OP_MSE, rows[i], "");
        for (int k = 0; k < 2; k++)
            mcd_case_input(c.of, rows[i], mcd_shape1(5), MCD_FILL_MIXED);
        mcd_case_output(c.of, 0, mcd_shape0());
        agree(b, &c, tolerance);
        assert_int_equal(b->launches, rows[i] > 10000 ? 2 : 1);
    }
}

/* A row of which nearly nothing is left to learn: its gradient is small, not 0. */
static void gradient_of_a_sure_row_is_not_lost(void **state)
{
    static const double label[] = {0}, one_dy[] = {1}, logits[] = {25, 0};
    struct one c = labelled(MCD_OP_XENT_DX, 1, 2, label);
    c.of->in[0].data = one_dy;
    c.of->in[1].data = logits;
    agree(*state, &c, 1e-6);
    c = labelled(MCD_OP_XENT, 1, 2, label);
    c.of->in[0].data = logits;
    agree(*state, &c, 1e-6);
}

static void label_that_is_no_class_gives_nan(void **state)
{
    static const double wrong[] = {-1, 40, INT32_MAX, INT32_MIN};
    for (int64_t k = 10; k <= 40; k += 30)
        for (size_t i = 0; i < MCD_COUNT(wrong); i++) {
            double label[] = {1, wrong[i], 9};
            struct one loss = labelled(MCD_OP_XENT, 3, k, label);
            agree(*state, &loss, tolerance); /* the oracle gives NaN */
            struct one slope = labelled(MCD_OP_XENT_DX, 3, k, label);
            agree(*state, &slope, tolerance);
        }
}

/* ---- updates and refusals ----------------------------------------------------------------- */

static struct one adam(struct mcd_attr_adam a, uint64_t update)
{
    struct one c = bodies_one(MCD_OP_ADAM, 0, "");
    c.of->attr.u.adam = a;
    c.of->update = update;
    for (int i = 0; i < 4; i++)
        mcd_case_input(c.of, 0, mcd_shape1(300), i == 3 ? MCD_FILL_POSITIVE : MCD_FILL_MIXED);
    c.of->updates = 1 << 2 | 1 << 3;
    mcd_case_output(c.of, 0, mcd_shape1(300));
    c.of->in_place = 0;
    return c;
}

/* The corrections, alone: the step is large beside the parameter. */
static void adam_at_any_step_agrees(void **state)
{
    static const uint64_t updates[] = {0, 1, 2, 9, 999, 1000000, (uint64_t)1 << 40};
    static const double betas[][2] = {{0.9, 0.999}, {0, 0}, {0.5, 0.999999}, {0.99, 0.9}};
    for (size_t u = 0; u < MCD_COUNT(updates); u++)
        for (size_t i = 0; i < MCD_COUNT(betas); i++) {
            struct one c =
                adam((struct mcd_attr_adam){1e3, betas[i][0], betas[i][1], 1e-8, 0.01}, updates[u]);
            agree(*state, &c, tolerance);
        }
}

static void what_is_not_known_is_refused(void **state)
{
    static const struct {
        uint32_t op;
        int64_t least, most;
        const char *reason;
    } kinds[] = {
        {MCD_OP_MAP, MCD_RELU, MCD_GELU, "this function"},
        {MCD_OP_MAP_DX, MCD_RELU, MCD_GELU, "this function"},
        {MCD_OP_BINARY, MCD_ADD, MCD_DIV, "this kind of arithmetic"},
        {MCD_OP_REDUCE, MCD_SUM, MCD_MEAN, "this kind of reduction"},
    };
    for (size_t i = 0; i < MCD_COUNT(kinds); i++) {
        int64_t wrong[] = {kinds[i].least - 1, kinds[i].most + 1, INT64_MAX, (int64_t)1 << 32};
        for (size_t w = 0; w < MCD_COUNT(wrong); w++) {
            struct one c = bodies_one(kinds[i].op, 1, "");
            if (kinds[i].op == MCD_OP_REDUCE)
                c.of->attr.u.reduce.kind = wrong[w];
            else
                c.of->attr.u.map.function = wrong[w]; /* binary.kind, too */
            for (int k = 0; k < 3; k++)
                mcd_case_input(c.of, 1, mcd_shape0(), MCD_FILL_MIXED);
            mcd_case_output(c.of, 1, mcd_shape0());
            bodies_refuse(*state, c.of, kinds[i].reason);
            mcd_cases_release(&c.list);
        }
    }
}

static void updates_that_cannot_be_are_refused(void **state)
{
    struct one c = bodies_one(MCD_OP_SGD, 0, "");
    c.of->attr.u.sgd = (struct mcd_attr_sgd){0.1, 0.9, 0};
    for (int i = 0; i < 2; i++)
        mcd_case_input(c.of, 0, mcd_shape1(3), MCD_FILL_MIXED);
    mcd_case_output(c.of, 0, mcd_shape1(3));
    bodies_refuse(*state, c.of, "momentum without a velocity");
    mcd_cases_release(&c.list);

    c = adam((struct mcd_attr_adam){1e-3, -0.5, 0.999, 1e-8, 0}, 0);
    bodies_refuse(*state, c.of, "a beta below 0");
    mcd_cases_release(&c.list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases_of_check_agree),
        cmocka_unit_test(sums_of_any_shape_agree),
        cmocka_unit_test(sums_keep_what_a_float_would_lose),
        cmocka_unit_test(softmax_of_many_and_few_classes_agrees),
        cmocka_unit_test(softmax_of_infinities_agrees),
        cmocka_unit_test(losses_over_any_number_of_rows_agree),
        cmocka_unit_test(squared_error_of_any_size_agrees),
        cmocka_unit_test(gradient_of_a_sure_row_is_not_lost),
        cmocka_unit_test(label_that_is_no_class_gives_nan),
        cmocka_unit_test(adam_at_any_step_agrees),
        cmocka_unit_test(what_is_not_known_is_refused),
        cmocka_unit_test(updates_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, open_bodies, bodies_tear_down);
}
