/*
 * core/check: each check of models sees what is wrong with a model and says so, and those that are
 * shipped pass all of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/host.h"
#include "core/plugin/search.h"

#include "tests/check_case.h"
#include "tests/scratch.h"

static void wrong_networks_are_seen(void **state)
{
    static const struct check_case cases[] = {
        {"wrong=nothing", NULL, {{0}}},
        {"wrong=counting",
         NULL,
         {{"recording", "another affine than the first time"},
          {"sizes", "alone and"},
          {"saved", "before and"}}},
        {"wrong=forgetful", NULL, {{"names", "shift in passes with noise alone"}}},
        {"wrong=noisy",
         NULL,
         {{"averaging", "noise while weight averaging"},
          {"learns", "noise while weight averaging"},
          {"saved", "noise while weight averaging"}}},
        {"wrong=mixing", NULL, {{"sizes", "mixes the rows"}, {"saved", "mixes the rows"}}},
        {"wrong=stuck", NULL, {{"learns", "1.09861 before and 1.09861 after"}}},
        {"wrong=ageing", NULL, {{"saved", "before and"}}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        run_bad(mcd_checks_model, "odd_network", MCD_MODEL, &cases[i]);
}

/* The output, and the recipe. */
static void odd_outputs_are_seen(void **state)
{
    static const struct check_case cases[] = {
        {"output=nothing", NULL, {{"build", "failed without saying why"}}},
        {"output=stray", NULL, {{"build", "not a value of this graph"}}},
        {"output=no_recipe", NULL, {{"build", "has no recipe"}}},
        {"output=no_task", NULL, {{"build", "task 0"}}},
        {"output=image", "2x2", {{"build", "[2, 2]"}}},
        {"output=rowless", NULL, {{"build", "without rows"}}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bad_spec spec = bad_spec("odd_model", cases[i].params);
        run_case(&mcd_checks_model[0], spec.text, MCD_MODEL, &cases[i]);
    }
}

static void wrong_posteriors_are_seen(void **state)
{
    static const struct check_case cases[] = {
        {"wrong=nothing", NULL, {{0}}},
        {"wrong=nan_draw", NULL, {{"fit", "chain 3, draw 5: mu is"}, {"draws", "mu is"}}},
        {"wrong=crowded", NULL, {{"fit", "draw 0: mu is"}}},
        {"wrong=infinite_mean", NULL, {{"draws", "draw 0, x = 0.31: inf"}}},
        {"wrong=negative_variance", NULL, {{"draws", "-0.001"}}},
        {"wrong=unwritten_noise", NULL, {{"draws", "nan"}}},
        {"wrong=unwritten_path", NULL, {{"draws", "pass 5, x = 4"}}},
        {"wrong=trusting", NULL, {{"draws", "draws of one quantity more: status 0"}}},
        {"wrong=countless", NULL, {{"draws", "others, of 3 of 6 passes"}}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        run_bad(mcd_checks_model, "odd_posterior", MCD_MODEL, &cases[i]);
}

/* Of the parameters that make them large, or long to fit, small ones. */
static void shipped_models_pass(void **state)
{
    static const char *const specs[] = {"gp:tune=200,draws=50", "lenet", "mlp:hidden=9x7",
                                        "mlp2:hidden=8x8", NULL};
    static const struct check_case sound = {"", NULL, {{0}}};
    (void)state;
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    for (const char *const *spec = specs; *spec; spec++) {
        char name[64], full[2 * PATH_MAX], *path;
        size_t n = strcspn(*spec, ":");
        snprintf(name, sizeof name, "%.*s", (int)n, *spec);
        assert_ok(mcd_search_find(host, MCD_MODEL, name, &path, &e), e);
        assert_non_null(path);
        snprintf(full, sizeof full, "%s%s", path, *spec + n);
        run_checks(mcd_checks_model, full, MCD_MODEL, &sound);
        host->release(host, path);
    }
    mcd_host_destroy(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_networks_are_seen),
        cmocka_unit_test(odd_outputs_are_seen),
        cmocka_unit_test(wrong_posteriors_are_seen),
        cmocka_unit_test(shipped_models_pass),
    };
    return cmocka_run_group_tests_name("check_models", tests, NULL, NULL);
}
