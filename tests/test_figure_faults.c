/*
 * Figures for which memory or the disk runs out: every allocation and every step of writing fails
 * once in turn. Each time there is a clean error or it does not matter, nothing is lost, and no
 * file is there in part.
 */
#include "core/base/host.h"
#include "core/figure/figure.h"
#include "core/io/npy.h"
#include "core/network/draws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "faults.h"
#include "scratch.h"

#include <glob.h>
#include <jansson.h>

static struct mcd_host *host;

static int errors(struct mcd_drawing *d, const char *out, struct mcd_error *e)
{
    const struct mcd_labelled from[] = {{"x", scratch_path("a.csv")}, {"x", scratch_path("a.csv")}};
    return mcd_figure_errors(d, out, from, 2, (struct mcd_extent){0, 0}, e);
}

static int reliability(struct mcd_drawing *d, const char *out, struct mcd_error *e)
{
    const struct mcd_labelled from = {"x", scratch_path("r.json")};
    return mcd_figure_reliability(d, out, &from, 1, e);
}

static int bands(struct mcd_drawing *d, const char *out, struct mcd_error *e)
{
    const struct mcd_labelled from = {"x", scratch_path("b.json")};
    const struct mcd_bands_request r = {
        .from = &from, .files = 1, .step = 1, .points = 2, .data = scratch_path("co2.csv")};
    return mcd_figure_bands(d, out, &r, e);
}

static int series(struct mcd_drawing *d, const char *out, struct mcd_error *e)
{
    return mcd_figure_series(d, out, scratch_path("co2.csv"), e);
}

static int samples(struct mcd_drawing *d, const char *out, struct mcd_error *e)
{
    const struct mcd_samples_request r = {.file = scratch_path("s.npy"), .classes = "0,1"};
    return mcd_figure_samples(d, out, &r, e);
}

static int digits(struct mcd_drawing *d, const char *out, struct mcd_error *e)
{
    const struct mcd_digits_request r = {.file = scratch_path("s.npy"), .captions = "a,b"};
    return mcd_figure_digits(d, out, &r, e);
}

/*
 * jansson 2.14 writes beyond its buffer where it has no memory for a string of more than 64 bytes,
 * which the metadata of draws is: it gets what it asks for.
 */
void *__real_malloc(size_t);
void __real_free(void *);

static int chains(struct mcd_drawing *d, const char *out, struct mcd_error *e)
{
    json_set_alloc_funcs(__real_malloc, __real_free);
    int status = mcd_figure_chains(host, d, out, scratch_path("d.safetensors"), e);
    json_set_alloc_funcs(malloc, free);
    return status;
}

static void write_inputs(void)
{
    float logits[] = {2, -2, 1, -1, 2, -2, -1, 1};
    double q[16], x = 0;
    char name[] = "l", *names[] = {name};
    struct mcd_array a = {.type = MCD_F32, .rank = 3, .dim = {2, 2, 2}, .data = logits};
    struct mcd_error e = {0};
    struct mcd_draws_file d = {.host = host,
                               .chains = 2,
                               .draws = 8,
                               .dim = 1,
                               .max_depth = 10,
                               .q = q,
                               .names = names,
                               .rows = 1,
                               .columns = 1,
                               .x = &x,
                               .y = &x};
    for (int i = 0; i < 16; i++)
        q[i] = i * i % 7;
    assert_ok(mcd_npy_write(scratch_path("s.npy"), &a, &e), e);
    assert_ok(mcd_draws_write(scratch_path("d.safetensors"), &d, NULL, &e), e);
    scratch_text("a.csv", "epoch,test_errors\n1,30\n2,20\n");
    scratch_text("b.json", "{\"output_mean\": [1, 2], \"output_std\": [1, 2], \"noise_std\": [1]}");
    scratch_text("r.json",
                 "{\"scores\": {\"monte_carlo\": {\"ece\": {\"value\": 0}, \"ece_bins\": ["
                 "{\"from\": 0, \"to\": 1, \"count\": 9, \"confidence\": 1, "
                 "\"accuracy\": 1}]}}}");
    scratch_text("co2.csv", "month,ppm\n1958-03,1\n1958-04,2\n1958-05,4\n");
}

static size_t count(const char *pattern)
{
    glob_t found;
    size_t n = glob(scratch_path(pattern), 0, NULL, &found) == 0 ? found.gl_pathc : 0;
    globfree(&found);
    return n;
}

/* Once with the k-th of a kind failing; returns whether something did. */
static int draw(int (*figure)(struct mcd_drawing *, const char *, struct mcd_error *),
                enum fault kind, unsigned long k)
{
    struct mcd_error e = {0};
    struct mcd_drawing d = {0};
    long before = faults_live();
    faults_start(kind, k);
    int status = figure(&d, scratch_path("fig"), &e);
    int hit = faults_stop();
    if (status != e.code || (status && !hit))
        fail_msg("%s %lu: status %d, %s: %s", fault_name(kind), k, status, e.where, e.text);
    if (kind == FAULT_MEMORY && status && status != MCD_NOMEM)
        fail_msg("%s %lu: status %d, %s: %s", fault_name(kind), k, status, e.where, e.text);
    if (!status && count("fig.gp") != 1)
        fail_msg("%s %lu: no script", fault_name(kind), k);
    mcd_drawing_clear(&d);
    if (faults_live() != before)
        fail_msg("%s %lu: %ld are left", fault_name(kind), k, faults_live() - before);
    if (count("*.tmp") != 0)
        fail_msg("%s %lu: a temporary file is left", fault_name(kind), k);
    return hit;
}

static void fail_each(int (*figure)(struct mcd_drawing *, const char *, struct mcd_error *),
                      unsigned long least)
{
    unsigned long all = 0;
    for (int kind = 0; kind < FAULT_KINDS; kind++)
        for (unsigned long k = 1; draw(figure, (enum fault)kind, k); k++)
            all++;
    if (all < least)
        fail_msg("%lu faults: expected at least %lu", all, least);
}

#define FAIL_EACH(figure, least)                                                                   \
    static void figure##_fails_cleanly(void **state)                                               \
    {                                                                                              \
        (void)state;                                                                               \
        fail_each(figure, least);                                                                  \
    }

FAIL_EACH(errors, 30)
FAIL_EACH(reliability, 60)
FAIL_EACH(bands, 40)
FAIL_EACH(series, 25)
FAIL_EACH(samples, 20)
FAIL_EACH(digits, 20)
FAIL_EACH(chains, 60)

static int setup(void **state)
{
    struct mcd_error e = {0};
    json_set_alloc_funcs(malloc, free);
    host = mcd_host_create(1, NULL, NULL, &e);
    if (!host || scratch_setup(state) != 0 || setenv("MCDROP_GNUPLOT", "/nowhere/gnuplot", 1) != 0)
        return -1;
    write_inputs();
    return 0;
}

static int teardown(void **state)
{
    mcd_host_destroy(host);
    return scratch_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_fails_cleanly),  cmocka_unit_test(reliability_fails_cleanly),
        cmocka_unit_test(bands_fails_cleanly),   cmocka_unit_test(series_fails_cleanly),
        cmocka_unit_test(samples_fails_cleanly), cmocka_unit_test(digits_fails_cleanly),
        cmocka_unit_test(chains_fails_cleanly),
    };
    return cmocka_run_group_tests_name("figure faults", tests, setup, teardown);
}
