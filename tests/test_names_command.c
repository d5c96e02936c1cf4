/*
 * Data that weights name: they are found from any folder, by whatever path the user takes, and
 * shown as the user knows them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "program.h"

#include <stdlib.h>
#include <string.h>

#define MODEL "--model mlp:hidden=6,classes=3 --batch 8 --seed 2 "

/* Classes and a regression, each in files of its own; far/away is a folder to stand in. */
static int setup(void **state)
{
    int status = program_setup(state);
    char x[4000] = "", y[400] = "", table[4000] = "a,y\n";
    for (int i = 0; i < 40; i++) {
        sprintf(x + strlen(x), "%d,%d,%d\n", i % 3, i % 5, i % 7);
        sprintf(y + strlen(y), "%d\n", i % 3);
        sprintf(table + strlen(table), "%d,%d\n", i, i * i % 11);
    }
    scratch_text("x.csv", x);
    scratch_text("y.csv", y);
    scratch_text("d.csv", table);
    scratch_text("aside.csv", "1\n5\n9\n");
    assert_program(0, "mkdir -p far/away && cp x.csv y.csv far");
    assert_program(0, "$M train " MODEL "--data x.csv --labels y.csv --epochs 2 --out w");
    return status;
}

static void weights_lead_to_their_data(void **state)
{
    (void)state;
    assert_program(0, "cd far/away && $M evaluate --weights ../../w/weights.safetensors");
    assert_has("out", "mlp: 40 rows of /");
    assert_has("out", "/x.csv, 100 passes");
    assert_program(0, "cd far/away && $M predict --weights ../../w/weights.safetensors --passes 4");
    assert_has("out", "row  label  ");
    assert_program(0, "$M evaluate --weights w/weights.safetensors");
    assert_has("out", "mlp: 40 rows of x.csv, 100 passes"); /* as the user beside it knows it */
}

/* Saved answers are those of the saved rows, and of no others. */
static void answers_belong_to_their_rows(void **state)
{
    (void)state;
    assert_program(0, "$M predict --weights w/weights.safetensors --passes 4 --input far/x.csv");
    assert_lacks("out", "label");
    assert_program(1, "$M evaluate --weights w/weights.safetensors --data far/x.csv");
    assert_has("err", "far/x.csv: no labels: expected --labels FILE");
    assert_program(0, "$M evaluate --weights w/weights.safetensors --data ./far/../x.csv");
}

static void training_goes_on_from_anywhere(void **state)
{
    (void)state;
    assert_program(0, "$M train " MODEL "--data x.csv --labels y.csv --epochs 4 --out whole");
    assert_program(0, "cd far/away && $M train --resume --out ../../w --epochs 3");
    assert_program(0, "cd far && $M train --resume --data ../x.csv --labels ../y.csv --out ../w "
                      "--epochs 4");
    assert_program(0, "$M evaluate --weights whole/weights.safetensors --seed 5 --format csv >a");
    assert_program(0, "$M evaluate --weights w/weights.safetensors --seed 5 --format csv >b");
    assert_same_file("a", "b");
    assert_program(1, "cd far && $M train --resume --data x.csv --labels y.csv --out ../w "
                      "--epochs 5"); /* the same bytes, but other data */
    assert_has("err", "was trained with data /");
}

static void held_out_rows_are_found(void **state)
{
    (void)state;
    assert_program(0, "$M train --model mlp2:hidden=6 --epochs 3 --data d.csv --target y "
                      "--hold-out aside.csv --out r --seed 1");
    assert_program(0, "cd far && $M evaluate --weights ../r/weights.safetensors");
    assert_has("out", "mlp2: 3 rows of /");
    assert_program(0, "cd far && $M train --resume --out ../r --epochs 4");
    assert_program(0, "cd far && $M train --resume --out ../r --epochs 5 --data ../d.csv "
                      "--target y --hold-out ../aside.csv");
    assert_program(0, "mv aside.csv gone.csv");
    assert_program(1, "$M evaluate --weights r/weights.safetensors");
    assert_has("err", "mcdrop: aside.csv: cannot be read");
    assert_program(0, "mv gone.csv aside.csv");
    /* a fraction is one even where a file is called so */
    assert_program(0, "cp aside.csv 0.25 && $M train --model mlp2:hidden=6 --epochs 3 "
                      "--data d.csv --target y --hold-out 0.25 --out s --seed 1");
    assert_program(0, "cd far && $M evaluate --weights ../s/weights.safetensors");
    assert_has("out", "mlp2: 10 rows of /");
}

/* A folder that has the name of a data set is one only where it is named with a slash. */
static void names_stay_names(void **state)
{
    (void)state;
    tiny_data("mnist");
    assert_program(0, "$M train --model mlp:hidden=6,classes=4 --data ./mnist --epochs 1 --out m");
    assert_program(0, "MCDROP_DATA_PATH=/nowhere $M evaluate --weights m/weights.safetensors");
    assert_program(0, "mkdir there; mv mnist there; cd far; MCDROP_DATA_PATH=$PWD/../there $M "
                      "train --model mlp:hidden=6,classes=4 --data mnist --epochs 1 --out n");
    assert_program(0, "MCDROP_DATA_PATH=there $M evaluate --weights far/n/weights.safetensors");
    assert_has("out", "mlp: 40 rows of mnist, ");
}

/* Replaces texts in a file; both are of the same length. */
static void replace(char *bytes, size_t size, const char *from, const char *to)
{
    size_t n = strlen(from), found = 0;
    assert_int_equal(n, strlen(to));
    for (size_t i = 0; i + n <= size; i++)
        if (memcmp(bytes + i, from, n) == 0) {
            memcpy(bytes + i, to, n);
            found++;
        }
    assert_true(found > 0);
}

/* Earlier versions kept paths as the user gave them, and nothing of labels. */
static void earlier_files_load(void **state)
{
    (void)state;
    size_t size;
    char full[PATH_MAX], relative[PATH_MAX];
    assert_non_null(realpath(scratch_dir, full));
    strcat(full, "/x.csv");
    assert_program(0, "$M train " MODEL "--data x.csv --labels y.csv --epochs 1 --out old");
    char *bytes = program_text("old/weights.safetensors", &size);
    size_t more = strlen(full) - strlen("x.csv"); /* "./././x.csv", and a third slash if odd */
    for (size_t i = 0; i < more; i++)
        relative[i] = i % 2 || i + 1 == more ? '/' : '.';
    strcpy(relative + more, "x.csv");
    replace(bytes, size, full, relative);
    replace(bytes, size, "\\\"labels\\\"", "\\\"lapels\\\"");
    scratch_write("old/weights.safetensors", bytes, size);
    free(bytes);
    assert_program(0, "$M predict --weights old/weights.safetensors --passes 3");
    assert_program(0, "$M evaluate --weights old/weights.safetensors --labels y.csv");
    assert_program(0, "$M train --resume --out old --labels y.csv --epochs 2");
    assert_program(0, "cd far/away && $M evaluate --weights ../../old/weights.safetensors");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_lead_to_their_data),
        cmocka_unit_test(answers_belong_to_their_rows),
        cmocka_unit_test(training_goes_on_from_anywhere),
        cmocka_unit_test(held_out_rows_are_found),
        cmocka_unit_test(names_stay_names),
        cmocka_unit_test(earlier_files_load),
    };
    return cmocka_run_group_tests_name("names_command", tests, setup, scratch_teardown);
}
