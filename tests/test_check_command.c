/* mcdrop check: how plugins are named, what is printed in the three formats, and how it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "program.h"

static int setup(void **state)
{
    return program_setup(state) == 0 && chmod(scratch_dir, 0755) == 0 ? 0 : -1;
}

static void names_and_files(void **state)
{
    (void)state;
    assert_program(0, "$M check --only load,parameters linear 'conv2d:out=2,kernel=3'");
    assert_has("out", "linear.so:out=1,bias=yes, layer, ");
    assert_has("out", "conv2d.so:out=2,kernel=3,stride=1");
    assert_has("out", "linear: 2 checks, 2 passed, 0 failed, 0 skipped\n");
    assert_program(0, "$M check --only load $MCDROP_BAD_PLUGINS/meddles.so:with=locale");
    assert_has("out", "meddles.so:with=locale, layer, ");
}

static void a_failure_says_how_to_repeat_it(void **state)
{
    (void)state;
    assert_program(1, "$M check --quick --only parameters,output --seed 7 --input 3x2 "
                      "\"$MCDROP_BAD_PLUGINS/edges.so:how=silent\"");
    assert_has("out", "parameters  FAILED ");
    assert_has("out", "\nparameters: size=0\n  expected  an object, or a refusal in words\n"
                      "  seen      status 1 without a text\n  repeat    mcdrop check ");
    assert_has("out", "edges.so:how=silent --only parameters --seed 7 --input 3x2 --quick\n");
    assert_has("out", ": 2 checks, 1 passed, 1 failed, 0 skipped\n");
}

/* As a shell would take it. */
static void what_is_repeated_is_quoted(void **state)
{
    (void)state;
    assert_program(1, "mkdir 'a b'; chmod 755 'a b'; cp $MCDROP_BAD_PLUGINS/edges.so 'a b'; "
                      "$M check 'a b/edges.so:how=silent' --only parameters");
    assert_has("out",
               "repeat    mcdrop check 'a b/edges.so:how=silent' --only parameters --seed 1");
}

static void what_cannot_be_loaded_is_a_finding(void **state)
{
    (void)state;
    assert_program(1, "$M check --only starve $MCDROP_BAD_PLUGINS/wrong_major.so");
    assert_has("out", "wrong_major.so, not loaded, ");
    assert_has("out", "  seen      built for plugin interface 2.0");
    scratch_text("text.so", "#!/bin/sh\nexit 0\n");
    assert_program(1, "$M check ./text.so");
    assert_has("out", "not a shared object of this machine");
    assert_has("out", "not looked at: load failed");
}

/* In full where it is met first; another op's is another crash. */
static void a_crash_is_told_once(void **state)
{
    (void)state;
    assert_program(1, "$M check --quick --only ops,extremes,masks $MCDROP_BAD_PLUGINS/crashing.so");
    assert_has("out", ": 3 checks, 0 passed, 3 failed, 0 skipped\n");
    assert_has("out", "\nops: LOGSOFTMAX ");
    assert_has("out", "\nmasks: DROP ");
    assert_has("out", " crashes as in ops\n");
    assert_lacks("out", "\nextremes: ");
    assert_program(1, "$M check --format json --quick --only ops,extremes "
                      "$MCDROP_BAD_PLUGINS/crashing.so");
    json_t *all = program_json("out");
    json_t *checks = json_object_get(json_array_get(all, 0), "checks");
    json_t *first = json_array_get(checks, 0), *second = json_array_get(checks, 1);
    assert_string_equal(json_string_value(json_object_get(second, "verdict")), "failed");
    assert_string_equal(json_string_value(json_object_get(second, "note")), "crashes as in ops");
    assert_non_null(json_string_value(json_object_get(second, "where")));
    assert_non_null(json_string_value(json_object_get(second, "seen")));
    assert_true(json_is_null(json_object_get(second, "remedy")));
    assert_true(json_is_null(json_object_get(first, "note")));
    assert_non_null(json_string_value(json_object_get(first, "remedy")));
    json_decref(all);
}

/* What is the user's mistake does not keep other plugins from being checked. */
static void mistakes(void **state)
{
    (void)state;
    assert_program(2, "$M check");
    assert_has("err", "which plugin?");
    assert_program(2, "$M check nothing relu --only load");
    assert_has("err", "nothing: there is no such plugin");
    assert_has("out", "relu: 1 checks, 1 passed");
    assert_program(2, "$M check ./nothing.so");
    assert_has("err", "./nothing.so: there is no such file");
    assert_program(2, "$M check linear:out=0");
    assert_has("err", "linear:out: '0': expected a whole number in [1, ");
    assert_program(2, "$M check $MCDROP_BAD_PLUGINS/endless.so");
    assert_has("err", "endless:path: must be given: expected a text");
    assert_program(2, "$M check relu --only relu");
    assert_has("err", "relu: there is no such check");
    assert_program(2, "$M check relu --seed -1");
}

/* Of a backend without its device there is nothing to find out but what its file says. */
static void a_missing_device(void **state)
{
    (void)state;
    assert_program(3, "$M check $MCDROP_BAD_PLUGINS/absent.so");
    assert_has("out", "descriptor  passed ");
    assert_has("out", "no device: there is no such device in this machine");
    assert_has("out", " 0 failed, ");
    assert_program(1, "$M check --only load,symbols $MCDROP_BAD_PLUGINS/absent.so "
                      "$MCDROP_BAD_PLUGINS/exports.so");
}

/* What lies among the layers is a layer. */
static void a_wrong_folder(void **state)
{
    (void)state;
    assert_program(1,
                   "mkdir -m 755 p p/layers; cp $MCDROP_PLUGIN_PATH/models/mlp.so p/layers/odd.so; "
                   "MCDROP_PLUGIN_PATH=$PWD/p $M check odd");
    assert_has("out", "seen      is a model: expected a layer");
}

static void json(void **state)
{
    (void)state;
    assert_program(1, "$M check --format json --only symbols,rpath relu "
                      "$MCDROP_BAD_PLUGINS/exports.so");
    json_t *all = program_json("out"), *bad = json_array_get(all, 1), *check;
    assert_int_equal(json_array_size(all), 2);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(all, 0), "failed")), 0);
    assert_int_equal(json_integer_value(json_object_get(bad, "failed")), 1);
    assert_int_equal(json_integer_value(json_object_get(bad, "passed")), 1);
    assert_string_equal(json_string_value(json_object_get(bad, "kind")), "layer");
    check = json_array_get(json_object_get(bad, "checks"), 0);
    assert_string_equal(json_string_value(json_object_get(check, "check")), "symbols");
    assert_string_equal(json_string_value(json_object_get(check, "verdict")), "failed");
    assert_string_equal(json_string_value(json_object_get(check, "where")), "destroy_in_public");
    assert_non_null(json_string_value(json_object_get(check, "repeat")));
    check = json_array_get(json_object_get(bad, "checks"), 1);
    assert_string_equal(json_string_value(json_object_get(check, "verdict")), "passed");
    assert_true(json_is_null(json_object_get(check, "repeat")));
    json_decref(all);
}

/* JSON has no strings of other bytes than UTF-8's. */
static void json_of_any_path(void **state)
{
    (void)state;
    assert_program(0, "D=$(printf 'caf\\351'); mkdir -m 755 \"$D\"; "
                      "cp $MCDROP_PLUGIN_PATH/layers/relu.so \"$D\"; "
                      "$M check --format json --only load \"./$D/relu.so\"");
    json_t *all = program_json("out"), *one = json_array_get(all, 0);
    assert_string_equal(json_string_value(json_object_get(one, "plugin")), "./caf?/relu.so");
    assert_int_equal(json_integer_value(json_object_get(one, "passed")), 1);
    json_decref(all);
}

static void csv_and_the_list(void **state)
{
    (void)state;
    assert_program(0, "$M check --format csv --only symbols,rpath relu tanh");
    assert_begins("out", "plugin,check,verdict,cases,demand,note,where,expected,seen,repeat,");
    assert_has("out", "\nrelu,rpath,passed,");
    assert_has("out", "\ntanh,symbols,passed,");
    assert_program(0, "$M check --list --format csv");
    assert_begins("out", "kind,check,demand\nany,load,");
    assert_has("out", "\nany,starve,");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_files),
        cmocka_unit_test(a_failure_says_how_to_repeat_it),
        cmocka_unit_test(what_is_repeated_is_quoted),
        cmocka_unit_test(what_cannot_be_loaded_is_a_finding),
        cmocka_unit_test(a_crash_is_told_once),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(a_missing_device),
        cmocka_unit_test(a_wrong_folder),
        cmocka_unit_test(json),
        cmocka_unit_test(json_of_any_path),
        cmocka_unit_test(csv_and_the_list),
    };
    return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
