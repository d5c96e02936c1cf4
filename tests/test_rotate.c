/* Rotated images against SciPy's, to rounding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/io/npy.h"
#include "core/io/rotate.h"
#include "scratch.h"

#include <math.h>

/* As in tests/fixtures/make_rotate.py. */
static const double angles[] = {0, 7, -33.3, 45, 50, 90, 127, 180, -90, 270, 450, 719.5};

enum { ANGLES = sizeof angles / sizeof angles[0] };

static void compare(const char *name)
{
    char path[PATH_MAX];
    struct mcd_array expected, got;
    struct mcd_error e = {0};
    const char *tests = getenv("MCDROP_TEST_SRCDIR");
    snprintf(path, sizeof path, "%s/fixtures/rotate_%s.npy", tests ? tests : "tests", name);
    assert_ok(mcd_npy_read(path, &expected, &e), e);
    assert_int_equal(expected.dim[0], 1 + ANGLES);
    assert_ok(mcd_rotate_each(&expected, 0, angles, ANGLES, &got, &e), e);
    int64_t size = expected.dim[1] * expected.dim[2];
    const double *want = (const double *)expected.data + size, *have = got.data;
    for (int64_t i = 0; i < ANGLES * size; i++)
        if (!(fabs(want[i] - have[i]) <= 1e-12))
            fail_msg("%s, %g degrees, value %d: expected %.17g, got %.17g", name, angles[i / size],
                     (int)(i % size), want[i], have[i]);
    mcd_array_clear(&expected);
    mcd_array_clear(&got);
}

static void rotates_as_scipy(void **state)
{
    (void)state;
    compare("9x9");
    compare("8x8");
    compare("5x12");
    compare("2x3");
    compare("1x4");
    compare("1x1");
}

static void quarter_turns_only_move_pixels(void **state)
{
    (void)state;
    const double image[] = {1, 2, 3, 4};
    double out[4];
    struct mcd_error e = {0};
    assert_ok(mcd_rotate(image, 2, 2, 90, out, &e), e);
    const double turned[] = {2, 4, 1, 3};
    for (int i = 0; i < 4; i++)
        assert_true(fabs(out[i] - turned[i]) < 1e-14);
}

static void rotates_floats_through_doubles(void **state)
{
    (void)state;
    struct mcd_array images, out;
    struct mcd_error e = {0};
    assert_ok(mcd_array_create(&images, MCD_F32, 3, (int64_t[]){2, 3, 3}, &e), e);
    float *v = images.data;
    double wide[9], turned[9];
    for (int i = 0; i < 9; i++) {
        v[9 + i] = (float)i * 0.1f;
        wide[i] = (double)v[9 + i];
    }
    const double angle = 33;
    assert_ok(mcd_rotate_each(&images, 1, &angle, 1, &out, &e), e);
    assert_int_equal(out.type, MCD_F32);
    assert_int_equal(out.dim[0], 1);
    assert_ok(mcd_rotate(wide, 3, 3, angle, turned, &e), e);
    for (int i = 0; i < 9; i++)
        assert_true(((float *)out.data)[i] == (float)turned[i]);
    mcd_array_clear(&out);
    mcd_array_clear(&images);
}

static void refuses_nonsense(void **state)
{
    (void)state;
    struct mcd_array images, out;
    struct mcd_error e = {0};
    const double angles_bad[] = {10, NAN};
    assert_ok(mcd_array_create(&images, MCD_F64, 3, (int64_t[]){2, 3, 3}, &e), e);
    assert_int_equal(mcd_rotate_each(&images, 2, angles, 1, &out, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "index", "no image 2: expected 0 to 1");
    e = (struct mcd_error){0};
    assert_int_equal(mcd_rotate_each(&images, 0, angles_bad, 2, &out, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "angle", "nan is no angle");
    assert_null(out.data);
    images.rank = 2;
    e = (struct mcd_error){0};
    assert_int_equal(mcd_rotate_each(&images, 0, angles, 1, &out, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "rotate", "[n, height, width]");
    mcd_array_clear(&images);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rotates_as_scipy),
        cmocka_unit_test(quarter_turns_only_move_pixels),
        cmocka_unit_test(rotates_floats_through_doubles),
        cmocka_unit_test(refuses_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
