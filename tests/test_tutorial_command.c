/* mcdrop tutorial: does what is to be done, once; stops, goes on, and says what failed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "program.h"

#include <signal.h>

#define SMOKE "exec $M tutorial --scale smoke "

/*
 * The posterior of the Gaussian process, to be released: what does not depend on clock and folder.
 */
static json_t *posterior(const char *file)
{
    json_t *json = program_json(file);
    json_t *part = json_incref(json_object_get(json, "posterior"));
    assert_non_null(part);
    json_decref(json);
    return part;
}

static int same_posterior(const char *a, const char *b)
{
    json_t *x = posterior(a), *y = posterior(b);
    int same = json_equal(x, y);
    json_decref(x);
    json_decref(y);
    return same;
}

static const json_t *section(const json_t *report, const char *id)
{
    const json_t *sections = json_object_get(report, "sections"), *one;
    size_t i;
    json_array_foreach(sections, i, one) if (strcmp(json_string_value(json_object_get(one, "id")),
                                                    id) == 0) return one;
    return NULL;
}

static void does_a_part_once(void **state)
{
    (void)state;
    assert_program(0, SMOKE "--only gp --out a --seed 5");
    assert_has("err", "[1/");
    assert_has("out", "Sampling and quadrature agree");
    assert_has("out", "The report: a/report.html");
    json_t *report = program_json("a/report.json");
    assert_non_null(section(report, "gp"));
    assert_null(section(report, "mlp"));
    json_decref(report);
    assert_has("a/report.html", "sd of the signal");
    assert_has("a/logs/gp.log", "$ mcdrop train --model gp:tune=");

    /* Nothing is done twice, whatever the number of threads; and the report is made of it. */
    assert_program(0, "cp a/results/gp-posterior.json first; " SMOKE
                      "--only gp --out a --seed 5 --threads 1");
    assert_lacks("err", "] gp");
    assert_has("err", "steps were done before");
    assert_same_file("first", "a/results/gp-posterior.json");
    assert_has("a/report.json", "\"status\": \"skipped\"");

    /* Nor is the folder's name part of it. */
    assert_program(0, "mv a b; " SMOKE "--only report --out b --seed 5 --format json >json");
    assert_lacks("err", "] gp");
    report = program_json("json");
    assert_non_null(section(report, "gp"));
    json_decref(report);
}

static void settings_repeat_what_they_change(void **state)
{
    (void)state;
    assert_program(0, SMOKE "--only gp --out b --seed 6");
    assert_has("err", "] gp: ");
    assert_has("err", "] gp-grid: ");
    assert_false(same_posterior("first", "b/results/gp-posterior.json"));

    /* A result that is gone is made again, and what follows from it stays. */
    assert_program(0, "cp b/results/gp-grid.json grid; rm b/results/gp-grid.json; " SMOKE
                      "--only gp --out b --seed 6");
    assert_lacks("err", "] gp: ");
    assert_has("err", "] gp-grid: ");
    assert_lacks("err", "] figure7: ");
    assert_same_file("grid", "b/results/gp-grid.json");
}

static void wait_for_file(const char *name)
{
    double start = program_seconds();
    while (access(scratch_path(name), F_OK) != 0 && program_seconds() - start < 60)
        program_sleep(0.002);
}

/* Interrupted while the chains are drawn; the next call finds a free folder and ends as ever. */
static void goes_on_after_any_end(void **state)
{
    (void)state;
    static const struct {
        int signal, status;
    } how[] = {{SIGINT, 130}, {SIGKILL, -SIGKILL}};
    for (size_t i = 0; i < 2; i++) {
        pid_t pid = program_start(SMOKE "--only gp --out c%zu --seed 5", i);
        char log[40], file[60];
        snprintf(log, sizeof log, "c%zu/logs/gp.log", i);
        snprintf(file, sizeof file, "c%zu/results/gp-posterior.json", i);
        wait_for_file(log);
        program_sleep(0.05);
        kill(pid, how[i].signal);
        assert_int_equal(program_wait(pid), how[i].status);
        if (how[i].signal != SIGKILL)
            assert_has("err", "interrupted: the same command goes on from here");
        assert_int_not_equal(access(scratch_path(file), F_OK), 0);
        for (int try = 0; how[i].signal == SIGKILL && try < 100; try++) { /* its child ends, too */
            if (program("flock -n c%zu true", i) == 0)
                break;
            program_sleep(0.05);
        }
        assert_program(0, SMOKE "--only gp --out c%zu --seed 5", i);
        assert_true(same_posterior("first", file));
    }
}

static void says_what_is_valid(void **state)
{
    (void)state;
    assert_program(2, SMOKE);
    assert_has("err", "--out is missing");
    assert_program(2, "$M tutorial --out d --scale tiny");
    assert_has("err", "--scale: 'tiny': expected smoke, short or full");
    assert_program(2, "$M tutorial --out d --only mlp,mlp3");
    assert_has("err", "--only: 'mlp3': expected mlp, lenet, rotated, mlp2, gp, compare or report");
    assert_program(2, "$M tutorial --out d --format csv");
    assert_program(1, SMOKE "--only gp --out /proc/nowhere");
    assert_has("err", "/proc/nowhere: the folder cannot be made");
    assert_program(1, "echo >file; " SMOKE "--only gp --out file");
    assert_has("err", "is a file: expected a folder");
    assert_program(1, "test -e d");
}

static void a_failure_stops_what_needs_it(void **state)
{
    (void)state;
    assert_program(1, "mkdir -p e/results/gp-posterior.json/in; " SMOKE "--only gp --out e");
    assert_has("err", "gp-posterior.json");
    assert_has("err", "gp-grid: not done, it needs gp");
    assert_has("e/report.json", "The step gp-grid was not done: needs gp.");
    assert_program(3, "rm -r e/results/gp-posterior.json; " SMOKE
                      "--only gp --out e --backend nowhere");
    assert_has("err", "all of it is in e/logs/gp.log");
    assert_program(0, SMOKE "--only gp --out e");
}

/* Nothing else can be done either: one line, no report. */
static void a_missing_device_ends_it(void **state)
{
    (void)state;
    assert_program(
        3, "MCDROP_PLUGIN_PATH=bad:$MCDROP_PLUGIN_PATH; export MCDROP_PLUGIN_PATH; "
           "mkdir -p bad/backends; cp \"$MCDROP_BAD_PLUGINS/absent.so\" bad/backends; " SMOKE
           "--only mlp2 --out m --backend absent");
    assert_has("err", "logs/mlp2");
    assert_program(1, "test -e m/report.json");
}

/* ---- images ------------------------------------------------------------------------------ */

enum { SIDE = 6, TEST = 10000, TRAIN = 1000 };

/* As MNIST is distributed, but small: the class is the place of a bright pixel under noise. */
static void write_images(const char *part, unsigned count)
{
    enum { PIXELS = SIDE * SIDE };
    static unsigned char images[16 + TEST * PIXELS], labels[8 + TEST];
    unsigned char *size = images + 4;
    uint32_t x = count;
    char name[80];
    memcpy(images, (unsigned char[]){0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, SIDE, 0, 0, 0, SIDE}, 16);
    memcpy(labels, (unsigned char[]){0, 0, 8, 1}, 4);
    for (int i = 0; i < 4; i++)
        size[i] = labels[4 + i] = (unsigned char)(count >> (24 - 8 * i));
    for (unsigned i = 0; i < count * PIXELS; i++) {
        x = x * 1664525 + 1013904223;
        labels[8 + i / PIXELS] = (unsigned char)(i / PIXELS % 10);
        images[16 + i] = (unsigned char)((x >> 25) + (i % PIXELS == i / PIXELS % 10 ? 60 : 0));
    }
    snprintf(name, sizeof name, "mnist/%s-images-idx3-ubyte", part);
    scratch_write(name, images, 16 + count * PIXELS);
    snprintf(name, sizeof name, "mnist/%s-labels-idx1-ubyte", part);
    scratch_write(name, labels, 8 + count);
}

/* history.csv without its last column, the seconds. */
static char *course(const char *file)
{
    char *text = program_text(file, NULL), *to = text;
    for (const char *c = text; *c;) {
        size_t length = strcspn(c, "\n"), keep = length;
        while (keep > 0 && c[keep] != ',')
            keep--;
        memmove(to, c, keep);
        to += keep;
        *to++ = '\n';
        c += length + (c[length] == '\n');
    }
    *to = '\0';
    return text;
}

/* Interrupted in the midst of training, which goes on from its checkpoint to the same bits. */
static void a_training_goes_on(void **state)
{
    (void)state;
    if (getenv("MCDROP_FAST") || program("$M info openblas") != 0)
        return; /* the plain backend would take minutes */
    assert_return_code(mkdir(scratch_path("mnist"), 0777), 0);
    write_images("train", TRAIN);
    write_images("t10k", TEST);
    setenv("MCDROP_DATA_PATH", scratch_dir, 1);
    pid_t pid = program_start(SMOKE "--only mlp --out f -v");
    double start = program_seconds();
    for (int begun = 0; !begun && program_seconds() - start < 60; program_sleep(0.002)) {
        char *log = program_text("f/logs/mlp-0-0-s1.log", NULL);
        begun = strstr(log, "epoch 1:") != NULL;
        free(log);
    }
    kill(pid, SIGINT);
    assert_int_equal(program_wait(pid), 130);
    assert_program(0, SMOKE "--only mlp --out f");
    assert_has("f/logs/mlp-0-0-s1.log", "trained for ");
    assert_program(0, SMOKE "--only mlp --out g");
    char *a = course("f/runs/mlp-0-0-s1/history.csv");
    char *b = course("g/runs/mlp-0-0-s1/history.csv");
    assert_string_equal(a, b);
    free(a);
    free(b);
    assert_program(0, "cmp f/results/mlp-0.2-0.5-scores.json g/results/mlp-0.2-0.5-scores.json");

    /* Other bytes are another data set. */
    write_images("t10k", TEST - 1);
    assert_program(0, SMOKE "--only mlp --out f");
    assert_has("err", "] mlp-0-0-s1: ");
    assert_program(0, "test -f f/runs/mlp-0-0-s1/weights.safetensors~1~");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(does_a_part_once),
        cmocka_unit_test(settings_repeat_what_they_change),
        cmocka_unit_test(goes_on_after_any_end),
        cmocka_unit_test(says_what_is_valid),
        cmocka_unit_test(a_failure_stops_what_needs_it),
        cmocka_unit_test(a_missing_device_ends_it),
        cmocka_unit_test(a_training_goes_on),
    };
    return cmocka_run_group_tests(tests, program_setup, scratch_teardown);
}
