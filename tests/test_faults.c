/*
 * Lack of memory: every allocation of training and predicting on a tiny model fails once in turn.
 * Each time there is a clean error or an unchanged result, no leak, and every output file is what
 * it was before or what it is without a failure.
 */
#include "core/base/error.h"
#include "core/base/host.h"
#include "core/io/file.h"
#include "core/network/checkpoint.h"
#include "core/result/merge.h"
#include "core/result/result.h"
#include "core/stats/score.h"
#include "core/stats/summary.h"

#include <mcdrop/mcdrop.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "faults.h"
#include "scratch.h"
#include "tiny.h"

#include <fcntl.h>

enum { PASSES = 70, SKIPPED = 7 /* of so many allocations one fails in the short form */ };

/* ---- files ------------------------------------------------------------------------------- */

struct content {
    size_t size;
    char byte[1 << 16];
};

static const struct content *content(const char *name)
{
    static struct content ring[2];
    static int turn;
    struct content *c = &ring[turn++ % 2];
    FILE *f = fopen(name, "rb");
    if (!f)
        fail_msg("%s is gone", name);
    c->size = fread(c->byte, 1, sizeof c->byte, f);
    fclose(f);
    return c;
}

static int same(const char *a, const char *b)
{
    const struct content *x = content(a), *y = content(b);
    return x->size == y->size && memcmp(x->byte, y->byte, x->size) == 0;
}

static void copy(const char *from, const char *to)
{
    const struct content *c = content(from);
    scratch_write(to, c->byte, c->size);
}

/* NAME.before and NAME.after: what an output file may be. */
static const char *before(const char *name)
{
    static char text[64];
    snprintf(text, sizeof text, "%s.before", name);
    return text;
}

static const char *after(const char *name)
{
    static char text[64];
    snprintf(text, sizeof text, "%s.after", name);
    return text;
}

/* ---- what is run ------------------------------------------------------------------------- */

static int adam(struct mcd_host *host, uint64_t epochs, int resume, const char *checkpoint,
                const char *history, struct mcd_error *e)
{
    struct tiny_fit f = {.history = history};
    f.train.checkpoint = checkpoint;
    f.train.trainer.epochs = epochs;
    f.train.trainer.update = (struct mcd_update){.optimiser = MCD_ADAM, .rate = 0.01};
    int status = tiny_fit_open(&f, host, "x.npy", "y.npy", e);
    if (!status)
        status = tiny_fit_run(&f, resume, e);
    tiny_fit_close(&f);
    return status;
}

static int train_adam(struct mcd_host *host, struct mcd_error *e)
{
    return adam(host, 2, 0, "adam.safetensors", "adam.csv", e);
}

static int train_half(struct mcd_host *host, struct mcd_error *e)
{
    return adam(host, 1, 0, "half.safetensors", "half.csv", e);
}

static int resume_adam(struct mcd_host *host, struct mcd_error *e)
{
    return adam(host, 2, 1, "half.safetensors", "half.csv", e);
}

static int save_part(struct mcd_host *host, uint64_t first, uint64_t passes, const char *name,
                     struct mcd_error *e)
{
    struct tiny_prediction p = {0};
    int status = tiny_prediction_open(&p, host, e);
    if (!status)
        status = tiny_prediction_run(&p, host, first, passes, e);
    if (!status)
        status = mcd_partial_save(name, &p.partial, e);
    tiny_prediction_close(&p, host);
    return status;
}

static int predict_part(struct mcd_host *host, struct mcd_error *e)
{
    return save_part(host, 0, PASSES, "part", e);
}

static int predict_rest(struct mcd_host *host, struct mcd_error *e)
{
    return save_part(host, PASSES, 31, "rest", e);
}

static int predict_until(struct mcd_host *host, struct mcd_error *e)
{
    struct tiny_prediction p = {0};
    struct mcd_summary summary = {0};
    int status = tiny_prediction_open(&p, host, e);
    struct mcd_predict predict = {.network = p.network,
                                  .sampler = p.sampler,
                                  .x = p.data.x.data,
                                  .rows = TINY_TESTS,
                                  .seed = 5,
                                  .passes = 400,
                                  .until_mcse = 0.03};
    p.partial.host = host;
    if (!status)
        status = mcd_predict_run(&predict, &p.partial.moments, e);
    if (!status)
        status = mcd_summary_create(&summary, p.partial.moments, e);
    mcd_summary_clear(&summary);
    tiny_prediction_close(&p, host);
    return status;
}

/* The result of joined parts as JSON in a file. */
static int write_result(const struct mcd_partial *p, const struct mcd_summary *s,
                        const struct mcd_scores *scores, struct mcd_error *e)
{
    struct mcd_output out = {0};
    struct mcd_result r = {.origin = &p->origin,
                           .task = MCD_CLASSIFY,
                           .rows = TINY_TESTS,
                           .outputs = TINY_CLASSES,
                           .deterministic = p->deterministic,
                           .summary = s,
                           .monte_carlo = scores};
    json_t *json = NULL;
    int status = mcd_result_json(&r, &json, e);
    if (!status)
        status = mcd_output_open(&out, "result.json", e);
    if (!status && json_dumpf(json, out.stream, 0) != 0)
        status = mcd_fail(e, MCD_NOMEM, "result.json", "not written");
    json_decref(json);
    if (!status)
        return mcd_output_commit(&out, e);
    mcd_output_abort(&out);
    return status;
}

static int merge_parts(struct mcd_host *host, struct mcd_error *e)
{
    static const char *const names[] = {"rest", "part"};
    struct mcd_partial p[2] = {{0}};
    struct mcd_summary summary = {0};
    struct mcd_scores scores;
    int64_t answers[TINY_TESTS];
    for (int i = 0; i < TINY_TESTS; i++)
        answers[i] = tiny_label[i];
    int status = MCD_OK;
    for (int i = 0; !status && i < 2; i++)
        status = mcd_partial_load(host, names[i], &p[i], e);
    if (!status)
        status = mcd_merge(p, names, 2, e);
    if (!status)
        status = mcd_partial_save("whole", &p[0], e);
    if (!status)
        status = mcd_summary_create(&summary, p[0].moments, e);
    if (!status)
        status = mcd_scores_monte_carlo(&scores, &summary, answers, e);
    if (!status)
        status = write_result(&p[0], &summary, &scores, e);
    mcd_summary_clear(&summary);
    mcd_partial_clear(&p[0]);
    mcd_partial_clear(&p[1]);
    return status;
}

/* The interface for programs that embed mcdrop; its answers go into a file, to be compared. */
static int embed(struct mcd_error *e)
{
    double average[TINY_TESTS * TINY_CLASSES], mean[TINY_TESTS * TINY_CLASSES],
        information[TINY_TESTS];
    struct mcd_prediction out = {.size = sizeof out,
                                 .deterministic = average,
                                 .probability_mean = mean,
                                 .mutual_information = information};
    struct mcd_predictor_options options = {.size = sizeof options,
                                            .threads = tiny_threads,
                                            .model = TINY_MODEL,
                                            .weights = TINY_WEIGHTS,
                                            .backend = tiny_backend,
                                            .input = mcd_shape2(TINY_HEIGHT, TINY_WIDTH),
                                            .passes = PASSES};
    struct mcd_predictor *predictor;
    int status = mcd_predictor_open(&options, &predictor, e);
    if (!status)
        status = mcd_predictor_run(predictor, tiny_x, TINY_TESTS, &out, e);
    mcd_predictor_close(predictor);
    if (status)
        return status;
    faults_stop();
    FILE *f = fopen("embedded", "wb");
    assert_non_null(f);
    fwrite(average, sizeof average, 1, f);
    fwrite(mean, sizeof mean, 1, f);
    fwrite(information, sizeof information, 1, f);
    assert_int_equal(fclose(f), 0);
    return MCD_OK;
}

/* ---- one failure after another ----------------------------------------------------------- */

struct scenario {
    const char *name;
    int (*on_host)(struct mcd_host *host, struct mcd_error *e);
    int (*alone)(struct mcd_error *e);
    const char *output[3]; /* files that it writes; there is one of that name before */
};

static int run(const struct scenario *s, struct mcd_error *e)
{
    return s->alone ? s->alone(e) : tiny_on_host(s->on_host, e);
}

/* Runs without a failure: what it leaves is right. */
static void run_whole(const struct scenario *s)
{
    struct mcd_error e = {0};
    for (int i = 0; s->output[i]; i++) {
        if (access(before(s->output[i]), F_OK) != 0)
            scratch_text(before(s->output[i]), "what was there before");
        copy(before(s->output[i]), s->output[i]);
    }
    faults_start(FAULT_MEMORY, 0);
    assert_ok(run(s, &e), e);
    faults_stop();
    for (int i = 0; s->output[i]; i++) {
        assert_false(same(s->output[i], before(s->output[i])));
        copy(s->output[i], after(s->output[i]));
    }
}

static int open_files(void)
{
    int n = 0;
    for (int i = 0; i < 256; i++)
        n += fcntl(i, F_GETFD) >= 0;
    return n;
}

/* What must stay as it is. */
struct balance {
    long live;
    int handles, files;
};

static struct balance balance(void)
{
    return (struct balance){faults_live(), open_files(), scratch_count()};
}

/* What is wrong with the files, or NULL: a success must have written all, a failure may have. */
static const char *judge_outputs(const struct scenario *s, int status)
{
    for (int i = 0; s->output[i]; i++)
        if (!same(s->output[i], after(s->output[i])) &&
            (!status || !same(s->output[i], before(s->output[i]))))
            return s->output[i];
    return NULL;
}

static const char *judge(const struct scenario *s, const struct balance *was, int status, int hit,
                         const struct mcd_error *e)
{
    struct balance is = balance();
    if (status == TINY_LEAK)
        return "allocations of the host are left";
    if (status && (!hit || status != MCD_NOMEM || status != (int)e->code))
        return "expected status MCD_NOMEM, also in the error";
    if (status && (!*e->where || !*e->text || strpbrk(e->text, "\n\r") || strchr(e->where, '\n')))
        return "expected one line that says where";
    if (is.live != was->live)
        return "allocations are left";
    if (is.handles != was->handles)
        return "files are left open";
    if (is.files != was->files)
        return "a file is left, or gone";
    return judge_outputs(s, status) ? "an output is neither old nor new" : NULL;
}

/* The k-th allocation fails; *hit is 0 if there are fewer. Returns what is wrong, or NULL. */
static const char *run_faulty(const struct scenario *s, unsigned long k, int *hit,
                              struct mcd_error *e)
{
    for (int i = 0; s->output[i]; i++)
        copy(before(s->output[i]), s->output[i]);
    struct balance was = balance();
    faults_start(FAULT_MEMORY, k);
    int status = run(s, e);
    *hit = faults_stop();
    return judge(s, &was, status, *hit, e);
}

static void fail_each(const struct scenario *s, unsigned long step, unsigned long least)
{
    unsigned long k = 1;
    int hit = 1;
    run_whole(s);
    for (; hit; k += step) {
        struct mcd_error e = {0};
        const char *problem = run_faulty(s, k, &hit, &e);
        if (problem)
            fail_msg("%s: allocation %lu failed: %s; '%s: %s'", s->name, k, problem, e.where,
                     e.text);
    }
    print_message("# %s: about %lu allocations\n", s->name, k);
    assert_true(k > least);
}

/* ---- the tests --------------------------------------------------------------------------- */

static unsigned long step(void)
{
    return getenv("MCDROP_FAST") ? SKIPPED : 1;
}

static const struct scenario training = {
    "training with momentum, from IDX", tiny_train, NULL, {"sgd.safetensors", "sgd.csv"}};
static const struct scenario training_adam = {
    "training with Adam, from NPY", train_adam, NULL, {"adam.safetensors", "adam.csv"}};
static const struct scenario resuming = {
    "resuming", resume_adam, NULL, {"half.safetensors", "half.csv"}};
static const struct scenario predicting = {
    "predicting", predict_part, NULL, {"samples.npy", "part"}};
static const struct scenario predicting_to_precision = {
    "predicting to a precision", predict_until, NULL, {0}};
static const struct scenario joining = {"joining", merge_parts, NULL, {"whole", "result.json"}};
static const struct scenario embedding = {"embedding", NULL, embed, {"embedded"}};

static void trains(void **state)
{
    (void)state;
    fail_each(&training, step(), 500);
    fail_each(&training_adam, step(), 500);
}

static void resumes(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    assert_ok(tiny_on_host(train_half, &e), e);
    copy("half.safetensors", "half.safetensors.before");
    copy("half.csv", "half.csv.before");
    fail_each(&resuming, step(), 500);
}

static void predicts(void **state)
{
    (void)state;
    fail_each(&predicting, step(), 500);
    fail_each(&predicting_to_precision, step(), 500);
    fail_each(&embedding, step(), 500);
}

static void joins(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    assert_ok(tiny_on_host(predict_part, &e), e);
    assert_ok(tiny_on_host(predict_rest, &e), e);
    fail_each(&joining, step(), 500);
}

/* Which allocation is the k-th is up to the threads then. */
static void so_with_threads(void **state)
{
    (void)state;
    tiny_threads = 3;
    fail_each(&predicting, 5 * step(), 500);
    fail_each(&embedding, 5 * step(), 500);
    tiny_threads = 1;
}

static int is_built(const char *backend)
{
    char path[PATH_MAX];
    const char *plugins = getenv("MCDROP_PLUGIN_PATH");
    snprintf(path, sizeof path, "%s/backends/%s.so", plugins ? plugins : "", backend);
    return access(path, F_OK) == 0;
}

static void fail_each_on(const char *backend)
{
    if (!is_built(backend)) {
        print_message("# %s is not built: not tested\n", backend);
        return;
    }
    tiny_backend = backend;
    fail_each(&training, 3 * step(), 500);
    fail_each(&predicting, 3 * step(), 500);
    tiny_backend = "reference";
}

static void so_with_openblas(void **state)
{
    (void)state;
    fail_each_on("openblas");
}

static void so_with_onednn(void **state)
{
    (void)state;
    fail_each_on("onednn");
}

/* Loading weights replaces all of them or none. */
static void loading_is_all_or_nothing(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    struct mcd_safetensors file;
    assert_ok(mcd_safetensors_read("sgd.safetensors.after", &file, &e), e);
    struct mcd_network *n;
    assert_ok(tiny_open(host, &n, &e), e);
    double old[5 * TINY_INPUTS], now[5 * TINY_INPUTS];
    assert_ok(mcd_store_read(n->store, &n->store->entry[0], old, &e), e);
    int hit = 1, status = MCD_OK;
    for (unsigned long k = 1; hit; k++) {
        e = (struct mcd_error){0};
        faults_start(FAULT_MEMORY, k);
        status = mcd_weights_load(n, &file, "file", 0, &e);
        hit = faults_stop();
        assert_int_equal(status, hit ? MCD_NOMEM : MCD_OK);
        assert_ok(mcd_store_read(n->store, &n->store->entry[0], now, NULL), e);
        assert_int_equal(memcmp(now, old, sizeof now) == 0, hit);
    }
    mcd_network_close(n);
    mcd_safetensors_clear(&file);
    assert_int_equal(mcd_host_live(host), 0);
    mcd_host_destroy(host);
}

/* ---- planted faults that must be seen ---------------------------------------------------- */

static int planted; /* which */
static void *leaked;
static int left_open;

enum { LEAK, HANDLE, STATUS, TEXT, TORN, TEMPORARY, LOST, KINDS };

static int planted_failure(struct mcd_error *e)
{
    if (planted == TEXT)
        return mcd_fail(e, MCD_NOMEM, "there", "two\nlines");
    return mcd_fail(e, planted == STATUS ? MCD_INVALID : MCD_NOMEM, "there", "no memory");
}

/* Leaves behind what the kind of fault says. */
static int misbehave(void *first, struct mcd_error *e)
{
    if (planted == LEAK)
        leaked = first;
    else
        free(first);
    if (planted == HANDLE)
        left_open = open("/dev/null", O_RDONLY);
    if (planted == TORN)
        scratch_text("planted", "who");
    if (planted == TEMPORARY)
        scratch_text("planted.tmp", "who");
    return planted == LOST ? MCD_OK : planted_failure(e);
}

/* Two allocations and an output; the second one is made to fail. */
static int plant(struct mcd_error *e)
{
    void *first = malloc(8), *second = malloc(8);
    if (!second)
        return misbehave(first, e);
    scratch_text("planted", "whole");
    free(first);
    free(second);
    return MCD_OK;
}

static void sees_planted_faults(void **state)
{
    (void)state;
    const struct scenario s = {"planted", NULL, plant, {"planted"}};
    for (planted = 0; planted < KINDS; planted++) {
        struct mcd_error e = {0};
        int hit;
        run_whole(&s);
        if (!run_faulty(&s, 2, &hit, &e))
            fail_msg("planted fault %d was not seen", planted);
        assert_int_equal(hit, 1);
        unlink("planted.tmp");
    }
    free(leaked);
    close(left_open);
    planted = KINDS;
    struct mcd_error e = {0};
    int hit;
    assert_null(run_faulty(&s, 2, &hit, &e));
}

static int setup(void **state)
{
    struct mcd_error e = {0};
    if (scratch_setup(state) || chdir(scratch_dir))
        return -1;
    tiny_write_data();
    assert_ok(tiny_on_host(tiny_train, &e), e);
    return rename("sgd.safetensors", TINY_WEIGHTS);
}

static int teardown(void **state)
{
    return chdir("/") || scratch_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_planted_faults),
        cmocka_unit_test(trains),
        cmocka_unit_test(resumes),
        cmocka_unit_test(predicts),
        cmocka_unit_test(joins),
        cmocka_unit_test(so_with_threads),
        cmocka_unit_test(loading_is_all_or_nothing),
        cmocka_unit_test(so_with_onednn),
        cmocka_unit_test(so_with_openblas),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
