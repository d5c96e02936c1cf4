/*
 * core/check: each check of layers sees what is wrong with a layer and says so, and those that are
 * shipped pass all of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/host.h"
#include "core/check/installed.h"
#include "core/plugin/search.h"

#include "tests/check_case.h"
#include "tests/scratch.h"

static const struct check_case cases[] = {
    {"wrong=nothing", NULL, {{0}}},
    {"wrong=mute", NULL, {{"shapes", "failed without saying why"}}},
    {"wrong=deaf", NULL, {{"shapes", "input 2 of 2 changes nothing"}}},
    {"wrong=rowless",
     NULL,
     {{"shapes", "without rows"}, {"averaging", "mixes"}, {"single", "mixes"}}},
    {"wrong=counting",
     NULL,
     {{"recording", "another affine than the first time"},
      {"backends", "of the largest magnitude"},
      {"determinism", "of the largest magnitude"},
      {"single", "alone and"}}},
    {"wrong=hungry", NULL, {{"recording", "fails and nobody says so"}}},
    {"wrong=forgetful", NULL, {{"names", "layer.shift in passes with noise alone"}}},
    {"wrong=eager", NULL, {{"names", "layer.shift in training alone"}}},
    {"wrong=blank", NULL, {{"names", "a parameter 'layer.the gain'"}}},
    {"wrong=endless",
     NULL,
     {{"names", "inf and 0.5"},
      {"gradient", "the sum of both is"},
      {"averaging", ""},
      {"single", ""}}},
    {"wrong=misled", NULL, {{"gradient", "the input, element"}}},
    {"wrong=moody",
     NULL,
     {{"gradient", "difference"},
      {"backends", "of the largest magnitude"},
      {"determinism", "of the largest magnitude"},
      {"averaging", "is"},
      {"single", "alone and"}}},
    {"wrong=sharp", NULL, {{"gradient", "the input, element 0: gradient"}}},
    {"wrong=burning", NULL, {{"gradient", "the sum of both is"}}},
    {"wrong=noisy", NULL, {{"averaging", "noise while weight averaging"}}},
    {"wrong=shrinking", NULL, {{"averaging", "[7] and []"}}},
    {"wrong=exploding", NULL, {{"averaging", "is inf"}}},
    {"wrong=mixing", NULL, {{"single", "mixes the rows"}}},
};

static void wrong_layers_are_seen(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        run_bad(mcd_checks_layer, "odd_layer", MCD_LAYER, &cases[i]);
}

static void backends_must_agree(void **state)
{
    (void)state;
    struct mcd_installed all;
    struct mcd_error e = {0};
    assert_ok(mcd_installed_find(&all, &e), e);
    const struct check_case bad = {
        "wrong=cancelling", "7", {{"backends", "of the largest magnitude"}}};
    if (all.count > 1)
        run_bad(mcd_checks_layer, "odd_layer", MCD_LAYER, &bad);
}

/* ---- backends that are wrong --------------------------------------------------------------- */

/* A folder of backends with one of tests/bad/ in it, in front of the search path. */
static void install(const char *backend)
{
    const char *before = getenv("MCDROP_PLUGIN_PATH");
    char from[PATH_MAX], to[2 * PATH_MAX], path[3 * PATH_MAX];
    snprintf(from, sizeof from, "%s/%s.so", getenv("MCDROP_BAD_PLUGINS"), backend);
    snprintf(to, sizeof to, "%s/backends", scratch_dir);
    assert_int_equal(mkdir(to, 0700), 0);
    snprintf(to, sizeof to, "%s/backends/%s.so", scratch_dir, backend);
    assert_int_equal(symlink(from, to), 0);
    snprintf(path, sizeof path, "%s:%s", scratch_dir, before);
    assert_int_equal(setenv("MCDROP_PLUGIN_PATH", path, 1), 0);
}

static void check_on(const char *backend, const struct expected_failure *failure)
{
    char before[3 * PATH_MAX];
    struct check_case sound = {.params = "wrong=nothing", .input = "7"};
    snprintf(before, sizeof before, "%s", getenv("MCDROP_PLUGIN_PATH"));
    for (size_t i = 0; failure[i].check; i++)
        sound.failure[i] = failure[i];
    install(backend);
    run_bad(mcd_checks_layer, "odd_layer", MCD_LAYER, &sound);
    assert_int_equal(setenv("MCDROP_PLUGIN_PATH", before, 1), 0);
    scratch_empty(NULL);
}

/*
 * A sound layer on a backend that scales what is kept wrongly, and on one that counts its workers.
 */
static void wrong_backends_are_seen(void **state)
{
    (void)state;
    check_on("scale", (struct expected_failure[]){{"backends", "of the largest magnitude"}, {0}});
    check_on("workers",
             (struct expected_failure[]){{"determinism", "of the largest magnitude"}, {0}});
}

/* ---- what is shipped ------------------------------------------------------------------------ */

/* Those that do not work without parameters. */
static const char *const specs[] = {"concrete:out=3", "conv2d:out=2,kernel=3,pad=1", "linear:out=3",
                                    "residual:layers=tanh", NULL};

static const char *params_of(const char *name)
{
    size_t n = strlen(name);
    for (const char *const *spec = specs; *spec; spec++)
        if (strncmp(*spec, name, n) == 0 && (*spec)[n] == ':')
            return *spec + n;
    return "";
}

static const struct check_case sound = {"", NULL, {{0}}};

static void shipped_layers_pass(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    struct mcd_list list;
    assert_ok(mcd_search_list(host, MCD_LAYER, &list, &e), e);
    assert_true(list.count >= 12);
    for (uint32_t i = 0; i < list.count; i += getenv("MCDROP_FAST") ? 6 : 1) {
        char spec[2 * PATH_MAX];
        snprintf(spec, sizeof spec, "%s%s", list.item[i].path, params_of(list.item[i].name));
        run_checks(mcd_checks_layer, spec, MCD_LAYER, &sound);
    }
    mcd_list_clear(host, &list);
    mcd_host_destroy(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_layers_are_seen),
        cmocka_unit_test(backends_must_agree),
        cmocka_unit_test(wrong_backends_are_seen),
        cmocka_unit_test(shipped_layers_pass),
    };
    return cmocka_run_group_tests_name("check_layers", tests, scratch_setup, scratch_teardown);
}
