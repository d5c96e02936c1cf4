/*
 * Files made by others on real data, which the project does not hold: the rotated digits and the
 * weights in the folder MCDROP_REFERENCE, MNIST in one of MCDROP_DATA_PATH. Skipped without.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/io/dataset.h"
#include "core/io/npy.h"
#include "core/io/rotate.h"
#include "core/io/safetensors.h"
#include "scratch.h"

#include <math.h>

static const char *reference(const char *name)
{
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", getenv("MCDROP_REFERENCE"), name);
    return path;
}

static void rotates_the_one(void **state)
{
    (void)state;
    enum { ANGLES = 12 };
    double angle[ANGLES];
    struct mcd_dataset d;
    struct mcd_array expected, got;
    struct mcd_error e = {0};
    for (int i = 0; i < ANGLES; i++)
        angle[i] = 50 + 7 * i;
    const struct mcd_dataset_request r = {.data = "mnist", .split = MCD_TEST, .classes = 10};
    assert_ok(mcd_dataset_load(&d, &r, &e), e);
    assert_int_equal(((int32_t *)d.y.data)[9978], 1);
    assert_ok(mcd_rotate_each(&d.x, 9978, angle, ANGLES, &got, &e), e);
    assert_ok(mcd_npy_read(reference("rotated_one.npy"), &expected, &e), e);
    assert_int_equal(mcd_array_count(&got), mcd_array_count(&expected));
    for (int64_t i = 0; i < mcd_array_count(&got); i++)
        assert_true(fabsf(((float *)got.data)[i] - ((float *)expected.data)[i]) <= 1e-6f);
    mcd_array_clear(&got);
    mcd_array_clear(&expected);
    mcd_dataset_clear(&d);
}

static void reads_weights(const char *file, const char *name, int64_t rows, int64_t columns)
{
    struct mcd_safetensors s;
    struct mcd_error e = {0};
    assert_ok(mcd_safetensors_read(reference(file), &s, &e), e);
    const struct mcd_array *w = mcd_safetensors_find(&s, name);
    assert_non_null(w);
    assert_int_equal(w->type, MCD_F32);
    assert_int_equal(w->dim[0], rows);
    assert_int_equal(w->dim[1], columns);
    for (int64_t i = 0; i < mcd_array_count(w); i++)
        assert_true(isfinite(((float *)w->data)[i]));
    mcd_safetensors_clear(&s);
}

static void reads_the_weights(void **state)
{
    (void)state;
    reads_weights("mlp.safetensors", "model.input.weight", 800, 784);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rotates_the_one),
        cmocka_unit_test(reads_the_weights),
    };
    if (!getenv("MCDROP_REFERENCE") || !getenv("MCDROP_DATA_PATH")) {
        printf("1..0 # SKIP MCDROP_REFERENCE or MCDROP_DATA_PATH is not set: "
               "reference weights, rotated digits and MNIST are not compared\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
