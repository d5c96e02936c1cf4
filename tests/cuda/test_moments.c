/* Kernels of the CUDA backend on the host, against the reference backend: moments of passes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/cuda/bodies.h"

#include <mcdrop/model.h>
#include <mcdrop/moments.h>

#include <stdlib.h>

#include <cmocka.h>

/* Doubles: sums over passes are of the reference's order, exponentials the host's. */
static const double tolerance = 1e-13;

static const struct mcd_cuda_offer *const families[] = {mcd_cuda_moments, NULL};

static int open_bodies(void **state)
{
    return bodies_set_up(state, families);
}

static void cases_of_check_agree(void **state)
{
    assert_true(bodies_agree_on_all(*state, tolerance) > 40);
}

/* A regression of so many outputs that their units take several launches. */
static void units_take_as_many_launches_as_they_need(void **state)
{
    enum { MOST = 200 };
    static const int64_t outputs[] = {1, 63, 64, 65, MOST};
    static const uint32_t launches[] = {1, 1, 1, 2, 4};
    double offset[MOST], scale[MOST];
    struct bodies *b = *state;
    for (int i = 0; i < MOST; i++) {
        offset[i] = 3.0 * i - 100;
        scale[i] = 0.1 * i - 7;
    }
    for (size_t i = 0; i < MCD_COUNT(outputs); i++) {
        struct mcd_case_list list = {NULL, 0, 0};
        struct mcd_step_case *c = mcd_case_add(&list, MCD_OP_CHANNELS, 5, "");
        c->attr.u.moments.task = MCD_REGRESS;
        c->attr.u.moments.offset = offset;
        c->attr.u.moments.scale = scale;
        mcd_case_input(c, 5, mcd_shape1(outputs[i]), MCD_FILL_MIXED);
        mcd_case_output(c, 5, mcd_shape1(outputs[i]));
        c->out.type = MCD_F64;
        bodies_agree(b, c, 3, tolerance);
        assert_int_equal(b->launches, launches[i]);
        mcd_cases_release(&list);
    }
}

/* Logits have no units: such a step is the core's mistake. */
static void logits_in_other_units_are_refused(void **state)
{
    static const double one = 1;
    struct mcd_case_list list = {NULL, 0, 0};
    struct mcd_step_case *c = mcd_case_add(&list, MCD_OP_CHANNELS, 5, "");
    c->attr.u.moments.task = MCD_CLASSIFY;
    c->attr.u.moments.offset = c->attr.u.moments.scale = &one;
    mcd_case_input(c, 5, mcd_shape1(1), MCD_FILL_MIXED);
    mcd_case_output(c, 5, mcd_shape1(3));
    c->out.type = MCD_F64;
    bodies_refuse(*state, c, "logits in other units");
    mcd_cases_release(&list);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases_of_check_agree),
        cmocka_unit_test(units_take_as_many_launches_as_they_need),
        cmocka_unit_test(logits_in_other_units_are_refused),
    };
    return cmocka_run_group_tests(tests, open_bodies, bodies_tear_down);
}
