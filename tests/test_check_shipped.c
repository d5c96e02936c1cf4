/* Every plugin that was built passes every check. */
#include "core/base/host.h"
#include "core/check/run.h"
#include "core/plugin/search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Behind the headers above, whose inline functions use a member called fail. */
#include <cmocka.h>

#include "checked.h"

/* What has to be said of a plugin because it is a text; nothing of the others. */
static const char *params_of(const char *name)
{
    return strcmp(name, "residual") == 0 ? "layers=tanh" : "";
}

/* The card of backend cuda may be missing; tests/cuda/no_card.sh looks at what it says then. */
static void assert_device(const char *name)
{
    const struct mcd_error *missing = &checked.subject.device;
    if (!missing->code)
        return;
    fprintf(stderr, "# SKIPPED: %s, but for its file: %s\n", name, missing->text);
    assert_string_equal(name, "backends/cuda");
    assert_int_equal(checked.verdicts[MCD_CHECK_PASSED], 4);
}

/* All of a kind; whatever is installed elsewhere is not what was built. */
static void pass(uint32_t kind, uint32_t least)
{
    const char *built = getenv("MCDROP_PLUGIN_PATH");
    struct mcd_list list;
    struct mcd_error e = {0};
    char folder[40];
    uint32_t looked = 0;
    snprintf(folder, sizeof folder, "%ss", mcd_plugin_kind_name(kind));
    assert_int_equal(mcd_search_list(checked_host, kind, &list, &e), MCD_OK);
    for (uint32_t i = 0; i < list.count; i++) {
        char name[300];
        if (strncmp(list.item[i].path, built, strlen(built)) != 0)
            continue;
        snprintf(name, sizeof name, "%s/%s", folder, list.item[i].name);
        check_plugin("MCDROP_PLUGIN_PATH", name, params_of(list.item[i].name), NULL, 600);
        assert_failed_only(NULL, "", "");
        assert_device(name);
        assert_int_equal(checked.subject.kind, kind);
        looked++;
    }
    mcd_list_clear(checked_host, &list);
    assert_true(looked >= least);
}

static void layers_pass(void **state)
{
    (void)state;
    pass(MCD_LAYER, 16);
}

static void samplers_pass(void **state)
{
    (void)state;
    pass(MCD_SAMPLER, 3);
}

static void models_pass(void **state)
{
    (void)state;
    pass(MCD_MODEL, 4);
}

static void backends_pass(void **state)
{
    (void)state;
    pass(MCD_BACKEND, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_pass),
        cmocka_unit_test(samplers_pass),
        cmocka_unit_test(models_pass),
        cmocka_unit_test(backends_pass),
    };
    return cmocka_run_group_tests(tests, checked_setup, checked_teardown);
}
