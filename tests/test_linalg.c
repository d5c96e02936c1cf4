/*
 * What linear algebra says of matrices that have no factor; core/check/backend_linalg.c does the
 * rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/check/conformance/engine.h" /* before cmocka, whose `fail` is a macro */

#include <cmocka.h>
#include <math.h>
#include <string.h>

static struct mcd_engine backend;

static const struct mcd_linalg *table(void)
{
    assert_non_null(backend.api->linalg);
    assert_true(backend.api->linalg->size >= sizeof(struct mcd_linalg));
    return backend.api->linalg;
}

static void refuses_what_is_not_definite(void **state)
{
    (void)state;
    double indefinite[4] = {1, 0, 2, 1}, undefined[4] = {NAN, 0, 0, 1};
    struct mcd_error e = {0};
    assert_int_equal(table()->potrf(backend.self, 2, indefinite, &e), MCD_INVALID);
    assert_int_equal(e.code, MCD_INVALID);
    assert_non_null(strstr(e.text, "not positive definite"));
    assert_non_null(strstr(e.text, "order 2"));
    assert_int_equal(table()->potrf(backend.self, 2, undefined, NULL), MCD_INVALID);
}

static int open_named(void **state, const char *name)
{
    struct mcd_error e = {0};
    (void)state;
    return mcd_engine_open(name, 2, &backend, &e);
}

static int open_reference(void **state)
{
    return open_named(state, "reference");
}

static int open_openblas(void **state)
{
    return open_named(state, "openblas");
}

static int close_backend(void **state)
{
    (void)state;
    return mcd_engine_close(&backend) != 0;
}

#define WITH(test, open) cmocka_unit_test_setup_teardown(test, open, close_backend)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(refuses_what_is_not_definite, open_reference),
        WITH(refuses_what_is_not_definite, open_openblas),
    };
    struct mcd_engine probe;
    size_t count = sizeof tests / sizeof *tests / 2;
    if (mcd_engine_open("openblas", 1, &probe, NULL) == MCD_OK && mcd_engine_close(&probe) == 0)
        count *= 2;
    return _cmocka_run_group_tests("linalg", tests, count, NULL, NULL);
}
