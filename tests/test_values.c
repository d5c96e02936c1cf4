/* Conversions and the checks that keep bad numbers away from models. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/io/values.h"
#include "scratch.h"

#include <math.h>

/* An array of `type` from doubles. */
static struct mcd_array make(uint32_t type, uint32_t rank, const int64_t *dim, const double *v)
{
    struct mcd_array a;
    struct mcd_error e = {0};
    assert_ok(mcd_array_create(&a, type, rank, dim, &e), e);
    for (int64_t i = 0; i < mcd_array_count(&a); i++)
        switch (type) {
        case MCD_F32:
            ((float *)a.data)[i] = (float)v[i];
            break;
        case MCD_F64:
            ((double *)a.data)[i] = v[i];
            break;
        case MCD_I32:
            ((int32_t *)a.data)[i] = (int32_t)v[i];
            break;
        case MCD_I64:
            ((int64_t *)a.data)[i] = (int64_t)v[i];
            break;
        default:
            ((uint8_t *)a.data)[i] = (uint8_t)v[i];
        }
    return a;
}

static const uint32_t all[] = {MCD_F32, MCD_F64, MCD_I32, MCD_I64, MCD_U8};

static void every_type_becomes_real(void **state)
{
    (void)state;
    const double v[] = {0, 51, 255, 3};
    for (size_t i = 0; i < 10; i++) {
        struct mcd_error e = {0};
        struct mcd_array a = make(all[i / 2], 2, (int64_t[]){2, 2}, v);
        uint32_t type = i % 2 ? MCD_F32 : MCD_F64;
        assert_ok(mcd_values_to_real(&a, type, "f", &e), e);
        assert_int_equal(a.type, type);
        assert_int_equal(a.rank, 2);
        for (int k = 0; k < 4; k++)
            assert_true((type == MCD_F32 ? (double)((float *)a.data)[k] : ((double *)a.data)[k]) ==
                        v[k]);
        mcd_array_clear(&a);
    }
}

static void bytes_become_pixels(void **state)
{
    (void)state;
    const double v[] = {0, 51, 255};
    struct mcd_error e = {0};
    struct mcd_array a = make(MCD_U8, 1, (int64_t[]){3}, v);
    assert_ok(mcd_values_to_pixels(&a, MCD_F32, "f", &e), e);
    const float *p = a.data;
    assert_true(p[0] == 0 && p[1] == 0.2f && p[2] == 1);
    mcd_array_clear(&a);
    a = make(MCD_U8, 1, (int64_t[]){3}, v);
    assert_ok(mcd_values_to_pixels(&a, MCD_F64, "f", &e), e);
    assert_true(((double *)a.data)[1] == 51.0 / 255);
    mcd_array_clear(&a);
    a = make(MCD_I32, 1, (int64_t[]){3}, v);
    assert_ok(mcd_values_to_pixels(&a, MCD_F32, "f", &e), e);
    assert_true(((float *)a.data)[2] == 255);
    mcd_array_clear(&a);
}

static void refuses_what_is_not_finite(void **state)
{
    (void)state;
    const double bad[] = {NAN, INFINITY, -INFINITY, 1e39};
    const char *text[] = {"[1, 0, 2] is nan", "[1, 0, 2] is inf", "[1, 0, 2] is -inf",
                          "[1, 0, 2] is inf"};
    for (int i = 0; i < 8; i++) {
        double v[6] = {0, 1, 2, 3, 4, bad[i % 4]};
        uint32_t from = i < 4 ? MCD_F64 : MCD_F32;
        struct mcd_error e = {0};
        struct mcd_array a = make(from, 3, (int64_t[]){2, 1, 3}, v);
        assert_int_equal(mcd_values_to_real(&a, MCD_F32, "f.npy", &e), MCD_INVALID);
        assert_error(e, MCD_INVALID, "f.npy", text[i % 4]);
        mcd_array_clear(&a);
    }
}

static void every_type_becomes_labels(void **state)
{
    (void)state;
    const double v[] = {0, 9, 3};
    for (size_t i = 0; i < 10; i++) {
        struct mcd_error e = {0};
        struct mcd_array a = make(all[i / 2], 1 + i % 2, (int64_t[]){3, 1}, v);
        assert_ok(mcd_values_to_labels(&a, i % 2 ? 10 : 0, "f", &e), e);
        assert_int_equal(a.type, MCD_I32);
        assert_int_equal(a.rank, 1);
        for (int k = 0; k < 3; k++)
            assert_true(((int32_t *)a.data)[k] == (int32_t)v[k]);
        mcd_array_clear(&a);
    }
}

static void refuse_label(uint32_t type, double label, int64_t classes, const char *part)
{
    double v[] = {0, 1, label};
    struct mcd_error e = {0};
    struct mcd_array a = make(type, 1, (int64_t[]){3}, v);
    assert_int_equal(mcd_values_to_labels(&a, classes, "labels", &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "labels", part);
    mcd_array_clear(&a);
}

static void refuses_bad_labels(void **state)
{
    (void)state;
    refuse_label(MCD_U8, 10, 10, "row 2: label 10, expected a whole number of 0 to 9");
    refuse_label(MCD_I32, -1, 10, "row 2: label -1, expected a whole number of 0 to 9");
    refuse_label(MCD_F32, 1.5, 10, "row 2: label 1.5");
    refuse_label(MCD_I64, 4294967296.0, 0, "0 to 2147483647");
    refuse_label(MCD_F64, NAN, 10, "[2] is nan");
    struct mcd_error e = {0};
    struct mcd_array a = make(MCD_U8, 2, (int64_t[]){1, 3}, (double[]){0, 0, 1});
    assert_int_equal(mcd_values_to_labels(&a, 10, "labels", &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "labels", "shape [1, 3]: expected one number a row");
    mcd_array_clear(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_becomes_real),    cmocka_unit_test(bytes_become_pixels),
        cmocka_unit_test(refuses_what_is_not_finite), cmocka_unit_test(every_type_becomes_labels),
        cmocka_unit_test(refuses_bad_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
