/* mcdrop info of backend cuda: every card that there is, those it cannot use among them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/scratch.h"

#include "tests/program.h"

#include <stdlib.h>
#include <string.h>

#define INFO "$M info $B"

/* $B: the backend on a CUDA without a card. */
static int setup(void **state)
{
    const char *built = getenv("MCDROP_TEST_BUILDDIR");
    char path[PATH_MAX], module[PATH_MAX + 40];
    if (!realpath(built ? built : "tests", path))
        return -1;
    snprintf(module, sizeof module, "%s/cuda/module/.libs/cuda.so", path);
    return setenv("B", module, 1) || program_setup(state);
}

static void text_of(const json_t *row, const char *key, const char *part)
{
    const char *text = json_string_value(json_object_get(row, key));
    if (!text || !strstr(text, part))
        fail_msg("%s: '%s' has no '%s'", key, text ? text : "null", part);
}

/* Card 0 is older than what the backend was built for: the other one is what users want to see. */
static void every_card_is_listed(void **state)
{
    (void)state;
    assert_program(0, "MCDROP_FAKE_CUDA='devices=2 capability=13x90 memory=3221225472' " INFO
                      " --format json");
    json_t *out = program_json("out"), *plugin = json_array_get(out, 0);
    const json_t *cards = json_object_get(plugin, "devices");
    assert_int_equal(json_array_size(cards), 2);
    text_of(plugin, "problem", "fake device 0 has compute capability 1.3");
    for (size_t i = 0; i < 2; i++) {
        const json_t *card = json_array_get(cards, i);
        assert_int_equal(json_integer_value(json_object_get(card, "device")), i);
        text_of(card, "name", i ? "fake device 1" : "fake device 0");
        text_of(card, "architecture", i ? "compute capability 9.0" : "compute capability 1.3");
        assert_true(json_real_value(json_object_get(card, "memory_gib")) == 3);
        if (i == 0)
            text_of(card, "problem", "for which cuda was not built");
        else
            assert_true(json_is_null(json_object_get(card, "problem")));
    }
    json_decref(out);
    assert_program(0, "MCDROP_FAKE_CUDA='devices=2 capability=90x13 memory=3221225472' " INFO);
    assert_has("out", "\ndevice         fake device 0, 3 GiB, card 0 of 2\n");
    assert_has("out", "\n     0  fake device 0  compute capability 9.0           3  -\n");
    assert_has("out",
               "\n     1  fake device 1  compute capability 1.3           3  fake device 1 ");
}

/* What is missing is the same line as ever. */
static void without_a_driver_there_are_none(void **state)
{
    (void)state;
    assert_program(0, "MCDROP_FAKE_CUDA=driver=0 " INFO " --format json");
    json_t *out = program_json("out"), *plugin = json_array_get(out, 0);
    text_of(plugin, "problem", "there is no NVIDIA driver (libcuda.so.1): expected one for CUDA");
    assert_true(json_is_array(json_object_get(plugin, "devices")));
    assert_int_equal(json_array_size(json_object_get(plugin, "devices")), 0);
    json_decref(out);
    assert_program(0, "MCDROP_FAKE_CUDA=driver=0 " INFO);
    assert_has("out", "\nproblem        there is no NVIDIA driver");
    assert_lacks("out", "memory_gib");
}

/* A backend that says nothing of devices has no list of them, nor has a layer. */
static void who_lists_nothing_has_no_list(void **state)
{
    (void)state;
    assert_program(0, "$M info reference --format json");
    assert_lacks("out", "\"devices\"");
    assert_program(0, "$M info linear --format json");
    assert_lacks("out", "\"devices\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_card_is_listed),
        cmocka_unit_test(without_a_driver_there_are_none),
        cmocka_unit_test(who_lists_nothing_has_no_list),
    };
    return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
