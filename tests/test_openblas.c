/*
 * backends/openblas: every op against the reference, and OpenBLAS held to one thread. The script
 * openblas_builds.sh runs this with every build of OpenBLAS that there is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/check/conformance/step.h"
#include "threads.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

#include "tests/checks.h"

enum { OPENMP = 2 }; /* what openblas_get_parallel says of such a build */

static void keeps_the_rules_of_backends(void **state)
{
    (void)state;
    assert_passes(mcd_checks_backend, "openblas");
}

static void open_backend(struct mcd_engine *b, uint32_t threads)
{
    struct mcd_error e = {0};
    if (mcd_engine_open("openblas", threads, b, &e))
        fail_msg("%s: %s", e.where, e.text);
}

/* y = x w of a size for which OpenBLAS would take all its threads. */
static struct mcd_step_case large_product(void)
{
    struct mcd_step_case c = {.name = "large",
                              .op = MCD_OP_LINEAR,
                              .nin = 2,
                              .in_place = MCD_NO_INPUT,
                              .passes = 1,
                              .rows = 600};
    c.in[0] = (struct mcd_operand){.rows = 600, .shape = mcd_shape1(500)};
    c.in[1] = (struct mcd_operand){.shape = mcd_shape2(700, 500)};
    c.out = (struct mcd_operand){.rows = 600, .shape = mcd_shape1(700)};
    return c;
}

static void run_large_product(const struct mcd_engine *b)
{
    struct mcd_step_case c = large_product();
    struct mcd_placed_step p;
    struct mcd_error e = {0};
    double *results = malloc((size_t)mcd_step_results(&c) * sizeof *results);
    assert_non_null(results);
    if (mcd_step_place(b, &c, 1, &p, &e) || mcd_step_execute(&p, results, &e))
        fail_msg("%s: %s", e.where, e.text);
    mcd_step_remove(&p);
    free(results);
}

/* Runs first: an OpenMP build starts its threads with the first product that uses them. */
static void openblas_starts_no_threads(void **state)
{
    struct mcd_engine b;
    (void)state;
    open_backend(&b, 1);
    int before = count_threads();
    run_large_product(&b);
    assert_int_equal(count_threads(), before);
    assert_int_equal(mcd_engine_close(&b), 0);
}

/* The program's own number of threads comes back when the last backend goes, whatever the order. */
static void the_programs_threads_come_back(void **state)
{
    struct mcd_engine a, b;
    (void)state;
    openblas_set_num_threads(2);
    int threads = openblas_get_num_threads();
    open_backend(&a, 1);
    open_backend(&b, 1);
    mcd_engine_close(&a);
    if (openblas_get_parallel() != OPENMP)
        assert_int_equal(openblas_get_num_threads(), 1);
    run_large_product(&b);
    mcd_engine_close(&b);
    assert_int_equal(openblas_get_num_threads(), threads);
}

static void tells_what_it_is(void **state)
{
    static const char *const kinds[] = {"(sequential)", "(pthread)", "(OpenMP)"};
    struct mcd_backend_info info = {.size = sizeof info};
    struct mcd_engine b;
    (void)state;
    open_backend(&b, 3);
    b.api->info(b.self, &info);
    assert_int_equal(info.type, MCD_F32);
    assert_string_equal(info.device, "CPU, 3 threads");
    assert_ptr_equal(strstr(info.library, "OpenBLAS 0."), info.library);
    assert_non_null(strstr(info.library, kinds[openblas_get_parallel()]));
    assert_non_null(strstr(info.library, openblas_get_corename()));
    mcd_engine_close(&b);
}

static void refuses_double_precision(void **state)
{
    struct mcd_tensor in[2] = {{.type = MCD_F64, .rows = 2, .shape = mcd_shape1(3)},
                               {.type = MCD_F64, .shape = mcd_shape2(4, 3)}};
    struct mcd_step step = {.size = sizeof step, .op = MCD_OP_LINEAR, .nin = 2, .in = in};
    struct mcd_kernel kernel;
    struct mcd_error e = {0};
    struct mcd_engine b;
    (void)state;
    step.out = (struct mcd_tensor){.type = MCD_F64, .rows = 2, .shape = mcd_shape1(4)};
    open_backend(&b, 1);
    assert_int_equal(b.api->kernel(b.self, &step, &kernel, &e), MCD_UNSUPPORTED);
    assert_non_null(strstr(e.text, "f32"));
    mcd_engine_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openblas_starts_no_threads),
        cmocka_unit_test(keeps_the_rules_of_backends),
        cmocka_unit_test(the_programs_threads_come_back),
        cmocka_unit_test(tells_what_it_is),
        cmocka_unit_test(refuses_double_precision),
    };
    return cmocka_run_group_tests_name("openblas", tests, NULL, NULL);
}
