/* Saved benchmarks: what is read of them, and what is refused and how. */
#include "core/base/host.h"
#include "core/bench/bench_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Behind the headers above, whose inline functions use a member called fail. */
#include <cmocka.h>

#include "scratch.h"

#include <math.h>

#define HEAD                                                                                       \
    "{\"mcdrop_bench\": 1, \"clock\": \"cpu\", \"compiler\": \"12\", \"machine\": \"m\", "         \
    "\"sampler\": \"s\", \"threads\": 2, \"jobs\": ["
#define KEYS                                                                                       \
    "{\"model\": \"mlp\", \"backend\": \"b\", \"op\": \"\", \"shape\": \"\", \"rows\": 12, "
#define JOB   KEYS "\"job\": \"pass\", \"seconds\": [2, 4, 8], \"yardstick\": [1, 2, 1]}"
#define OTHER KEYS "\"job\": \"step\", \"seconds\": [1, 1, 1], \"yardstick\": [4, 4, 4]}"

static struct mcd_host *host;
static struct mcd_error e;

static int parse(const char *text, struct mcd_bench_file *f)
{
    e = (struct mcd_error){0};
    return mcd_bench_file_parse(host, "old.json", text, strlen(text), f, &e);
}

static void times_stand_beside_the_yardstick(void **state)
{
    (void)state;
    struct mcd_bench_file f, g;
    assert_ok(parse(HEAD JOB ", " OTHER "]}", &f), e);
    assert_int_equal(f.count, 2);
    assert_int_equal(f.threads, 2);
    assert_string_equal(f.clock, "cpu");
    assert_int_equal(f.record[0].count, 3);
    assert_true(fabs(f.record[0].value[0] - log(2)) < 1e-12);
    assert_true(fabs(f.record[0].value[2] - log(8)) < 1e-12);
    assert_true(f.yardstick == 3); /* between 2 and 4 */

    assert_ok(parse(HEAD OTHER "]}", &g), e);
    assert_ptr_equal(mcd_bench_file_find(&g, &f.record[1]), &g.record[0]);
    assert_null(mcd_bench_file_find(&g, &f.record[0]));
    mcd_bench_file_clear(&f);
    mcd_bench_file_clear(&g);
}

/* Texts that are refused, with the place and what is said. */
static void what_is_wrong_is_named(void **state)
{
    static const struct {
        const char *text, *where, *what;
    } cases[] = {
        {"", "old.json", "JSON"},
        {"{\"mcdrop_bench\": 1,", "old.json: line 2", "JSON"},
        {"[]", "mcdrop_bench", "expected 1"},
        {"{\"mcdrop_bench\": 2}", "mcdrop_bench", "expected 1"},
        {"{\"mcdrop_bench\": 1, \"clock\": 3}", "clock", "a text"},
        {HEAD "]}", "jobs", "1 to 4096"},
        {HEAD "3]}", "jobs[0].model", "a text"},
        {HEAD JOB ", {\"model\": \"x\"}]}", "jobs[1].backend", "a text"},
        {HEAD KEYS "\"job\": \"pass\"}]}", "jobs[0].seconds", "1 to 1000"},
        {HEAD KEYS "\"job\": \"pass\", \"seconds\": []}]}", "jobs[0].seconds", "1 to 1000"},
        {HEAD KEYS "\"job\": \"pass\", \"seconds\": [0]}]}", "jobs[0].seconds", "number 0"},
        {HEAD KEYS "\"job\": \"pass\", \"seconds\": [1, null]}]}", "jobs[0].seconds", "number 1"},
        {HEAD KEYS "\"job\": \"pass\", \"seconds\": [1, 2], \"yardstick\": [1]}]}",
         "jobs[0].yardstick", "as many numbers"},
        {HEAD KEYS "\"job\": \"pass\", \"seconds\": [1], \"yardstick\": [-1]}]}",
         "jobs[0].yardstick", "above 0"},
        {HEAD JOB ", " JOB "]}", "jobs[1]", "twice"},
    };
    (void)state;
    struct mcd_bench_file f;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(parse(cases[i].text, &f), MCD_INVALID);
        assert_error(e, MCD_INVALID, cases[i].where, cases[i].what);
        assert_non_null(strstr(e.where, "old.json"));
        assert_null(f.json);
        mcd_bench_file_clear(&f); /* harmless */
    }
    assert_int_equal(mcd_host_live(host), 0);
}

/* Whatever allocation of the host fails, nothing is left. */
static void memory_that_is_missing(void **state)
{
    (void)state;
    struct mcd_bench_file f;
    uint64_t k = 0;
    int status;
    do {
        mcd_host_fail_at(host, ++k);
        status = parse(HEAD JOB ", " OTHER "]}", &f);
        assert_true(status == MCD_OK || status == MCD_NOMEM);
        mcd_bench_file_clear(&f);
        assert_int_equal(mcd_host_live(host), 0);
    } while (status != MCD_OK && k < 100);
    mcd_host_fail_at(host, 0);
    assert_in_range(k, 3, 20);
}

static int setup(void **state)
{
    (void)state;
    host = mcd_host_create(1, NULL, NULL, NULL);
    return host ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    mcd_host_destroy(host);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_stand_beside_the_yardstick),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(memory_that_is_missing),
    };
    return cmocka_run_group_tests_name("bench_file", tests, setup, teardown);
}
