/*
 * Lack of memory in what regressions add: every allocation of reading a table, splitting and
 * scaling it, and of scoring passes fails once in turn. Each time there is a clean error, or it
 * does not matter (memory that could not be shrunk), and there is no leak.
 */
#include "core/base/error.h"
#include "core/base/host.h"
#include "core/io/co2.h"
#include "core/network/frame.h"
#include "core/stats/value_score.h"
#include "core/train/hold_out.h"

#include <mcdrop/model.h>
#include <mcdrop/tensor.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "faults.h"
#include "scratch.h"

enum { ROWS = 6, BLOCK = 4, PASSES = 10 };

static const char table[] = "a,b,y\n1,2,3\n4,5,6\n7,9,8\n1,0,4\n2,2,2\n5,4,1\n";

/* ---- tables ------------------------------------------------------------------------------ */

static int scale(struct mcd_frame *f, struct mcd_array *x, struct mcd_array *y, struct mcd_error *e)
{
    struct mcd_frame other = {0}, again = {0};
    unsigned char aside[ROWS];
    int status = mcd_hold_out_choose("0.5", 1, ROWS, aside, e);
    if (!status)
        status = mcd_frame_fit(f, x, y, "table", e);
    if (!status)
        status = mcd_frame_copy(&other, f, e);
    json_t *json = status ? NULL : mcd_frame_json(&other);
    if (!status && !json)
        status = mcd_fail(e, MCD_NOMEM, "frame", "out of memory");
    if (!status)
        status = mcd_frame_parse(&again, json, "weights", e);
    if (!status && (again.inputs != 2 || again.sd[2] != f->sd[2]))
        status = MCD_INVALID;
    json_decref(json);
    mcd_frame_clear(&other);
    mcd_frame_clear(&again);
    return status;
}

static int read_table(struct mcd_error *e)
{
    struct mcd_columns wanted = {0};
    struct mcd_frame f = {0};
    struct mcd_array x = {0}, y = {0};
    int status = mcd_columns_parse(&wanted, "y", e);
    if (!status)
        status = mcd_columns_scan(table, strlen(table), "table", &wanted, 0, &f.columns, &x, &y, e);
    if (!status && !(f.hold_out = strdup("0.5")))
        status = mcd_fail(e, MCD_NOMEM, "table", "out of memory");
    f.rows = ROWS;
    if (!status)
        status = scale(&f, &x, &y, e);
    mcd_array_clear(&x);
    mcd_array_clear(&y);
    mcd_columns_clear(&wanted);
    mcd_frame_clear(&f);
    return status;
}

static int read_series(struct mcd_error *e)
{
    struct mcd_co2 c;
    int status = mcd_co2_load(&c, scratch_path("co2.csv"), e);
    mcd_co2_clear(&c);
    return status;
}

/* ---- scores ------------------------------------------------------------------------------ */

static int add_passes(struct mcd_moments *m, struct mcd_error *e)
{
    double samples[BLOCK * ROWS];
    int status = MCD_OK;
    for (uint64_t b = 0; !status && b * BLOCK < PASSES; b++) {
        for (int i = 0; i < BLOCK * ROWS; i++)
            samples[i] = (double)((unsigned)i * 7919u % 13u) + (double)b;
        status = mcd_moments_add(m, 0, b, samples, e);
    }
    return status;
}

static int score(struct mcd_error *e)
{
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, e);
    struct mcd_meaning *meaning = NULL;
    struct mcd_moments *m = NULL;
    struct mcd_value_scores s;
    if (!host)
        return MCD_NOMEM;
    int status = mcd_meaning_create(host, ROWS, 1, 1, 1, &meaning, e);
    if (!status) {
        meaning->noise[0] = 0.5;
        struct mcd_moments_spec spec = {.task = MCD_REGRESS,
                                        .type = MCD_F64,
                                        .rows = ROWS,
                                        .outputs = 1,
                                        .block_rows = ROWS,
                                        .group = 1,
                                        .block_passes = BLOCK,
                                        .passes = PASSES,
                                        .meaning = meaning};
        status = mcd_moments_create(host, &m, &spec, e);
    }
    if (!status)
        status = add_passes(m, e);
    if (!status)
        status = mcd_value_scores_monte_carlo(m, &s, e);
    mcd_moments_destroy(m);
    mcd_meaning_destroy(host, meaning);
    mcd_host_destroy(host);
    return status;
}

/* ---- failing ----------------------------------------------------------------------------- */

static void fail_each(int (*run)(struct mcd_error *), unsigned long least)
{
    struct mcd_error e = {0};
    unsigned long k = 1, errors = 0;
    assert_ok(run(&e), e); /* whatever is made once is made now */
    for (int hit = 1; hit; k++) {
        long before = faults_live();
        e = (struct mcd_error){0};
        faults_start(FAULT_MEMORY, k);
        int status = run(&e);
        hit = faults_stop();
        errors += hit && status == MCD_NOMEM;
        if (status != MCD_OK && !(hit && status == MCD_NOMEM && e.code == status))
            fail_msg("allocation %lu: status %d, %s: %s", k, status, e.where, e.text);
        if (faults_live() != before)
            fail_msg("allocation %lu: %ld are left", k, faults_live() - before);
    }
    assert_true(errors > least);
}

static void tables(void **state)
{
    (void)state;
    fail_each(read_table, 20);
}

static void series(void **state)
{
    (void)state;
    scratch_text("co2.csv", "month,ppm\n1958-03,1\n1958-04,2\n1958-05,4\n");
    fail_each(read_series, 8);
}

static void scores(void **state)
{
    (void)state;
    fail_each(score, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables),
        cmocka_unit_test(series),
        cmocka_unit_test(scores),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
