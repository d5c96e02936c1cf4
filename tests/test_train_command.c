/* mcdrop train: the files it leaves, resuming to the same bits, Ctrl-C, kill -9. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/io/safetensors.h"

#include <cmocka.h>

#include "scratch.h"

#include "program.h"

#include <signal.h>

/* The tensors are the same bits; times in the metadata are not. */
static void assert_same_weights(const char *a, const char *b)
{
    struct mcd_safetensors x, y;
    struct mcd_error e = {0};
    assert_ok(mcd_safetensors_read(scratch_path(a), &x, &e), e);
    assert_ok(mcd_safetensors_read(scratch_path(b), &y, &e), e);
    assert_int_equal(x.count, y.count);
    for (size_t i = 0; i < x.count; i++) {
        size_t bytes;
        const struct mcd_array *u = &x.tensor[i].value, *v = &y.tensor[i].value;
        assert_string_equal(x.tensor[i].name, y.tensor[i].name);
        assert_ok(mcd_array_bytes(u->type, u->rank, u->dim, &bytes, a, &e), e);
        assert_int_equal(mcd_array_count(u), mcd_array_count(v));
        assert_memory_equal(u->data, v->data, bytes);
    }
    mcd_safetensors_clear(&x);
    mcd_safetensors_clear(&y);
}

/* Waits until a file of the folder is there; 0 if that takes too long. */
static int appears(const char *name)
{
    double start = program_seconds();
    while (access(scratch_path(name), F_OK) != 0) {
        if (program_seconds() - start > 60)
            return 0;
        program_sleep(0.002);
    }
    return 1;
}

static int setup(void **state)
{
    int status = program_setup(state);
    tiny_data("data");
    return status;
}

static void leaves_weights_and_history(void **state)
{
    (void)state;
    assert_program(0, "$M train " TINY "--epochs 3 --out first --format csv");
    assert_has("out", "weights,epochs,loss,test_errors,test_mse,test_rmse,test_rows,seconds\n");
    assert_has("out", "first/weights.safetensors,3,");
    assert_has("err", "seed 7");
    assert_has("first/history.csv", "epoch,loss,test_errors,seconds\n1,");
    assert_has("first/history.csv", "\n3,");
    assert_program(0, "$M train " TINY "--epochs 3 --out first -q --threads 3");
    char *err = program_text("err", NULL);
    assert_string_equal(err, "");
    free(err);
    assert_same_weights("first/weights.safetensors", "first/weights.safetensors~1~");
}

/* The log ends with it, stdout stays a table. */
static void tells_the_course(void **state)
{
    (void)state;
    assert_program(0, "COLUMNS=60 LC_ALL=C $M train " TINY "--epochs 40 --out course");
    char *err = program_text("err", NULL), *out = program_text("out", NULL);
    char *line = strstr(err, "mcdrop: test errors ");
    assert_non_null(line);
    assert_true(strcspn(line, "\n") < 60);
    assert_int_equal(strspn(strchr(line + 20, ' ') + 1, ".:-=+*#@") > 10, 1);
    assert_true(strstr(err, "mcdrop: wrote ") > line);
    assert_null(strstr(out, "test errors"));
    free(err);
    free(out);
    assert_program(0, "$M train --resume --out course --epochs 41 2>&1 | grep 'test errors '");
    assert_program(0, "$M train " TINY "--epochs 1 --out one");
    assert_lacks("err", "test errors "); /* a single epoch has no course */
}

static void resume_alike(const char *more)
{
    assert_program(0, "$M train " TINY "%s --epochs 7 --out whole", more);
    assert_program(0, "rm -rf parts; $M train " TINY "%s --epochs 2 --out parts", more);
    assert_program(0, "$M train --resume --out parts --epochs 4");
    assert_program(0, "$M train " TINY "%s --resume --out parts --epochs 7", more);
    assert_same_weights("whole/weights.safetensors", "parts/weights.safetensors");
    assert_has("parts/history.csv", "\n7,");
}

static void resumes_to_the_same_bits(void **state)
{
    (void)state;
    resume_alike("--backend reference");
    resume_alike("--momentum 0.9 --no-shuffle");
    resume_alike("--optimiser adam --decay 1e-4 --rate 0.01");
}

/* Interrupted wherever it may be, it goes on with the rates of the whole. */
static void resumes_a_schedule(void **state)
{
    (void)state;
    assert_program(0, "$M train " TINY "--schedule cosine --epochs 400 --out uncut");
    pid_t pid = program_start("exec $M train " TINY
                              "--schedule cosine --epochs 400 --checkpoint-every 0 --out cut");
    assert_true(appears("cut/weights.safetensors"));
    kill(pid, SIGINT);
    assert_int_equal(program_wait(pid), 130);
    assert_program(1, "$M train --resume --out cut --epochs 401");
    assert_has("err", "was trained with epochs 400, this run has 401: expected the same");
    assert_program(1, "$M train --resume --out cut --schedule constant");
    assert_has("err", "was trained with schedule cosine, this run has constant");
    assert_program(0, "$M train --resume --out cut");
    assert_same_weights("uncut/weights.safetensors", "cut/weights.safetensors");
    assert_program(0, "$M train " TINY "--epochs 400 --out constant");
    assert_program(1, "cut -d, -f2 uncut/history.csv >a; cut -d, -f2 constant/history.csv >b; "
                      "cmp -s a b");
    assert_program(1, "$M train --resume --out constant --schedule cosine");
    assert_has("err", "was trained with schedule constant, this run has cosine");
}

static void resumes_only_its_own(void **state)
{
    (void)state;
    assert_program(0, "$M train " TINY "--epochs 1 --out own");
    assert_program(1, "$M train " TINY "--epochs 2 --out own --resume --seed 8");
    assert_has("err", "own/weights.safetensors: was trained with seed 7, this run has 8");
    assert_program(1, "$M train --out nowhere --resume");
    assert_has("err", "nowhere/weights.safetensors: there is no checkpoint to resume from");
    assert_program(2, "$M train --resume");
    assert_program(0,
                   "$M train " TINY "--epochs 2 --out own && cp own/weights.safetensors before && "
                   "$M train --resume --out own --epochs 1");
    assert_has("err", "own/weights.safetensors has 2 epochs already, more than 1: nothing is done");
    assert_same_file("own/weights.safetensors", "before");
}

static void ctrl_c_saves(void **state)
{
    (void)state;
    pid_t pid =
        program_start("exec $M train " TINY "--epochs 1000000 --checkpoint-every 0 --out c");
    assert_true(appears("c/weights.safetensors"));
    kill(pid, SIGINT);
    assert_int_equal(program_wait(pid), 130);
    assert_has("err", "stopping after this step");
    assert_has("err", "interrupted after");
    assert_true(appears("c/history.csv"));
    assert_program(0, "$M predict --weights c/weights.safetensors --passes 3");

    pid = program_start("exec $M predict --weights c/weights.safetensors --passes 30000000 "
                        "--keep-samples kept.npy");
    program_sleep(0.5);
    kill(pid, SIGTERM);
    assert_int_equal(program_wait(pid), 130);
    assert_int_not_equal(access(scratch_path("kept.npy"), F_OK), 0);
}

/* Killed again and again, it arrives where the run that was left alone does. */
static void survives_being_killed(void **state)
{
    (void)state;
    enum { KILLS = 10 };
    assert_program(0, "$M train " TINY "--epochs 60 --out calm");
    unsigned x = 1, left = 0;
    for (int i = 0; i < KILLS; i++) {
        int there = access(scratch_path("killed/weights.safetensors"), F_OK) == 0;
        pid_t pid =
            program_start("exec $M train " TINY "--epochs 60 --checkpoint-every 0 --out killed%s",
                          there ? " --resume" : "");
        x = x * 1664525 + 1013904223;
        program_sleep(0.02 + (double)(x >> 20) / 4096 * 0.15);
        kill(pid, SIGKILL);
        left += program_wait(pid) == -SIGKILL;
        if (access(scratch_path("killed/weights.safetensors"), F_OK) == 0)
            assert_program(0, "$M predict --weights killed/weights.safetensors --passes 2");
    }
    assert_true(left > 0);
    if (access(scratch_path("killed/weights.safetensors"), F_OK) == 0)
        assert_program(0, "$M train " TINY "--epochs 60 --out killed --resume");
    else
        assert_program(0, "$M train " TINY "--epochs 60 --out killed");
    assert_same_weights("calm/weights.safetensors", "killed/weights.safetensors");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_weights_and_history),
        cmocka_unit_test(resumes_to_the_same_bits),
        cmocka_unit_test(resumes_a_schedule),
        cmocka_unit_test(resumes_only_its_own),
        cmocka_unit_test(ctrl_c_saves),
        cmocka_unit_test(survives_being_killed),
        cmocka_unit_test(tells_the_course),
    };
    return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
