/*
 * core/embed/predictor.c, the interface for programs that embed mcdrop: every array alone, the
 * answers against the core's own and against another implementation's (MCDROP_REFERENCE), two
 * handles on two threads, and memory that does not grow. What it refuses is in
 * test_predictor_refusals.
 */
#include "core/base/host.h"
#include "core/io/npy.h"
#include "core/network/checkpoint.h"
#include "core/predict/evaluate.h"
#include "core/predict/predict.h"
#include "core/stats/summary.h"

#include <mcdrop/mcdrop.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "predictor_run.h"

#include <jansson.h>
#include <malloc.h>
#include <math.h>
#include <pthread.h>

/* ---- answers ----------------------------------------------------------------------------- */

static void each_array_may_be_left_out(void **state)
{
    (void)state;
    struct mcd_predictor_options o = standard();
    struct mcd_predictor *p = opened(&o);
    struct mcd_error e = {0};
    struct answers all, a, rest;
    run_all(p, &all);
#define CHECK_END(name, width)                                                                     \
    assert_true(isnan(all.name[ROWS * (width)]));                                                  \
    assert_true(isfinite(all.name[ROWS * (width)-1]));
    ARRAYS(CHECK_END)
#undef CHECK_END
    assert_true(all.votes[ROWS * CLASSES] == -1 && all.votes[0] >= 0);
#define ALONE(name, width)                                                                         \
    clear(&a);                                                                                     \
    clear(&rest);                                                                                  \
    assert_ok(mcd_predictor_run(                                                                   \
                  p, x, ROWS,                                                                      \
                  &(struct mcd_prediction){.size = sizeof(struct mcd_prediction), .name = a.name}, \
                  &e),                                                                             \
              e);                                                                                  \
    memcpy(rest.name, all.name, sizeof rest.name);                                                 \
    assert_memory_equal(&a, &rest, sizeof a);                                                      \
    {                                                                                              \
        struct mcd_prediction others = all_of(&a);                                                 \
        others.name = NULL;                                                                        \
        assert_ok(mcd_predictor_run(p, x, ROWS, &others, &e), e);                                  \
        clear(&rest);                                                                              \
        assert_memory_equal(a.name, rest.name, sizeof a.name);                                     \
        memcpy(a.name, all.name, sizeof a.name);                                                   \
        assert_true(same(&a, &all));                                                               \
    }
    ARRAYS(ALONE)
    ALONE(votes, CLASSES)
#undef ALONE
    struct mcd_prediction none = {.size = sizeof none};
    assert_ok(mcd_predictor_run(p, x, ROWS, &none, &e), e);
    mcd_predictor_close(p);
}

/* Rows may come in any company; a row's number gives it its masks. */
static void rows_do_not_depend_on_others(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct mcd_predictor_options o = standard();
    struct mcd_predictor *p = opened(&o);
    struct answers all, a;
    run_all(p, &all);
    float other[ROWS * INPUTS];
    memcpy(other, x, sizeof x);
    for (int i = 0; i < INPUTS; i++)
        other[2 * INPUTS + i] = 0.5f;
    struct mcd_prediction out = all_of(&a);
    assert_ok(mcd_predictor_run(p, other, ROWS, &out, &e), e);
    assert_memory_equal(a.output_mean, all.output_mean, 2 * CLASSES * sizeof(double));
    assert_memory_not_equal(a.output_mean + 2 * CLASSES, all.output_mean + 2 * CLASSES,
                            CLASSES * sizeof(double));
    mcd_predictor_close(p);
}

/* Row `row` alone, put where a call with all rows has it. */
static void run_one(struct mcd_predictor *p, int row, uint64_t number, struct answers *a)
{
    struct mcd_error e = {0};
    struct mcd_prediction out = {
        .size = sizeof out, .first_row = number, .votes = a->votes + row * CLASSES};
#define POINT(name, width) out.name = a->name + row * (width);
    ARRAYS(POINT)
#undef POINT
    assert_ok(mcd_predictor_run(p, x + row * INPUTS, 1, &out, &e), e);
}

/* Up to rounding, which is that of sums over passes in another order. */
static int near(const double *a, const double *b, int count)
{
    for (int i = 0; i < count; i++)
        if (!(fabs(a[i] - b[i]) <= 1e-6 * (1 + fabs(b[i]))))
            return 0;
    return 1;
}

/* With other masks votes differ, and spreads by some per cent. */
static void rows_may_come_one_by_one(void **state)
{
    (void)state;
    static const char *const samplers[] = {"bernoulli", "bernoulli:scope=pass"};
    for (int scope = 0; scope < 2; scope++) {
        struct mcd_predictor_options o = standard();
        o.sampler = samplers[scope];
        struct mcd_predictor *p = opened(&o);
        struct answers all, a;
        run_all(p, &all);
        clear(&a);
        for (int row = ROWS - 1; row >= 0; row--)
            run_one(p, row, (uint64_t)row, &a);
#define SAME(name, width) assert_true(near(a.name, all.name, ROWS *(width)));
        ARRAYS(SAME)
#undef SAME
        assert_memory_equal(a.votes, all.votes, sizeof a.votes);
        run_one(p, 1, 0, &a); /* a wrong number: other masks, unless all rows share theirs */
        assert_int_equal(near(a.output_std, all.output_std, ROWS * CLASSES), scope);
        run_one(p, 1, UINT32_MAX, &a);
        mcd_predictor_close(p);
    }
}

static void seed_decides_and_threads_do_not(void **state)
{
    (void)state;
    struct answers one, other;
    struct mcd_predictor_options o = standard();
    for (uint32_t threads = 1; threads <= 3; threads++) {
        o.threads = threads;
        struct mcd_predictor *p = opened(&o);
        run_all(p, threads == 1 ? &one : &other);
        assert_true(threads == 1 || same(&one, &other));
        mcd_predictor_close(p);
    }
    o.seed++;
    struct mcd_predictor *p = opened(&o);
    run_all(p, &other);
    assert_false(same(&one, &other));
    mcd_predictor_close(p);
}

/* The core's own way to the same network. */
static void core_answers(const char *backend, struct answers *a)
{
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    struct mcd_shape shape = mcd_shape1(INPUTS);
    struct mcd_network *n;
    struct mcd_safetensors file;
    struct mcd_item *sampler;
    struct mcd_moments *moments;
    struct mcd_summary s;
    assert_ok(mcd_network_open(host, model, backend, &shape, 1, &n, &e), e);
    assert_ok(mcd_safetensors_read(weights, &file, &e), e);
    assert_ok(mcd_weights_load(n, &file, weights, 0, &e), e);
    assert_ok(mcd_item_open(host, MCD_SAMPLER, "bernoulli", &sampler, &e), e);
    struct mcd_predict predict = {
        .network = n, .sampler = sampler, .x = x, .rows = ROWS, .seed = 11, .passes = PASSES};
    assert_ok(mcd_predict_run(&predict, &moments, &e), e);
    assert_ok(mcd_summary_create(&s, moments, &e), e);
    clear(a);
    assert_ok(mcd_average(n, x, ROWS, a->deterministic, NULL, &e), e);
#define COPY(type, name, shape)                                                                    \
    memcpy(a->name, s.name, ROWS *(shape == MCD_BY_OUTPUT ? CLASSES : 1) * sizeof(type));
    MCD_OUTPUT_FIGURES(COPY)
    MCD_CLASS_FIGURES(COPY)
#undef COPY
    mcd_summary_clear(&s);
    mcd_moments_destroy(moments);
    mcd_item_close(host, sampler);
    mcd_safetensors_clear(&file);
    mcd_network_close(n);
    mcd_host_destroy(host);
}

static void answers_are_the_cores(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        if (!is_built(backends[i]))
            continue;
        struct answers expected, a;
        struct mcd_predictor_options o = standard();
        o.backend = backends[i];
        struct mcd_predictor *p = opened(&o);
        assert_int_equal(mcd_predictor_outputs(p), CLASSES);
        run_all(p, &a);
        core_answers(backends[i], &expected);
        assert_true(same(&a, &expected));
        mcd_predictor_close(p);
    }
}

/* ---- regression -------------------------------------------------------------------------- */

/* A checkpoint's metadata, whole, around what a test is about. */
#define METADATA(frame, tau)                                                                       \
    "{\"format\":1,\"run\":{\"model\":\"mlp2\",\"input\":[2],\"data\":\"\",\"rows\":9,"            \
    "\"data_crc32\":0,\"seed\":\"1\",\"optimiser\":\"adam\",\"rate\":1,\"momentum\":0,\"decay\":"  \
    "0,"                                                                                           \
    "\"batch\":0,\"shuffle\":true,\"frame\":" frame "},\"state\":{\"update\":\"0\",\"epochs\":1,"  \
    "\"backend\":\"reference\",\"loss_sum\":0,\"seconds\":0,\"history\":[],\"tau\":" tau "}}"

/* The tiny mlp2 of the fixtures as if mcdrop had trained it on values that it standardised. */
static const char *save_regression(const char *frame)
{
    static const struct mcd_metadata none;
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    struct mcd_shape shape = mcd_shape1(2);
    struct mcd_network *n;
    struct mcd_metadata said = {"mcdrop", frame};
    assert_ok(mcd_network_open(host, "mlp2:hidden=8x8,outputs=2", "reference", &shape, 3, &n, &e),
              e);
    const char *path = scratch_path("regression.safetensors");
    assert_ok(mcd_weights_save(n, path, frame ? &said : &none, frame != NULL, &e), e);
    mcd_network_close(n);
    mcd_host_destroy(host);
    return path;
}

struct regressed {
    double deterministic[4], mean[4], std[4], mcse[4], noise[2];
};

static struct regressed regress(const char *file, const float in[4])
{
    struct mcd_error e = {0};
    struct regressed a;
    struct mcd_prediction out = {.size = sizeof out,
                                 .deterministic = a.deterministic,
                                 .output_mean = a.mean,
                                 .output_std = a.std,
                                 .output_mcse = a.mcse,
                                 .noise_std = a.noise};
    struct mcd_predictor_options o = standard();
    o.model = "mlp2:hidden=8x8,outputs=2";
    o.weights = file;
    o.input = mcd_shape1(2);
    struct mcd_predictor *p = opened(&o);
    assert_ok(mcd_predictor_run(p, in, 2, &out, &e), e);
    out.entropy_mean = a.mean;
    refuse_run(p, in, 2, &out, "mcd_prediction", "is a regression model");
    mcd_predictor_close(p);
    return a;
}

static void units_of_a_regression(void **state)
{
    (void)state;
    static const float in[4] = {0.5f, -1, 2, 1.5f}, scaled[4] = {11, -2, 14, 3};
    struct regressed plain = regress(save_regression(NULL), in);
    struct regressed a =
        regress(save_regression(METADATA("{\"outputs\": 2, \"mean\": [10, 0, 100, -5], "
                                         "\"sd\": [2, 2, 3, 0.5]}",
                                         "4")),
                scaled);
    static const double offset[] = {100, -5}, scale[] = {3, 0.5};
    for (int i = 0; i < 4; i++) {
        double o = offset[i % 2], s = scale[i % 2];
        assert_true(fabs(a.deterministic[i] - (o + s * plain.deterministic[i])) < 1e-4);
        assert_true(fabs(a.mean[i] - (o + s * plain.mean[i])) < 1e-4);
        assert_true(fabs(a.std[i] - s * plain.std[i]) < 1e-4 && a.std[i] > 0);
        assert_true(fabs(a.mcse[i] - s * plain.mcse[i]) < 1e-4);
    }
    assert_true(isnan(plain.noise[0]) && isnan(plain.noise[1]));
    assert_true(a.noise[0] == 1.5 && a.noise[1] == 0.25);
    struct mcd_predictor_options o = standard();
    o.model = "mlp2:hidden=8x8,outputs=2";
    o.input = mcd_shape1(2);
    o.weights =
        save_regression(METADATA("{\"outputs\": 1, \"mean\": [1, 2], \"sd\": [2, 2]}", "1"));
    refuse_open(&o, MCD_INVALID, "regression.safetensors", "trained on 1 inputs");
}

static void version_is_known(void **state)
{
    (void)state;
    assert_string_equal(mcd_version(), PACKAGE_VERSION);
}

/* ---- two threads ------------------------------------------------------------------------- */

enum { RUNS = 8 };

struct job {
    struct mcd_predictor_options options;
    struct answers first;
    int wrong;
};

/* Opens, runs and closes again and again; every answer must be that of the first time. */
static void *work(void *arg)
{
    struct job *job = arg;
    for (int i = 0; i < RUNS && !job->wrong; i++) {
        struct answers a;
        struct mcd_prediction out = all_of(&a);
        struct mcd_predictor *p;
        job->wrong = mcd_predictor_open(&job->options, &p, NULL) != MCD_OK ||
                     mcd_predictor_run(p, x, ROWS, &out, NULL) != MCD_OK || !same(&a, &job->first);
        mcd_predictor_close(p);
    }
    return NULL;
}

static void handles_do_not_disturb_each_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        struct job job[2];
        pthread_t thread[2];
        if (!is_built(backends[i]))
            continue;
        for (int j = 0; j < 2; j++) {
            job[j] = (struct job){.options = standard()};
            job[j].options.backend = backends[i];
            job[j].options.threads = 2;
            job[j].options.seed = (uint64_t)j;
            struct mcd_predictor *p = opened(&job[j].options);
            run_all(p, &job[j].first);
            mcd_predictor_close(p);
        }
        assert_false(same(&job[0].first, &job[1].first));
        for (int j = 0; j < 2; j++)
            assert_int_equal(pthread_create(&thread[j], NULL, work, &job[j]), 0);
        for (int j = 0; j < 2; j++)
            assert_int_equal(pthread_join(thread[j], NULL), 0);
        assert_false(job[0].wrong || job[1].wrong);
    }
}

/* ---- memory ------------------------------------------------------------------------------ */

static long pages(void)
{
    long total = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f)
        return 0;
    int found = fscanf(f, "%ld %ld", &total, &resident);
    fclose(f);
    return found == 2 ? resident : 0;
}

static void memory_does_not_grow(void **state)
{
    (void)state;
    struct answers a;
    struct mcd_predictor_options o = standard();
    struct mcd_predictor *p = opened(&o);
    size_t runs = getenv("MCDROP_FAST") ? 5 : 200;
    for (int i = 0; i < 20; i++)
        run_all(p, &a);
    size_t used = mallinfo2().uordblks;
    long resident = -pages();
    for (size_t i = 0; i < runs; i++)
        run_all(p, &a);
    size_t now = mallinfo2().uordblks;
    resident += pages();
    mcd_predictor_close(p);
    /*
     * Less than one of the smallest allocations in each run; the allocator's own lists count.
     * Address sanitizer and valgrind, which asks for the short form, hold freed memory back.
     */
#ifndef __SANITIZE_ADDRESS__
    if (runs > 100)
        assert_true(now < used + 24 * runs && resident < 128);
#endif
    (void)used, (void)now, (void)resident;
}

/* ---- another implementation -------------------------------------------------------------- */

enum { DIGITS = 12, KINDS = 10 };

static const char *reference(const char *name)
{
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", getenv("MCDROP_REFERENCE"), name);
    return path;
}

/* The worst of |difference| / standard error over [DIGITS][KINDS]; the other has T passes. */
static double worst(const json_t *json, const char *name, const double *mean, double passes)
{
    char key[2][64];
    double most = 0, t = json_number_value(json_object_get(json, "T"));
    snprintf(key[0], sizeof key[0], "%s_mean", name);
    snprintf(key[1], sizeof key[1], "%s_std", name);
    for (size_t i = 0; i < DIGITS * KINDS; i++) {
        double value[2];
        for (int j = 0; j < 2; j++) {
            const json_t *row = json_array_get(json_object_get(json, key[j]), i / KINDS);
            value[j] = json_number_value(json_array_get(row, i % KINDS));
        }
        most = fmax(most, fabs(value[0] - mean[i]) / (value[1] * sqrt(1 / t + 1 / passes)));
    }
    return most;
}

static void agrees_with_the_reference(void **state)
{
    (void)state;
    double output[DIGITS * KINDS], probability[DIGITS * KINDS];
    struct mcd_prediction out = {
        .size = sizeof out, .output_mean = output, .probability_mean = probability};
    struct mcd_error e = {0};
    struct mcd_array in;
    json_error_t reason;
    json_t *json = json_load_file(reference("mlp.json"), 0, &reason);
    assert_non_null(json);
    assert_ok(mcd_npy_read(reference("rotated_one.npy"), &in, &e), e);
    char file[PATH_MAX];
    snprintf(file, sizeof file, "%s", reference("mlp.safetensors"));
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        struct mcd_predictor_options o = {.size = sizeof o,
                                          .model = "mlp",
                                          .weights = file,
                                          .backend = backends[i],
                                          .input = mcd_shape2(28, 28),
                                          .passes = getenv("MCDROP_FULL") ? 10000 : 300};
        if (!is_built(backends[i]))
            continue;
        struct mcd_predictor *p = opened(&o);
        assert_ok(mcd_predictor_run(p, in.data, DIGITS, &out, &e), e);
        mcd_predictor_close(p);
        double a = worst(json, "output", output, (double)o.passes);
        double b = worst(json, "probability", probability, (double)o.passes);
        print_message("# %s: outputs %.1f, probabilities %.1f standard errors\n", backends[i], a,
                      b);
        assert_true(a > 0 && a <= 5 && b > 0 && b <= 5);
    }
    mcd_array_clear(&in);
    json_decref(json);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_array_may_be_left_out),
        cmocka_unit_test(rows_do_not_depend_on_others),
        cmocka_unit_test(rows_may_come_one_by_one),
        cmocka_unit_test(units_of_a_regression),
        cmocka_unit_test(seed_decides_and_threads_do_not),
        cmocka_unit_test(answers_are_the_cores),
        cmocka_unit_test(version_is_known),
        cmocka_unit_test(handles_do_not_disturb_each_other),
        cmocka_unit_test(memory_does_not_grow),
        cmocka_unit_test(agrees_with_the_reference), /* last: left out without the files */
    };
    size_t count = sizeof tests / sizeof *tests;
    predictor_prepare();
    if (!getenv("MCDROP_REFERENCE")) {
        puts("# SKIPPED: MCDROP_REFERENCE is not set: answers are not compared with known results");
        fflush(stdout);
        count--;
    }
    return _cmocka_run_group_tests("predictor", tests, count, scratch_setup, scratch_teardown);
}
