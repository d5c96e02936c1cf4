/* IDX files: every type, every cut, and headers that promise what the file does not hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/io/idx.h"
#include "scratch.h"

#include <zlib.h>

static const unsigned char pixels[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0,
                                       1, 0, 0, 0, 3, 1, 2, 3, 4, 5, 255};

static void parses_bytes(void **state)
{
    (void)state;
    struct mcd_array a;
    struct mcd_error e = {0};
    assert_ok(mcd_idx_parse(pixels, sizeof pixels, "p", &a, &e), e);
    assert_int_equal(a.type, MCD_U8);
    assert_int_equal(a.rank, 3);
    assert_int_equal(a.dim[0], 2);
    assert_int_equal(a.dim[1], 1);
    assert_int_equal(a.dim[2], 3);
    assert_memory_equal(a.data, pixels + 16, 6);
    mcd_array_clear(&a);
}

static void parses_wide_types(void **state)
{
    (void)state;
    const unsigned char i32[] = {0, 0, 12, 1, 0, 0, 0, 2, 0, 0, 1, 2, 255, 255, 255, 254};
    const unsigned char f32[] = {0, 0, 13, 1, 0, 0, 0, 1, 0xc0, 0x20, 0, 0};
    const unsigned char f64[] = {0, 0, 14, 1, 0, 0, 0, 1, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0};
    struct mcd_array a;
    struct mcd_error e = {0};
    assert_ok(mcd_idx_parse(i32, sizeof i32, "i", &a, &e), e);
    assert_int_equal(((int32_t *)a.data)[0], 258);
    assert_int_equal(((int32_t *)a.data)[1], -2);
    mcd_array_clear(&a);
    assert_ok(mcd_idx_parse(f32, sizeof f32, "f", &a, &e), e);
    assert_true(((float *)a.data)[0] == -2.5f);
    mcd_array_clear(&a);
    assert_ok(mcd_idx_parse(f64, sizeof f64, "d", &a, &e), e);
    assert_true(((double *)a.data)[0] == 1.5);
    mcd_array_clear(&a);
}

static void refuse(const void *bytes, size_t size, const char *place, const char *part)
{
    struct mcd_array a;
    struct mcd_error e = {0};
    /* An exact copy, so that a sanitizer sees every read beyond the end. */
    void *copy = malloc(size ? size : 1);
    memcpy(copy, bytes, size);
    assert_int_equal(mcd_idx_parse(copy, size, "bad", &a, &e), MCD_INVALID);
    free(copy);
    assert_error(e, MCD_INVALID, place, part);
    assert_null(a.data);
}

static void refuses_every_cut(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof pixels; size++)
        refuse(pixels, size, "bad: byte", "expected");
    refuse(pixels, 21, "bad: byte 21", "5 bytes of values: expected 6");
    refuse(pixels, 10, "bad: byte 10", "expected 16 bytes for 3 dimensions");
}

static void refuses_bad_headers(void **state)
{
    (void)state;
    const unsigned char surplus[] = {0, 0, 8, 1, 0, 0, 0, 1, 5, 6};
    const unsigned char huge[] = {0,   0,   14,  4,   255, 255, 255, 255, 255, 255, 255, 255,
                                  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    refuse("PK\3\4....", 8, "byte 0", "not an IDX file");
    refuse("\0\0\x09\1\0\0\0\1\1", 9, "byte 2", "type 09 is not supported");
    refuse("\0\0\x08\0\1", 5, "byte 3", "0 dimensions");
    refuse("\0\0\x08\7\1", 5, "byte 3", "7 dimensions");
    refuse(surplus, sizeof surplus, "byte 10", "2 bytes of values: expected 1");
    refuse(huge, sizeof huge, "byte 4", "beyond all bounds");
    refuse("\0\0\x08\2\0\0\0\0\0\0\0\1\1", 13, "byte 13", "expected 0");
}

static void reads_packed_and_cut_files(void **state)
{
    (void)state;
    struct mcd_array a;
    struct mcd_error e = {0};
    const char *path = scratch_path("images.gz");
    gzFile f = gzopen(path, "wb");
    assert_int_equal(gzwrite(f, pixels, sizeof pixels), (int)sizeof pixels);
    assert_int_equal(gzclose(f), Z_OK);
    assert_ok(mcd_idx_read(path, &a, &e), e);
    assert_memory_equal(a.data, pixels + 16, 6);
    mcd_array_clear(&a);
    assert_int_equal(truncate(path, 30), 0);
    assert_int_equal(mcd_idx_read(path, &a, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "images.gz", "gzip stream is cut");
    e = (struct mcd_error){0};
    assert_int_equal(mcd_idx_read(scratch_path("none"), &a, &e), MCD_IO);
    assert_error(e, MCD_IO, "none", "No such file");
    assert_null(a.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_bytes),
        cmocka_unit_test(parses_wide_types),
        cmocka_unit_test(refuses_every_cut),
        cmocka_unit_test(refuses_bad_headers),
        cmocka_unit_test(reads_packed_and_cut_files),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
