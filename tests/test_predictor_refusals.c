/*
 * core/embed/predictor.c: what it refuses, and programs that were built with other versions of it.
 */
#include <mcdrop/mcdrop.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "predictor_run.h"

/* What version 1.0 had, on 64 bits: callers that were compiled then must be served for good. */
static void sizes_of_the_first_version(void **state)
{
    (void)state;
    if (sizeof(void *) != 8)
        return;
    struct mcd_predictor_options o = standard();
    struct mcd_prediction out = {.size = 160};
    struct mcd_error e = {0};
    o.size = 112;
    struct mcd_predictor *p = opened(&o);
    assert_ok(mcd_predictor_run(p, x, ROWS, &out, &e), e);
    out.size = 152;
    assert_int_equal(mcd_predictor_run(p, x, ROWS, &out, NULL), MCD_INVALID);
    mcd_predictor_close(p);
}

/* Callers that were compiled with a later version, whose structs are longer. */
static void surplus_of_later_versions(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct {
        struct mcd_predictor_options o;
        unsigned char more[24];
    } o = {.o = standard()};
    struct {
        struct mcd_prediction p;
        unsigned char more[24];
    } out = {.p.size = sizeof out};
    struct answers expected, a;
    o.o.size = sizeof o;
    o.more[23] = 1;
    refuse_open(&o.o, MCD_UNSUPPORTED, "mcd_predictor_options", "is not zero");
    o.more[23] = 0;
    struct mcd_predictor *p = opened(&o.o);
    run_all(p, &expected);
    out.p = all_of(&a);
    out.p.size = sizeof out;
    assert_ok(mcd_predictor_run(p, x, ROWS, &out.p, &e), e);
    assert_true(same(&a, &expected));
    out.more[0] = 1;
    assert_int_equal(mcd_predictor_run(p, x, ROWS, &out.p, &e), MCD_UNSUPPORTED);
    assert_error(e, MCD_UNSUPPORTED, "mcd_prediction", "is not zero");
    mcd_predictor_close(p);
}

static void refuse_shape(struct mcd_shape shape, const char *text)
{
    struct mcd_predictor_options o = standard();
    o.input = shape;
    refuse_open(&o, MCD_INVALID, "", text);
}

static void refuses_wrong_options(void **state)
{
    (void)state;
    struct mcd_predictor_options o;
#define REFUSE(member, value, status, where, text)                                                 \
    o = standard();                                                                                \
    o.member = value;                                                                              \
    refuse_open(&o, status, where, text)
    refuse_open(NULL, MCD_INVALID, "mcd_predictor_options", "NULL");
    REFUSE(size, 0, MCD_INVALID, "mcd_predictor_options", "size is 0: expected");
    REFUSE(size, sizeof o - 8, MCD_INVALID, "mcd_predictor_options", "expected");
    REFUSE(size, 1 << 30, MCD_INVALID, "mcd_predictor_options", "size is 1073741824: expected");
    REFUSE(model, NULL, MCD_INVALID, "mcd_predictor_options", "model and weights");
    REFUSE(weights, NULL, MCD_INVALID, "mcd_predictor_options", "model and weights");
    REFUSE(threads, 5000, MCD_INVALID, "threads", "5000 are too many");
    REFUSE(passes, (uint64_t)1 << 40, MCD_INVALID, "mcd_predictor_options", "expected at most");
    REFUSE(model, "nosuch", MCD_INVALID, "nosuch", "there is no such model");
    REFUSE(model, "mlp:hidden=0", MCD_INVALID, "mlp:hidden", "expected");
    REFUSE(model, "mlp:hidden=9x8,classes=4", MCD_INVALID, "mlp_tiny", "has shape");
    REFUSE(model, "mlp:hidden=9,classes=4", MCD_INVALID, "mlp_tiny", "tensor");
    REFUSE(backend, "nosuch", MCD_DEVICE, "nosuch", "there is no such backend");
    REFUSE(sampler, "nosuch", MCD_INVALID, "nosuch", "there is no such sampler");
    REFUSE(sampler, "bernoulli:scope=none", MCD_INVALID, "scope", "expected");
    REFUSE(weights, "/nonexistent/w", MCD_IO, "/nonexistent/w", "cannot be read");
    REFUSE(weights, "/", MCD_IO, "/", "directory");
#undef REFUSE
}

static void refuses_wrong_shapes(void **state)
{
    (void)state;
    struct mcd_shape deep = {.rank = MCD_MAX_RANK + 1, .dim = {1, 1, 1, 1, 1, 1}};
    refuse_shape(deep, "rank 7");
    refuse_shape(mcd_shape1(0), "dimension 0");
    refuse_shape(mcd_shape1(-30), "dimension -30");
    refuse_shape(mcd_shape1((int64_t)1 << 31), "dimension 2147483648");
    refuse_shape(mcd_shape3(INT32_MAX, INT32_MAX, INT32_MAX), "too many elements");
    refuse_shape(mcd_shape1(INPUTS + 1), "has shape");
    struct mcd_predictor_options o = standard();
    o.input = mcd_shape3(2, 5, 3); /* an mlp flattens */
    mcd_predictor_close(opened(&o));
    mcd_predictor_close(NULL);
}

static void refuses_wrong_requests(void **state)
{
    (void)state;
    struct mcd_predictor_options o = standard();
    struct mcd_predictor *p = opened(&o);
    struct answers before, a;
    run_all(p, &before);
    struct mcd_prediction out = all_of(&a);
    refuse_run(NULL, x, ROWS, &out, "mcd_predictor_run", "predictor is NULL");
    refuse_run(p, NULL, ROWS, &out, "mcd_predictor_run", "x is NULL");
    refuse_run(p, x, ROWS, NULL, "mcd_predictor_run", "prediction is NULL");
    refuse_run(p, x, 0, &out, "rows", "expected 1 to");
    refuse_run(p, x, -1, &out, "rows", "expected 1 to");
    refuse_run(p, x, (int64_t)1 << 31, &out, "rows", "expected 1 to");
    out.first_row = ((uint64_t)1 << 32) - ROWS + 1;
    refuse_run(p, x, ROWS, &out, "first_row", "at most 2^32");
    out.first_row = UINT64_MAX;
    refuse_run(p, x, ROWS, &out, "first_row", "at most 2^32");
    out.first_row = 0;
    out.noise_std = a.output_mean;
    refuse_run(p, x, ROWS, &out, "mcd_prediction", "expected no noise_std");
    out.noise_std = NULL;
    out.size = 8;
    refuse_run(p, x, ROWS, &out, "mcd_prediction", "size is 8");
    out.size = sizeof out;
    float wrong[ROWS * INPUTS];
    static const float values[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 3; i++) {
        memcpy(wrong, x, sizeof x);
        wrong[3 * INPUTS + 7] = values[i];
        refuse_run(p, wrong, ROWS, &out, "x", "row 3, element 7");
    }
    struct answers untouched;
    clear(&untouched);
    assert_memory_equal(&a, &untouched, sizeof a);
    run_all(p, &a);
    assert_true(same(&a, &before));
    mcd_predictor_close(p);
}

/* Without noise there is an average, and nothing to say about a spread. */
static void refuses_what_is_certain(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct answers a;
    struct mcd_predictor_options o = standard();
    o.model = "mlp:hidden=9x7,classes=4,drop_in=0,drop=0";
    struct mcd_predictor *p = opened(&o);
    struct mcd_prediction out = all_of(&a);
    refuse_run(p, x, ROWS, &out, "mlp", "stochastic");
    out = (struct mcd_prediction){.size = sizeof out, .deterministic = a.deterministic};
    assert_ok(mcd_predictor_run(p, x, ROWS, &out, &e), e);
    assert_true(isfinite(a.deterministic[ROWS * CLASSES - 1]));
    mcd_predictor_close(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_of_the_first_version), cmocka_unit_test(surplus_of_later_versions),
        cmocka_unit_test(refuses_wrong_options),      cmocka_unit_test(refuses_wrong_shapes),
        cmocka_unit_test(refuses_wrong_requests),     cmocka_unit_test(refuses_what_is_certain),
    };
    predictor_prepare();
    return cmocka_run_group_tests_name("predictor_refusals", tests, scratch_setup,
                                       scratch_teardown);
}
