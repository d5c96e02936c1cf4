/* Arrays: sizes that overflow are refused before anything is allocated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/array.h"
#include "scratch.h"

static void makes_zeros(void **state)
{
    (void)state;
    struct mcd_array a;
    struct mcd_error e = {0};
    assert_ok(mcd_array_create(&a, MCD_F64, 2, (int64_t[]){3, 5}, &e), e);
    assert_int_equal(mcd_array_count(&a), 15);
    for (int i = 0; i < 15; i++)
        assert_true(((double *)a.data)[i] == 0);
    mcd_array_clear(&a);
    assert_null(a.data);
    mcd_array_clear(&a);
}

static void scalar_and_empty(void **state)
{
    (void)state;
    struct mcd_array a;
    struct mcd_error e = {0};
    assert_ok(mcd_array_create(&a, MCD_U8, 0, NULL, &e), e);
    assert_int_equal(mcd_array_count(&a), 1);
    assert_non_null(a.data);
    mcd_array_clear(&a);
    assert_ok(mcd_array_create(&a, MCD_I64, 3, (int64_t[]){4, 0, 7}, &e), e);
    assert_int_equal(mcd_array_count(&a), 0);
    assert_null(a.data);
}

static void refuse(uint32_t type, uint32_t rank, const int64_t *dim, const char *part)
{
    struct mcd_array a;
    struct mcd_error e = {0};
    assert_int_equal(mcd_array_create(&a, type, rank, dim, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "array", part);
    assert_null(a.data);
}

static void refuses_nonsense(void **state)
{
    (void)state;
    const int64_t big[7] = {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, 1};
    refuse(0, 1, (int64_t[]){1}, "type 0");
    refuse(99, 1, (int64_t[]){1}, "type 99");
    refuse(MCD_F32, 7, big, "expected at most 6");
    refuse(MCD_F32, 1, (int64_t[]){-1}, "negative");
    refuse(MCD_F32, 6, big, "beyond");
    refuse(MCD_U8, 2, (int64_t[]){INT64_MAX, 2}, "beyond");
    refuse(MCD_F32, 3, (int64_t[]){INT64_MAX, 0, INT64_MAX}, "beyond");
}

/* AddressSanitizer asks this function: malloc shall return NULL, as it does without. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void tells_lack_of_memory(void **state)
{
    (void)state;
    struct mcd_array a;
    struct mcd_error e = {0};
    assert_int_equal(mcd_array_create(&a, MCD_U8, 1, (int64_t[]){INT64_MAX / 2}, &e), MCD_NOMEM);
    assert_error(e, MCD_NOMEM, "array", "no memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_zeros),
        cmocka_unit_test(scalar_and_empty),
        cmocka_unit_test(refuses_nonsense),
        cmocka_unit_test(tells_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
