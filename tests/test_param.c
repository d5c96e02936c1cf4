/*
 * core/plugin/param.c, value.c, domain.c, number.c, call.c: from settings to a constructor's
 * arguments.
 */
#include "core/base/host.h"
#include "core/base/number.h"
#include "core/plugin/call.h"
#include "core/plugin/param.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Behind the headers above, whose inline functions use a member called fail. */
#include <cmocka.h>

#include "scratch.h"

#include <locale.h>
#include <math.h>

#define PARAMS(X)                                                                                  \
    X(INT, out, NULL, "[1, 10)", "a number without a default")                                     \
    X(REAL, p, "0.5", "(0, 1]", "a probability")                                                   \
    X(BOOL, bias, "yes", NULL, "a switch")                                                         \
    X(ENUM, kind, "max", "max|mean|none", "a choice")                                              \
    X(TEXT, noise, "", NULL, "a text")                                                             \
    X(INTS, hidden, "800x800", "[1, inf)", "a list")                                               \
    X(REAL, free, "-1e-3", NULL, "any number")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

static struct mcd_host *test_host;

static int setup(void **state)
{
    (void)state;
    test_host = mcd_host_create(1, NULL, NULL, NULL);
    return test_host ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    uint64_t live = mcd_host_live(test_host);
    mcd_host_destroy(test_host);
    return live == 0 ? 0 : -1;
}

/* The specification in full, or NULL with the error. */
static char *resolve(const struct mcd_param *table, const char *text, struct mcd_error *e)
{
    struct mcd_spec spec;
    struct mcd_args args;
    char *full = NULL;
    if (mcd_spec_parse(test_host, text, &spec, e) != MCD_OK)
        return NULL;
    if (mcd_args_create(test_host, table, &spec, &args, e) == MCD_OK)
        full = mcd_args_text(test_host, spec.name, &args, e);
    mcd_args_clear(test_host, &args);
    mcd_spec_clear(test_host, &spec);
    return full;
}

static void texts_round_trip(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"m:out=1", "m:out=1,p=0.5,bias=yes,kind=max,noise=\"\",hidden=800x800,free=-0.001"},
        {"m:hidden=7,bias=no,out=+9,kind=none,p=1,noise=\"a, \\\"b\\\" \\\\\",free=0.1",
         "m:out=9,p=1,bias=no,kind=none,noise=\"a, \\\"b\\\" \\\\\",hidden=7,free=0.1"},
        {"m:out=1,p=0x1p-2,free=-inf,noise=concrete:t=0.1",
         "m:out=1,p=0.25,bias=yes,kind=max,noise=\"concrete:t=0.1\",hidden=800x800,free=-inf"},
        {"m:out=1,free=0.30000000000000004,hidden=1x9223372036854775806x3",
         "m:out=1,p=0.5,bias=yes,kind=max,noise=\"\",hidden=1x9223372036854775806x3,"
         "free=0.30000000000000004"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mcd_error e = {0};
        char *full = resolve(params, cases[i][0], &e);
        if (!full)
            fail_msg("%s: %s: %s", cases[i][0], e.where, e.text);
        assert_string_equal(full, cases[i][1]);
        char *again = resolve(params, full, &e);
        assert_string_equal(again, full);
        test_host->release(test_host, full);
        test_host->release(test_host, again);
    }
}

static void wrong_values_are_refused(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"m", "m:out", "must be given: expected a whole number in [1, 10)"},
        {"m:out=0", "m:out", "'0': expected a whole number in [1, 10)"},
        {"m:out=10", "m:out", "'10': expected a whole number in [1, 10)"},
        {"m:out=1.0", "m:out", "'1.0': expected a whole number in [1, 10)"},
        {"m:out= 1", "m:out", "' 1': expected a whole number"},
        {"m:out=", "m:out", "'': expected a whole number"},
        {"m:out=1x", "m:out", "'1x': expected a whole number"},
        {"m:out=9223372036854775808", "m:out", "9223372036854775808 does not fit into 64 bits"},
        {"m:out=1,p=0", "m:p", "'0': expected a number in (0, 1]"},
        {"m:out=1,p=nan", "m:p", "'nan': expected a number in (0, 1]"},
        {"m:out=1,free=nan", "m:free", "'nan': expected a number"},
        {"m:out=1,p=1e999", "m:p", "'1e999': expected a number"},
        {"m:out=1,p=\"0,5\"", "m:p", "'0,5': expected a number"},
        {"m:out=1,bias=true", "m:bias", "'true': expected yes or no"},
        {"m:out=1,kind=ma", "m:kind", "'ma': expected max, mean or none"},
        {"m:out=1,kind=max|mean", "m:kind", "'max|mean': expected max, mean or none"},
        {"m:out=1,hidden=", "m:hidden",
         "'': expected whole numbers joined by x, such as 2x3, each "
         "in [1, inf)"},
        {"m:out=1,hidden=2x", "m:hidden", "'': expected whole numbers"},
        {"m:out=1,hidden=2x0x3", "m:hidden", "'0': expected whole numbers"},
        {"m:out=1,out=1", "m", "parameter 'out' is given twice"},
        {"m:out=1,oup=1", "m",
         "unknown parameter 'oup': expected out, p, bias, kind, noise, hidden or free"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mcd_error e = {0};
        assert_null(resolve(params, cases[i][0], &e));
        assert_error(e, MCD_INVALID, cases[i][1], cases[i][2]);
    }
    static const struct mcd_param none[] = {MCD_PARAM_END};
    struct mcd_error e = {0};
    assert_null(resolve(none, "relu:p=1", &e));
    assert_error(e, MCD_INVALID, "relu", "unknown parameter 'p': it takes none");
}

static void wrong_tables_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct mcd_param row;
        const char *part;
    } cases[] = {
        {{"p", "2", "[0, 1]", "help", MCD_REAL},
         "parameter 'p': default '2': expected a number in"},
        {{"p", "2", "0, 1", "help", MCD_REAL}, "parameter 'p': domain '0, 1' cannot be read"},
        {{"p", NULL, "[a, 1]", "help", MCD_INT}, "parameter 'p': domain '[a, 1]' cannot be read"},
        {{"p", NULL, "[", "help", MCD_INT}, "domain '[' cannot be read"},
        {{"p", NULL, "", "help", MCD_INTS}, "domain '' cannot be read"},
        {{"p", "a", "a||b", "help", MCD_ENUM}, "domain 'a||b' cannot be read"},
        {{"p", "a", NULL, "help", MCD_ENUM}, "domain '' cannot be read"},
        {{"p", "c", "a|b", "help", MCD_ENUM}, "default 'c': expected a or b"},
        {{"p", "1", NULL, "help", 7}, "kind 7 is not known"},
        {{"p", "1", NULL, "", MCD_INT}, "parameter 'p' has no help"},
        {{"a b", "1", NULL, "help", MCD_INT}, "parameter 1: 'a b' is no name"},
        {{NULL, "1", NULL, "help", MCD_INT}, "parameter 1: '' is no name"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mcd_param table[] = {cases[i].row, MCD_PARAM_END};
        struct mcd_error e = {0};
        assert_int_equal(mcd_param_check(test_host, "x.so", table, &e), MCD_UNSUPPORTED);
        assert_error(e, MCD_UNSUPPORTED, "x.so", cases[i].part);
    }
    struct mcd_param twice[] = {
        {"p", "1", NULL, "h", MCD_INT}, {"p", "1", NULL, "h", MCD_INT}, MCD_PARAM_END};
    struct mcd_param endless[300];
    struct mcd_error e = {0};
    assert_int_equal(mcd_param_check(test_host, "x.so", twice, &e), MCD_UNSUPPORTED);
    assert_error(e, MCD_UNSUPPORTED, "x.so", "parameter 'p' is there twice");
    for (int i = 0; i < 300; i++)
        endless[i] = twice[0];
    e = (struct mcd_error){0};
    assert_int_equal(mcd_param_check(test_host, "x.so", endless, &e), MCD_UNSUPPORTED);
    assert_error(e, MCD_UNSUPPORTED, "x.so", "is MCD_PARAM_END missing?");
    assert_int_equal(mcd_param_check(test_host, "x.so", params, NULL), MCD_OK);
}

/* What the constructor saw. */
static char seen[256];

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    (void)host, (void)error;
    snprintf(seen, sizeof seen, "%lld %g %d %d '%s' %u:%lld,%lld %g", (long long)out, p, bias, kind,
             noise, hidden->count, (long long)hidden->value[0],
             (long long)hidden->value[hidden->count - 1], free);
    *self = seen;
    return out == 9 ? MCD_DEVICE : MCD_OK;
}

static int construct(const char *text, void **self, struct mcd_error *e)
{
    const struct mcd_plugin plugin = {
        .name = "m", .params = params, .create = (void (*)(void))create};
    struct mcd_spec spec;
    struct mcd_args args;
    assert_ok(mcd_spec_parse(test_host, text, &spec, e), *e);
    assert_ok(mcd_args_create(test_host, params, &spec, &args, e), *e);
    int status = mcd_call_create(test_host, &plugin, &args, self, e);
    mcd_args_clear(test_host, &args);
    mcd_spec_clear(test_host, &spec);
    return status;
}

static void the_constructor_gets_its_arguments(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    void *self = NULL;
    assert_ok(construct("m:out=2,p=0.25,bias=no,kind=mean,noise=\"a b\",hidden=3x5x4", &self, &e),
              e);
    assert_ptr_equal(self, seen);
    assert_string_equal(seen, "2 0.25 0 1 'a b' 3:3,4 -0.001");
    assert_int_equal(construct("m:out=9", &self, &e), MCD_DEVICE);
    assert_null(self);
    assert_string_equal(seen, "9 0.5 1 0 '' 2:800,800 -0.001");
    assert_error(e, MCD_DEVICE, "m", "could not be created");
}

static void numbers_know_no_locale(void **state)
{
    (void)state;
    static const char *const german[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "nl_NL.UTF-8"};
    const char *found = NULL;
    for (int i = 0; i < 4 && !found; i++)
        found = setlocale(LC_ALL, german[i]);
    double x = 0;
    assert_int_equal(mcd_number_real("0.5", &x), MCD_NUMBER_OK);
    assert_true(x == 0.5);
    assert_int_equal(mcd_number_real("0,5", &x), MCD_NUMBER_NONE);
    assert_string_equal(mcd_number_show(0.5).text, "0.5");
    assert_string_equal(mcd_number_show(1e300).text, "1e+300");
    assert_string_equal(mcd_number_show(540).text, "540");
    assert_string_equal(mcd_number_show(-80).text, "-80");
    assert_string_equal(mcd_number_show(1e15).text, "1e+15");
    assert_string_equal(mcd_number_show(5e-324).text, "5e-324");
    assert_string_equal(mcd_number_show(NAN).text, "nan");
    assert_int_equal(mcd_number_real("5e-324", &x), MCD_NUMBER_OK);
    setlocale(LC_ALL, "C");
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (uint64_t k = 1;; k++) {
        struct mcd_error e = {0};
        mcd_host_fail_at(test_host, k);
        char *full = resolve(params, "m:out=1", &e);
        if (full) {
            test_host->release(test_host, full);
            break;
        }
        assert_int_equal(e.code, MCD_NOMEM);
        assert_int_equal(mcd_host_live(test_host), 0);
    }
    mcd_host_fail_at(test_host, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_round_trip),
        cmocka_unit_test(wrong_values_are_refused),
        cmocka_unit_test(wrong_tables_are_refused),
        cmocka_unit_test(the_constructor_gets_its_arguments),
        cmocka_unit_test(numbers_know_no_locale),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
