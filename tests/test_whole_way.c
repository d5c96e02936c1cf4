/* mcdrop --model: trains once, predicts, summarises, and leaves its files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "program.h"

#include <signal.h>

static int setup(void **state)
{
    int status = program_setup(state);
    tiny_data("data");
    return status;
}

static void trains_once(void **state)
{
    (void)state;
    assert_program(0, "$M " TINY "--epochs 4 --passes 40 >first");
    assert_has("first", "mlp: 40 rows of data, 40 passes, seed 7, ");
    assert_has("first", "\nerrors ");
    assert_has("first", "\nMost certain\n");
    assert_has("first", "\nLeast certain\n");
    assert_has("err", "training mlp:hidden=12");
    assert_has("mcdrop-mlp/history.csv", "\n4,");
    json_t *json = program_json("mcdrop-mlp/result.json");
    assert_int_equal(json_integer_value(json_object_get(json, "passes")), 40);
    assert_non_null(json_object_get(json_object_get(json, "scores"), "monte_carlo"));
    json_decref(json);

    /* What is not said is as it was, and so are the bits; the backend alone is chosen anew. */
    assert_program(0, "$M --model mlp.so --passes 40 | cmp - first");
    char *err = program_text("err", NULL);
    assert_null(strstr(err, "training mlp"));
    assert_null(strchr(err, '\033'));
    free(err);
    assert_program(0, "$M --out mcdrop-mlp --passes 40 --format json | cmp - "
                      "mcdrop-mlp/result.json");
}

static void another_run_sets_the_first_aside(void **state)
{
    (void)state;
    assert_program(0, "$M " TINY "--epochs 2 --passes 5 --out a");
    assert_program(0, "cp a/weights.safetensors kept; $M " TINY
                      "--epochs 2 --passes 5 --out a --seed 8");
    assert_has("err", "was trained with seed 7, this run has 8: expected the same");
    assert_has("err", "training mlp");
    assert_has("err", "warning: training anew because a/weights.safetensors was trained");
    assert_same_file("kept", "a/weights.safetensors~1~");
    assert_program(0, "test -f a/history.csv~1~ && test -f a/result.json~1~");
    assert_program(0, "$M " TINY "--epochs 2 --passes 5 --out a --seed 9");
    assert_same_file("kept", "a/weights.safetensors~1~");
    assert_program(0, "test -f a/weights.safetensors~2~ && test -f a/result.json~2~");
    assert_program(0, "$M --out a --epochs 3 --passes 5");
    assert_has("err", "training mlp");
    assert_has("a/history.csv", "\n3,");
}

/* Its head included. */
static int count_lines(const char *name)
{
    int n = 0;
    char *text = program_text(name, NULL);
    for (const char *c = text; *c; c++)
        n += *c == '\n';
    free(text);
    return n;
}

static void goes_on_after_ctrl_c(void **state)
{
    (void)state;
    pid_t pid = program_start("exec $M " TINY "--epochs 1000000 --checkpoint-every 0 --out s");
    double start = program_seconds();
    while (access(scratch_path("s/weights.safetensors"), F_OK) != 0 &&
           program_seconds() - start < 60)
        program_sleep(0.002);
    kill(pid, SIGINT);
    assert_int_equal(program_wait(pid), 130);
    /* As many epochs as are done by then, and one more. */
    int epochs = count_lines("s/history.csv");
    assert_program(0, "$M --out s --epochs %d --passes 5", epochs + 1);
}

/* Two at once would leave files of both. */
static void one_writes_at_a_time(void **state)
{
    (void)state;
    pid_t pid =
        program_start("exec $M train " TINY "--epochs 1000000 --checkpoint-every 0 --out l");
    double start = program_seconds();
    while (access(scratch_path("l/history.csv"), F_OK) != 0 && program_seconds() - start < 60)
        program_sleep(0.002);
    assert_program(1, "$M train " TINY "--epochs 1 --out l");
    assert_has("err", "l: another mcdrop writes here");
    kill(pid, SIGKILL);
    assert_int_equal(program_wait(pid), -SIGKILL);
    assert_program(0, "$M train " TINY "--epochs 1 --out l");
}

static void weights_know_their_model(void **state)
{
    (void)state;
    assert_program(0, "$M train " TINY "--epochs 1 --out k; $M --weights k/weights.safetensors "
                      "--passes 5 --rows 1000");
    assert_has("err", "wrote mcdrop-mlp/result.json");
    assert_has("err", "--rows 1000 is more than there are in data/");
}

/* Nothing is to be finished yet, and what is waited for may never come. */
static void a_signal_ends_loading(void **state)
{
    (void)state;
    assert_program(0, "$M train " TINY "--epochs 1 --out p; mkfifo pipe");
    unlink(scratch_path("err"));
    pid_t pid = program_start("exec $M predict --weights p/weights.safetensors --input pipe");
    double start = program_seconds();
    for (int is_there = 0; !is_there && program_seconds() - start < 60;) {
        char *err = program_text("err", NULL);
        is_there = strstr(err, "backend ") != NULL;
        free(err);
    }
    kill(pid, SIGTERM);
    assert_int_equal(program_wait(pid), 130);
    assert_has("err", "interrupted");
}

/* What a bare call finds damaged it sets aside, as training does. */
static void trains_anew_over_damage(void **state)
{
    (void)state;
    assert_program(0, "$M train " TINY "--epochs 1 --out d; echo damaged >d/weights.safetensors");
    assert_program(0, "$M " TINY "--epochs 1 --passes 5 --out d");
    assert_has("err", "training anew because d/weights.safetensors");
    assert_has("d/weights.safetensors~1~", "damaged");
    assert_program(1, "$M train " TINY "--data nowhere --out never");
    assert_program(1, "test -e never");
}

/* Without dropout there is one answer, and no talk of passes. */
static void reports_averaging_alone(void **state)
{
    (void)state;
    assert_program(0, "$M --model mlp:hidden=12,classes=4,drop=0,drop_in=0 --data data --epochs 2 "
                      "--seed 1 --out plain");
    assert_has("err", "nothing in this network is stochastic");
    assert_has("out", "mlp: 40 rows of data, weight averaging alone, ");
    json_t *json = program_json("plain/result.json");
    assert_non_null(json_object_get(json, "deterministic"));
    assert_null(json_object_get(json, "passes"));
    json_decref(json);
    assert_program(2, "$M predict --weights plain/weights.safetensors");
    assert_has("err", "nothing in this network is stochastic: expected a layer that drops");
    assert_program(0, "$M predict --weights plain/weights.safetensors --deterministic");
    assert_program(0, "$M predict --weights plain/weights.safetensors --model mlp:drop_in=0.3 "
                      "--passes 5");
    assert_has("err", "used as mlp:hidden=12,drop_in=0.3,drop=0");
}

static void predicts_a_file(void **state)
{
    (void)state;
    assert_program(0, "$M " TINY "--epochs 2 --passes 5 --out f");
    assert_program(0, "$M --out f --passes 5 --input data/train-images-idx3-ubyte --rows 9");
    assert_has("out", "mlp: 9 rows of data/train-images-idx3-ubyte, 5 passes");

    /* An earlier result is never lost, and the same one is not kept twice. */
    assert_has("err", "an earlier result is kept as f/result.json~1~");
    assert_program(0, "$M --out f --passes 5 --input data/train-images-idx3-ubyte --rows 9");
    assert_program(0, "test -f f/result.json~1~ && ! test -f f/result.json~2~");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trains_once),
        cmocka_unit_test(another_run_sets_the_first_aside),
        cmocka_unit_test(goes_on_after_ctrl_c),
        cmocka_unit_test(reports_averaging_alone),
        cmocka_unit_test(predicts_a_file),
        cmocka_unit_test(one_writes_at_a_time),
        cmocka_unit_test(trains_anew_over_damage),
        cmocka_unit_test(weights_know_their_model),
        cmocka_unit_test(a_signal_ends_loading),
    };
    return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
