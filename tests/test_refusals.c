/*
 * What the program refuses: one line that says which file, where and what was expected, the
 * documented exit status, nothing on stdout, and earlier outputs as they were.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/io/npy.h"
#include "core/io/safetensors.h"

#include <cmocka.h>

#include "scratch.h"

#include "program.h"

#include <math.h>

/* ---- bad files ----------------------------------------------------------------------------- */

/* The weights with one tensor gone, one too many, or one of another shape. */
static void spoil_weights(void)
{
    struct mcd_safetensors s;
    struct mcd_error e = {0};
    static float zero[10];
    assert_ok(mcd_safetensors_read(scratch_path("w/weights.safetensors"), &s, &e), e);
    size_t all = s.count;
    s.count = all - 1;
    assert_ok(mcd_safetensors_write(scratch_path("missing.st"), &s, &e), e);

    struct mcd_safetensor more[16];
    assert_true(all < 16);
    memcpy(more, s.tensor, all * sizeof *more);
    more[all] = (struct mcd_safetensor){"model.extra", {MCD_F32, 1, {10}, zero}};
    struct mcd_safetensors larger = {all + 1, s.metadata_count, more, s.metadata};
    assert_ok(mcd_safetensors_write(scratch_path("surplus.st"), &larger, &e), e);

    more[0].value = (struct mcd_array){MCD_F32, 2, {2, 5}, zero};
    larger.count = all;
    assert_ok(mcd_safetensors_write(scratch_path("misshapen.st"), &larger, &e), e);
    s.count = all;
    mcd_safetensors_clear(&s);
}

static void write_floats(const char *name, float last)
{
    float x[2 * TINY_SIDE * TINY_SIDE] = {0};
    struct mcd_error e = {0};
    struct mcd_array a = {MCD_F32, 3, {2, TINY_SIDE, TINY_SIDE}, x};
    x[sizeof x / sizeof *x - 1] = last;
    assert_ok(mcd_npy_write(scratch_path(name), &a, &e), e);
}

static int setup(void **state)
{
    int status = program_setup(state);
    tiny_data("data");
    assert_program(0, "$M train " TINY "--epochs 2 --out w -q");
    assert_program(0, "cp -r data cut; head -c 500 data/train-images-idx3-ubyte "
                      ">cut/train-images-idx3-ubyte; cp -r data wrong; "
                      "printf '\\0\\0\\10\\1\\0\\0\\0\\170%%120s' '' "
                      ">wrong/train-labels-idx1-ubyte; head -c 1000 w/weights.safetensors >cut.st");
    spoil_weights();
    write_floats("nan.npy", NAN);
    write_floats("good.npy", 1);
    struct mcd_error e = {0};
    float x[18] = {0};
    assert_ok(
        mcd_npy_write(scratch_path("other.npy"), &(struct mcd_array){MCD_F32, 3, {2, 3, 3}, x}, &e),
        e);
    scratch_text("text.so", "this is text\n");
    scratch_text("row.csv", "1,2\n");
    scratch_text("semicolons.csv", "1;2\n3;4\n");
    scratch_text("label.csv", "1\n");
    scratch_text("text.npy", "this, is no\nnumber, at all\n");
    scratch_write("short.npy", "\x93NUMPY\1\0v\0{'descr'", 18);
    return status;
}

/* ---- the list ------------------------------------------------------------------------------ */

struct refusal {
    int status;
    const char *options, *message[2];
};

#define WEIGHTS "--weights w/weights.safetensors "
static const struct refusal refusals[] = {
    {1, "train " TINY "--data cut --out w", {"cut/train-images-idx3-ubyte: byte ", "expected"}},
    {1, "train " TINY "--data wrong --out w", {"wrong/train-labels-idx1-ubyte", "0 to 3"}},
    {1, "train " TINY "--data nowhere --out w", {"nowhere: not found", "looked in"}},
    {1, "train " TINY "--data good.npy --out w", {"good.npy: no labels: expected --labels", ""}},
    {1,
     "train --model lenet --data row.csv --labels label.csv --out w",
     {"row.csv: rows of shape [2] do not suit lenet: takes images", ""}},
    {1,
     "predict " WEIGHTS "--input semicolons.csv",
     {"semicolons.csv: line 2", "expected commas between values"}},
    {2,
     "rotate --data data --index 40 --angles 0:1:1 --out r.npy",
     {"--index: 40: expected 0", ""}},
    {2, "rotate --data data --index 0 --angles 0:1:1 --out -", {"--out: '-': expected", ""}},
    {1, "train --model lenet --data text.npy --out w", {"text.npy: line 2", "is not a number"}},
    {1,
     "train " TINY "--rate 1e38 --epochs 99 --out w",
     {"training: the loss of update", "expect"}},
    {1, "predict --weights missing.st", {"missing.st: has no tensor model.final.bias", ""}},
    {1, "predict --weights surplus.st", {"surplus.st: has a tensor model.extra", "expected"}},
    {1, "predict --weights misshapen.st", {"misshapen.st: tensor model.", "[2, 5]: expected"}},
    {1,
     "predict --weights cut.st",
     {"cut.st: model.input.weight: its values end at", "file holds"}},
    {1, "predict --weights nowhere.st", {"nowhere.st: cannot be read", "No such file"}},
    {1, "predict " WEIGHTS "--input nan.npy", {"nan.npy", "1, 7, 7"}},
    {1, "predict " WEIGHTS "--input short.npy", {"short.npy: byte ", "expected"}},
    {1, "predict " WEIGHTS "--input nowhere.npy", {"nowhere.npy: cannot be read", ""}},
    {1, "predict " WEIGHTS "--model ./text.so", {"text.so", "expected"}},
    {1, "predict " WEIGHTS "--backend ./text.so", {"text.so", "expected"}},
    {1, "predict " WEIGHTS "--model $MCDROP_BAD_PLUGINS/wrong_major.so", {"2.0: expected 1.0", ""}},
    {1, "train " TINY "--out data/t10k-labels-idx1-ubyte/x", {"x: the folder cannot be made", ""}},
    {1, "train " TINY "--out data/t10k-labels-idx1-ubyte", {"is a file: expected a folder", ""}},
    {1, "predict " WEIGHTS "--save-partial /proc/none", {"/proc/none", "cannot be written"}},
    {1, "predict " WEIGHTS "--keep-samples /proc/none", {"/proc/none", "cannot be written"}},
    {1, "merge w/weights.safetensors", {"w/weights.safetensors", "expected"}},
    {2, "predict " WEIGHTS "--passes 0", {"--passes: '0': expected a whole number in [1, ", ""}},
    {2, "predict " WEIGHTS "--passes 1e3", {"--passes: '1e3': expected a whole number", ""}},
    {2, "predict " WEIGHTS "--nonsense", {"unrecognized option '--nonsense'", ""}},
    {2, "predict " WEIGHTS "more", {"more: no argument is expected", ""}},
    {2, "predict " WEIGHTS "--threads 0", {"--threads: '0': expected a whole number in [1, ", ""}},
    {2, "predict " WEIGHTS "--model mlp:dorp=1", {"unknown parameter 'dorp': expected hidden", ""}},
    {2, "predict " WEIGHTS "--model mlp:drop=2", {"mlp:drop: '2': expected", "[0, 1]"}},
    {2, "predict " WEIGHTS "--model mpl", {"there is no such model: expected", "lenet"}},
    {2, "predict " WEIGHTS "--sampler bernouli", {"there is no such sampler: expected", ""}},
    {2, "predict " WEIGHTS "--sampler bernoulli:scope=col", {"'col': expected row", ""}},
    {2, "predict " WEIGHTS "--data data --input good.npy", {"exclude each other", ""}},
    {2, "predict " WEIGHTS "--deterministic --passes 9", {"--deterministic has no passes", ""}},
    {2, "predict " WEIGHTS "--until-mcse 0", {"--until-mcse: '0': expected a number", ""}},
    {1,
     "predict " WEIGHTS "--input other.npy",
     {"other.npy: rows of shape [3, 3]: expected [8, 8], which the weights", ""}},
    {1, "predict " WEIGHTS "--input /dev/zero", {"/dev/zero: it is a device", ""}},
    {1, "predict --weights \"$(printf 'a\\001b.st')\"", {"a?b.st: cannot be read", ""}},
    {1,
     "train --model mlp:hidden=1048576x1048576 --data data --out w",
     {"parameters need", "more than the memory"}},
    {2, "predict " WEIGHTS "--keep-samples a --save-partial a", {"name the same file", ""}},
    {2, "-q predict", {"--weights is missing", ""}},
    {2, "info text.so", {"expected ./text.so for the file that lies here", ""}},
    {2, "predict --model mlp", {"--weights is missing", ""}},
    {2, "predict " WEIGHTS "--model mlp:drop_in=0", {"nothing in this network is stochastic", ""}},
    {2, "train --data data", {"--model: missing", ""}},
    {2, "train " TINY "--schedule cos", {"--schedule: 'cos': expected constant or cosine", ""}},
    {2, "train " TINY "--optimiser bfgs", {"--optimiser: 'bfgs': expected sgd or adam", ""}},
    {2, "--model mlp:noise=nothing --data data --out w", {"no such layer: expected", "dropout"}},
    {2,
     "--model mlp:noise=\\\"gaussian:q=1\\\" --data data --out w",
     {"gaussian: unknown parameter 'q': expected", ""}},
    {2, "", {"expected a command, or --model", ""}},
    {2, "predct", {"no such command: expected", "predict"}},
    {3, "predict " WEIGHTS "--backend abacus", {"there is no such backend", "reference"}},
    {3, "predict " WEIGHTS "--backend ./none.so", {"none.so", ""}},
};

/* The last line of stderr: before it stands only what had gone well. */
static const char *last_line(char *err)
{
    char *hint = strstr(err, "Try `mcdrop");
    if (hint)
        *hint = '\0';
    size_t n = strlen(err);
    if (n > 0 && err[n - 1] == '\n')
        err[n - 1] = '\0';
    char *newline = strrchr(err, '\n');
    return newline ? newline + 1 : err;
}

/* What is wrong with a refusal, or NULL. */
static const char *complaint(const struct refusal *r, int status)
{
    static char text[300];
    char *err = program_text("err", NULL), *out = program_text("out", NULL);
    const char *line = last_line(err);
    *text = '\0';
    if (status != r->status)
        snprintf(text, sizeof text, "status %d, expected %d", status, r->status);
    else if (*out)
        snprintf(text, sizeof text, "something on stdout");
    else if (strncmp(line, "mcdrop", 6) != 0)
        snprintf(text, sizeof text, "no message");
    for (int i = 0; i < 2 && !*text; i++)
        if (!strstr(line, r->message[i]))
            snprintf(text, sizeof text, "no '%s' in the message", r->message[i]);
    free(err);
    free(out);
    return *text ? text : NULL;
}

static void refuses_what_is_wrong(void **state)
{
    (void)state;
    int wrong = 0;
    assert_program(0, "cp -r w before");
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const char *what = complaint(&refusals[i], program("exec $M %s", refusals[i].options));
        if (what)
            program_show(what);
        wrong += what != NULL;
    }
    assert_int_equal(wrong, 0);
    assert_program(0, "cmp w/weights.safetensors before/weights.safetensors");
    assert_program(0, "cmp w/history.csv before/history.csv");
}

/* A limit on file sizes stands in for a full disk, which a test cannot make; so does /dev/full. */
static void survives_a_full_disk(void **state)
{
    (void)state;
    assert_program(0, "cp -r w full");
    assert_program(1, "ulimit -f 1; $M train " TINY "--out full --epochs 1");
    assert_has("err", "full/weights.safetensors");
    assert_has("err", "cannot be written: File too large");
    assert_same_file("full/weights.safetensors", "w/weights.safetensors");
    assert_same_file("full/history.csv", "w/history.csv");
    assert_program(1, "ulimit -f 1; $M predict " WEIGHTS "--keep-samples kept.npy --passes 100");
    assert_has("err", "kept.npy: cannot be written");
    assert_program(1, "ulimit -f 1; $M --out full --passes 5");
    assert_has("err", "full/result.json: cannot be written");
    assert_program(0, "! ls full | grep tmp");
    if (access("/dev/full", W_OK) != 0)
        return;
    assert_program(1, "$M predict " WEIGHTS "--passes 5 >/dev/full");
    assert_has("err", "standard output: No space left on device");
    assert_program(1, "$M list --format json >/dev/full");
}

/* A file of weights may come from anyone, and a plugin is code. */
static void loads_no_code_for_a_file(void **state)
{
    static const char model[] = "--model mlp:hidden=12,classes=4,noise=";
    (void)state;
    assert_program(0,
                   "cp $MCDROP_PLUGIN_PATH/layers/gaussian.so . && $M train %s./gaussian.so "
                   "--data data --epochs 1 --out path",
                   model);
    assert_program(1, "$M predict --weights path/weights.safetensors --passes 2");
    assert_has("err", "expected --model to repeat noise=./gaussian.so");
    assert_program(1, "$M predict --weights path/weights.safetensors --model mlp");
    assert_program(1, "$M train --resume --out path --epochs 2");
    assert_program(1, "$M --out path --passes 2");
    assert_program(0, "$M predict --weights path/weights.safetensors --passes 2 "
                      "--model mlp:noise=./gaussian.so");
    assert_program(0, "$M train --resume --out path --epochs 2 --model mlp:noise=./gaussian.so");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_wrong),
        cmocka_unit_test(survives_a_full_disk),
        cmocka_unit_test(loads_no_code_for_a_file),
    };
    return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
