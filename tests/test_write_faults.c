/*
 * Disks that refuse: checkpoints, histories, partial results, samples and results are cut off at
 * every byte by a limit on the size of files, and every call that opens, writes, syncs or renames
 * fails once in turn. Each time there is one line with path and reason, the earlier file is as it
 * was, and nothing temporary is left.
 */
#include "core/base/error.h"
#include "core/base/host.h"
#include "core/cli/exit.h"
#include "core/cli/report.h"
#include "core/io/file.h"
#include "core/stats/summary.h"
#include "core/train/train_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "faults.h"
#include "scratch.h"
#include "tiny.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

enum { PASSES = 70, EPOCHS = 120 /* a history of more than one buffer */ };

#define EARLIER "what was there before"

/* What is saved, made once. */
static struct mcd_host *host;
static struct tiny_fit fit;
static struct tiny_prediction prediction;
static struct mcd_summary summary;

/* ---- what writes a file ------------------------------------------------------------------ */

static int save_checkpoint(const char *path, struct mcd_error *e)
{
    fit.train.checkpoint = path;
    return mcd_train_state_save(&fit.train, &fit.state, e);
}

static int save_history(const char *path, struct mcd_error *e)
{
    return mcd_train_history_save(&fit.train, &fit.state, path, e);
}

static int save_partial(const char *path, struct mcd_error *e)
{
    return mcd_partial_save(path, &prediction.partial, e);
}

static int save_array(const char *path, struct mcd_error *e)
{
    return mcd_npy_write(path, &fit.data.x, e);
}

/* Rows first, so that the writer must move about, and fewer passes than announced. */
static int save_samples(const char *path, struct mcd_error *e)
{
    struct mcd_sample_file file = {0};
    int status = mcd_sample_file_create(&file, path, MCD_F32, 0, 6, TINY_TESTS, TINY_CLASSES, e);
    struct mcd_block b = {.rows = 1, .passes = 4, .samples = tiny_x};
    for (; !status && b.first_row < TINY_TESTS; b.first_row++)
        status = mcd_sample_file_put(&file, &b, e);
    if (!status)
        return mcd_sample_file_finish(&file, 4, e);
    mcd_sample_file_abort(&file);
    return status;
}

/* The command's own way, which tells its user: "mcdrop: WHERE: TEXT". */
static int save_result(const char *path, struct mcd_error *e)
{
    struct mcd_report report = {.result = {.origin = &prediction.partial.origin,
                                           .task = MCD_CLASSIFY,
                                           .rows = TINY_TESTS,
                                           .outputs = TINY_CLASSES,
                                           .deterministic = prediction.partial.deterministic,
                                           .summary = &summary}};
    char line[512] = "";
    int ends[2], old = dup(STDERR_FILENO);
    assert_true(pipe(ends) == 0 && dup2(ends[1], STDERR_FILENO) >= 0);
    int status = mcd_report_save(&report, path);
    dup2(old, STDERR_FILENO);
    close(old);
    close(ends[1]);
    assert_true(read(ends[0], line, sizeof line - 1) >= 0);
    close(ends[0]);
    if (!status)
        return MCD_OK;
    char *colon = strstr(line, ": cannot"), *end = strchr(line, '\n');
    assert_true(colon && end && strncmp(line, "mcdrop: ", 8) == 0 && !end[1]);
    *colon = *end = '\0';
    return mcd_fail(e, status == MCD_EXIT_FAILURE ? MCD_IO : MCD_INVALID, line + 8, "%s",
                    colon + 2);
}

static const struct writer {
    const char *name;
    int (*save)(const char *path, struct mcd_error *e);
    size_t step; /* bytes from one cut to the next: making JSON takes long */
} writers[] = {
    {"checkpoint.safetensors", save_checkpoint, 1},
    {"history.csv", save_history, 1},
    {"partial", save_partial, 1},
    {"array.npy", save_array, 1},
    {"samples.npy", save_samples, 1},
    {"result.json", save_result, 7},
};

enum { WRITERS = sizeof writers / sizeof *writers };

/* ---- what must hold ---------------------------------------------------------------------- */

static size_t size_of(const char *path)
{
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    return (size_t)about.st_size;
}

static int holds(const char *path, const char *text)
{
    char found[64] = "";
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(found, 1, sizeof found, f);
    fclose(f);
    return n == strlen(text) && memcmp(found, text, n) == 0;
}

/* Saves and looks at what is there afterwards; returns what is wrong, or NULL. */
static const char *refused(const struct writer *w, int reason, struct mcd_error *e)
{
    const char *slash = strrchr(e->where, '/');
    if (e->code != MCD_IO || strcmp(slash ? slash + 1 : e->where, w->name) != 0)
        return "expected MCD_IO and the path";
    if (!strstr(e->text, "cannot be written: ") || !strstr(e->text, strerror(reason)) ||
        strchr(e->text, '\n'))
        return "expected one line with the reason";
    if (!holds(w->name, EARLIER))
        return "the earlier file was changed";
    return scratch_count() == 1 ? NULL : "a temporary file is left";
}

static void begin(const struct writer *w)
{
    assert_int_equal(scratch_empty(NULL), 0);
    assert_int_equal(chdir(scratch_dir), 0);
    scratch_text(w->name, EARLIER);
}

/* Lets files have `bytes` at most; RLIM_INFINITY: as many as before. */
static void limit(rlim_t bytes)
{
    struct rlimit l;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
    l.rlim_cur = bytes < l.rlim_max ? bytes : l.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

/* ---- the tests --------------------------------------------------------------------------- */

static void cut_at_every_byte(const struct writer *w)
{
    struct mcd_error e = {0};
    begin(w);
    assert_ok(w->save(w->name, &e), e);
    size_t size = size_of(w->name), step = w->step * (getenv("MCDROP_FAST") ? 61 : 1);
    assert_true(size > 100);
    begin(w);
    long live = faults_live();
    for (size_t bytes = 0; bytes < size; bytes += step) {
        e = (struct mcd_error){0};
        limit(bytes);
        int status = w->save(w->name, &e);
        limit(RLIM_INFINITY);
        const char *problem = status == (int)e.code ? refused(w, EFBIG, &e) : "status";
        if (problem || faults_live() != live)
            fail_msg("%s: cut at byte %zu of %zu: %s; '%s: %s'", w->name, bytes, size,
                     problem ? problem : "a leak", e.where, e.text);
    }
    e = (struct mcd_error){0};
    limit(size);
    int status = w->save(w->name, &e);
    limit(RLIM_INFINITY);
    assert_ok(status, e);
    assert_int_equal(size_of(w->name), size);
}

static void no_file_is_half_there(void **state)
{
    (void)state;
    for (int i = 0; i < WRITERS; i++)
        cut_at_every_byte(&writers[i]);
}

/* Returns 0 when there are fewer than k calls of that kind. */
static int fail_call(const struct writer *w, enum fault kind, unsigned long k)
{
    struct mcd_error e = {0};
    long live = faults_live();
    begin(w);
    faults_start(kind, k);
    int status = w->save(w->name, &e), hit = faults_stop();
    if (!hit) {
        assert_ok(status, e);
        return 0;
    }
    const char *problem = status == (int)e.code ? refused(w, fault_errno(kind), &e) : "status";
    if (problem || faults_live() != live)
        fail_msg("%s: %s %lu failed: %s; '%s: %s'", w->name, fault_name(kind), k,
                 problem ? problem : "a leak", e.where, e.text);
    return 1;
}

static void every_call_may_fail(void **state)
{
    (void)state;
    int kinds[FAULT_KINDS] = {0};
    for (int i = 0; i < WRITERS; i++)
        for (int kind = FAULT_MEMORY + 1; kind < FAULT_KINDS; kind++)
            for (unsigned long k = 1; fail_call(&writers[i], (enum fault)kind, k); k++)
                kinds[kind]++;
    for (int kind = FAULT_MEMORY + 1; kind < FAULT_KINDS; kind++)
        assert_true(kinds[kind] > 0);
}

/* ---- planted faults that must be seen ---------------------------------------------------- */

static int write_in_place(const char *path, struct mcd_error *e)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    int written = fwrite(tiny_x, 1, 200, f) == 200;
    return fclose(f) == 0 && written
               ? MCD_OK
               : mcd_fail(e, MCD_IO, path, "cannot be written: %s", strerror(errno));
}

static int leave_the_temporary(const char *path, struct mcd_error *e)
{
    struct mcd_error own = {0};
    int status = write_in_place("planted.tmp", &own);
    if (!status)
        return rename("planted.tmp", path) ? mcd_fail(e, MCD_IO, path, "rename") : MCD_OK;
    return mcd_fail(e, status, path, "%s", own.text);
}

static int say_nothing(const char *path, struct mcd_error *e)
{
    struct mcd_output out = {0};
    int status = mcd_output_open(&out, path, e);
    if (!status && mcd_output_write(&out, tiny_x, 200, NULL) == MCD_OK &&
        mcd_output_commit(&out, NULL) == MCD_OK)
        return MCD_OK;
    mcd_output_abort(&out);
    return mcd_fail(e, MCD_IO, path, "cannot be written");
}

static void sees_planted_faults(void **state)
{
    (void)state;
    static const struct writer planted[] = {{"planted", write_in_place, 1},
                                            {"planted", leave_the_temporary, 1},
                                            {"planted", say_nothing, 1}};
    for (int i = 0; i < 3; i++) {
        struct mcd_error e = {0};
        begin(&planted[i]);
        limit(10);
        int status = planted[i].save("planted", &e);
        limit(RLIM_INFINITY);
        assert_int_equal(status, MCD_IO);
        assert_non_null(refused(&planted[i], EFBIG, &e));
    }
}

/* ---- the tiny run ------------------------------------------------------------------------ */

static int make(struct mcd_error *e)
{
    fit.history = "history.csv";
    fit.train.checkpoint = TINY_WEIGHTS;
    fit.train.trainer.epochs = EPOCHS;
    fit.train.trainer.update = (struct mcd_update){.optimiser = MCD_ADAM, .rate = 0.01};
    int status = tiny_fit_open(&fit, host, "x.npy", "y.npy", e);
    if (!status)
        status = tiny_fit_run(&fit, 0, e);
    if (!status)
        status = tiny_prediction_open(&prediction, host, e);
    if (!status)
        status = tiny_prediction_run(&prediction, host, 3, PASSES, e);
    return status ? status : mcd_summary_create(&summary, prediction.partial.moments, e);
}

static int setup(void **state)
{
    struct mcd_error e = {0};
    host = mcd_host_create(1, NULL, NULL, &e);
    if (!host || scratch_setup(state) || chdir(scratch_dir))
        return -1;
    signal(SIGXFSZ, SIG_IGN);
    faults_start(FAULT_KINDS, 0); /* the clock is the tests' own */
    tiny_write_data();
    assert_ok(make(&e), e);
    return 0;
}

static int teardown(void **state)
{
    mcd_summary_clear(&summary);
    tiny_prediction_close(&prediction, host);
    tiny_fit_close(&fit);
    assert_int_equal(mcd_host_live(host), 0);
    mcd_host_destroy(host);
    return chdir("/") || scratch_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_planted_faults),
        cmocka_unit_test(no_file_is_half_there),
        cmocka_unit_test(every_call_may_fail),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
