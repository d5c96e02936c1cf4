/*
 * Plugins that were built for version 1.0 of the interface: a layer, a sampler, a model and a
 * backend compiled against its headers (tests/abi-1.0/) give the bits that the same sources give
 * with today's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <mcdrop/plugin.h>

#include <cmocka.h>

#include "scratch.h"

#include "program.h"

#include <dlfcn.h>

static int setup(void **state)
{
    char path[4096];
    int status = program_setup(state);
    snprintf(path, sizeof path, "%s/abi-1.0/.libs", getenv("MCDROP_TEST_BUILDDIR"));
    setenv("OLD", path, 1);
    snprintf(path, sizeof path, "%s/examples/.libs", getenv("MCDROP_TEST_BUILDDIR"));
    setenv("NEW", path, 1);
    return status;
}

/* The version that a module says it was built for. */
static uint32_t version_of(const char *folder, const char *name)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/%s.so", getenv(folder), name);
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!module)
        fail_msg("%s", dlerror());
    const struct mcd_plugin *entry = dlsym(module, "mcd_entry");
    assert_non_null(entry);
    uint32_t version = entry->abi;
    dlclose(module);
    return version;
}

/* Otherwise the rest would compare a thing with itself. */
static void they_are_of_different_versions(void **state)
{
    static const char *const names[] = {"prelu", "antithetic", "wide", "loops"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(version_of("OLD", names[i]), 0x10000);
        assert_int_equal(version_of("NEW", names[i]), MCD_ABI);
    }
}

/*
 * Trains and predicts with plugins of $OLD and of $NEW; `options` says P where the folder stands.
 */
static void check_same(const char *model, const char *options)
{
    static const char *const folders[] = {"OLD", "NEW"};
    for (int i = 0; i < 2; i++) {
        assert_program(0, "P=$%s; $M train --model %s --data co2 --seed 1 --epochs 5 --out %s %s",
                       folders[i], model, folders[i], options);
        assert_program(
            0,
            "P=$%s; $M predict --model %s --weights %s/weights.safetensors --seed 1 "
            "--grid -1:2:0.5 --passes 20 --format csv --sampler $P/antithetic.so %s >%s.csv",
            folders[i], model, folders[i], options, folders[i]);
        assert_program(0, "rm -r %s", folders[i]);
    }
    assert_same_file("OLD.csv", "NEW.csv");
    assert_has("OLD.csv", "\n6,");
}

static void a_layer_works(void **state)
{
    (void)state;
    check_same("mlp2:hidden=8x8,activation=$P/prelu.so", "--backend reference");
}

static void a_model_works(void **state)
{
    (void)state;
    check_same("$P/wide.so:hidden=8", "--backend reference");
}

static void a_backend_works(void **state)
{
    (void)state;
    check_same("mlp2:hidden=8x8", "--backend $P/loops.so");
}

/* What it does not know is neither asked of it nor passed over. */
static void a_backend_is_told_of_no_schedule(void **state)
{
    static const char run[] = "--data co2 --epochs 2 --schedule cosine --model mlp2:hidden=8x8";
    (void)state;
    assert_program(1, "$M train %s --backend $OLD/loops.so --out old", run);
    assert_has("err", "loops: was built for version 1.0 of the interface, which knows no schedule");
    assert_int_not_equal(access(scratch_path("old/weights.safetensors"), F_OK), 0);
    assert_program(0, "$M train %s --backend $NEW/loops.so --out new", run);
    assert_program(0, "$M check --quiet --only ops $OLD/loops.so");
    assert_program(0, "$M check --quiet --only ops $NEW/loops.so");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_of_different_versions),
        cmocka_unit_test(a_layer_works),
        cmocka_unit_test(a_model_works),
        cmocka_unit_test(a_backend_works),
        cmocka_unit_test(a_backend_is_told_of_no_schedule),
    };
    return cmocka_run_group_tests_name("older", tests, setup, scratch_teardown);
}
