/*
 * Kept samples: every value in its place, whatever the order of blocks, also after an early stop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/predict/sample_file.h"
#include "scratch.h"

enum { FIRST = 5, PASSES = 1234, ROWS = 5, OUTPUTS = 2, BLOCK_ROWS = 2, BLOCK = 100 };

static float expected(int64_t pass, int64_t row, int64_t k)
{
    return (float)(pass * 100 + row * 10 + k);
}

/* Passes first .. end - 1 of one row block. */
static void feed(struct mcd_sample_file *k, uint64_t first, uint64_t end, int64_t first_row)
{
    static float x[BLOCK * BLOCK_ROWS * OUTPUTS];
    int64_t rows = ROWS - first_row < BLOCK_ROWS ? ROWS - first_row : BLOCK_ROWS;
    struct mcd_error e = {0};
    size_t n = 0;
    for (uint64_t t = first; t < end; t++)
        for (int64_t row = first_row; row < first_row + rows; row++)
            for (int64_t i = 0; i < OUTPUTS; i++)
                x[n++] = expected((int64_t)t, row, i);
    const struct mcd_block b = {.first_row = first_row,
                                .rows = rows,
                                .first_pass = first,
                                .passes = end - first,
                                .samples = x};
    assert_ok(mcd_sample_file_put(k, &b, &e), e);
}

static void check(const char *path, int64_t passes)
{
    struct mcd_array a;
    struct mcd_error e = {0};
    assert_ok(mcd_npy_read(path, &a, &e), e);
    assert_int_equal(a.rank, 3);
    assert_int_equal(a.dim[0], passes);
    assert_int_equal(a.dim[1], ROWS);
    assert_int_equal(a.dim[2], OUTPUTS);
    for (int64_t i = 0; i < passes * ROWS * OUTPUTS; i++) {
        int64_t row = i / OUTPUTS;
        assert_true(((float *)a.data)[i] == expected(FIRST + row / ROWS, row % ROWS, i % OUTPUTS));
    }
    mcd_array_clear(&a);
}

static void create(struct mcd_sample_file *k, const char *path)
{
    struct mcd_error e = {0};
    assert_ok(mcd_sample_file_create(k, path, MCD_F32, FIRST, PASSES, ROWS, OUTPUTS, &e), e);
}

static void row_block_after_row_block(void **state)
{
    (void)state;
    struct mcd_sample_file k;
    struct mcd_error e = {0};
    const char *path = scratch_path("rows.npy");
    create(&k, path);
    for (int64_t row = 0; row < ROWS; row += BLOCK_ROWS)
        for (uint64_t t = FIRST, end; t < FIRST + PASSES; t = end) {
            end = t / BLOCK * BLOCK + BLOCK < FIRST + PASSES ? t / BLOCK * BLOCK + BLOCK
                                                             : FIRST + PASSES;
            feed(&k, t, end, row);
        }
    assert_ok(mcd_sample_file_finish(&k, PASSES, &e), e);
    check(path, PASSES);
}

/* The header of fewer digits is as long as the first one. */
static void stopped_early(void **state)
{
    (void)state;
    struct mcd_sample_file k;
    struct mcd_error e = {0};
    const char *path = scratch_path("early.npy");
    create(&k, path);
    for (int64_t row = ROWS / BLOCK_ROWS * BLOCK_ROWS; row >= 0; row -= BLOCK_ROWS)
        feed(&k, FIRST, 42, row);
    assert_ok(mcd_sample_file_finish(&k, 42 - FIRST, &e), e);
    check(path, 42 - FIRST);
}

static void refuses_to_finish_incomplete(void **state)
{
    (void)state;
    struct mcd_sample_file k;
    struct mcd_error e = {0};
    scratch_empty(NULL);
    create(&k, scratch_path("short.npy"));
    feed(&k, FIRST, 42, 0);
    assert_int_equal(mcd_sample_file_finish(&k, 42 - FIRST, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "short.npy", "148 of 370 values");
    e = (struct mcd_error){0};
    create(&k, scratch_path("short.npy"));
    assert_int_equal(mcd_sample_file_finish(&k, PASSES + 1, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "short.npy", "cannot be shortened to 1235");
    create(&k, scratch_path("short.npy"));
    mcd_sample_file_abort(&k);
    mcd_sample_file_abort(&k);
    assert_int_equal(scratch_count(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(row_block_after_row_block),
        cmocka_unit_test(stopped_early),
        cmocka_unit_test(refuses_to_finish_incomplete),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
