/*
 * speed: how much of a large matrix product's rate training and Monte-Carlo passes reach.
 *
 * In one process and in turns: a 2048^3 sgemm of the OpenBLAS that the backend openblas uses, on all
 * the threads that mcdrop uses; training steps of 128; folded Monte-Carlo passes of 12 inputs, on
 * every backend. Medians over rounds, and of a round's ratio to the first backend.
 *
 *     make bench-speed, or MCDROP_PLUGIN_PATH=... bench/speed [ROUNDS [THREADS [BACKEND...]]]
 *
 * Without a BACKEND: openblas, and onednn where it was built. With THREADS 1 the time is the
 * processor's, which nothing else that runs can stretch.
 */
#include "core/base/host.h"
#include "core/predict/forward.h"
#include "core/train/trainer.h"
#include "flops.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SIDE = 2048,
    BATCH = 128,
    INPUTS = 12,
    STEPS = 4,
    PASSES = 512,
    MODELS = 2,
    MAX_BACKENDS = 4,
    MAX_ROUNDS = 1000
};

struct job {
    const char *model, *backend;
    struct mcd_network *network;
    struct mcd_trainer *trainer;
    struct mcd_item *sampler;
    float *x;
    int32_t *label;
    double train_flops, pass_flops; /* of one step, of one pass of all inputs */
    uint64_t update;
    double step[MAX_ROUNDS], pass[MAX_ROUNDS]; /* seconds */
};

static const char *const models[MODELS] = {"mlp", "lenet"};
static struct job jobs[MODELS][MAX_BACKENDS];
static double sgemm[MAX_ROUNDS];

static clockid_t clock_id = CLOCK_MONOTONIC;

static double now(void)
{
    struct timespec t;
    clock_gettime(clock_id, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void check(int status, const struct mcd_error *e)
{
    if (!status)
        return;
    fprintf(stderr, "speed: %s: %s\n", e->where, e->text);
    exit(1);
}

static void *allocate(size_t bytes)
{
    void *p = malloc(bytes);
    if (!p)
        exit(1);
    return p;
}

static void count_flops(struct job *j, const struct mcd_update *update)
{
    struct mcd_error e = {0};
    struct mcd_recording r;
    mcd_val loss;
    check(mcd_network_record(j->network, 1, &r, &e), &e);
    j->pass_flops = INPUTS * mcd_graph_flops(r.graph, 1);
    mcd_val target = mcd_graph_input(r.graph, 1, mcd_shape0(), 1);
    check(mcd_graph_training(r.graph, MCD_CLASSIFY, r.y, target, update, &loss, &e), &e);
    j->train_flops = BATCH * mcd_graph_flops(r.graph, 0);
    mcd_graph_destroy(r.graph);
}

static void job_create(struct job *j, const struct mcd_host *host)
{
    struct mcd_error e = {0};
    struct mcd_shape input = mcd_shape2(28, 28);
    check(mcd_network_open(host, j->model, j->backend, &input, 1, &j->network, &e), &e);
    check(mcd_item_open(host, MCD_SAMPLER, "bernoulli", &j->sampler, &e), &e);
    size_t rows = BATCH * STEPS, pixels = 28 * 28;
    j->x = allocate(rows * pixels * sizeof *j->x);
    j->label = allocate(rows * sizeof *j->label);
    for (size_t i = 0; i < rows * pixels; i++)
        j->x[i] = (float)(i * 7919 % 256) / 255;
    for (size_t i = 0; i < rows; i++)
        j->label[i] = (int32_t)(i % 10);
    struct mcd_trainer_spec spec = {
        .network = j->network,
        .data = {(int64_t)rows, j->x, j->label, NULL},
        .update = {MCD_SGD, 1e-3, 0, 0},
        .batch = BATCH,
        .shuffle = 1,
        .seed = 1,
    };
    check(mcd_trainer_create(&spec, &j->trainer, &e), &e);
    count_flops(j, &spec.update);
}

static void job_destroy(struct job *j, const struct mcd_host *host)
{
    mcd_trainer_destroy(j->trainer);
    mcd_item_close(host, j->sampler);
    mcd_network_close(j->network);
    free(j->x);
    free(j->label);
}

static double time_sgemm(int threads)
{
    static float *m[3];
    size_t n = (size_t)SIDE * SIDE;
    for (int k = 0; k < 3 && !m[k]; k++) {
        m[k] = allocate(n * sizeof **m);
        for (size_t i = 0; i < n; i++)
            m[k][i] = 1e-3f * (float)(i % 17);
    }
    openblas_set_num_threads(threads);
    double start = now();
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, SIDE, SIDE, SIDE, 1, m[0], SIDE, m[1],
                SIDE, 0, m[2], SIDE);
    double seconds = now() - start;
    openblas_set_num_threads(1);
    return seconds;
}

static double time_step(struct job *j)
{
    struct mcd_error e = {0};
    double loss, start = now();
    uint32_t rows;
    for (int i = 0; i < STEPS; i++)
        check(mcd_trainer_step(j->trainer, j->update++, &loss, &rows, &e), &e);
    return (now() - start) / STEPS;
}

static int swallow(void *arg, const struct mcd_block *block, struct mcd_error *e)
{
    (void)arg, (void)block, (void)e;
    return MCD_OK;
}

static double time_pass(struct job *j)
{
    struct mcd_error e = {0};
    struct mcd_forward f = {.network = j->network,
                            .sampler = j->sampler,
                            .x = j->x,
                            .rows = INPUTS,
                            .seed = 1,
                            .sink = swallow};
    mcd_forward_geometry(&f);
    f.block_count = PASSES / f.block_passes;
    double start = now();
    check(mcd_forward_run(&f, &e), &e);
    return (now() - start) / (double)(f.block_count * f.block_passes);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, by_value);
    return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

/* Median over the rounds of how much faster the second is than the first. */
static double ratio(const double *base, const double *other, int rounds)
{
    double r[MAX_ROUNDS];
    for (int i = 0; i < rounds; i++)
        r[i] = base[i] / other[i];
    return median(r, rounds);
}

static void report(const struct job *j, const char *what, const double *seconds,
                   const double *first, double flops, double peak, int rounds)
{
    double sorted[MAX_ROUNDS], faster = ratio(first, seconds, rounds);
    memcpy(sorted, seconds, (size_t)rounds * sizeof *sorted);
    double middle = median(sorted, rounds), rate = flops / middle;
    printf("%-6s %-12s %-24s %9.3f ms %8.1f GFLOP/s %6.2f of sgemm %6.2f x\n", j->model, what,
           j->backend, 1e3 * middle, 1e-9 * rate, rate / peak, faster);
}

static void report_all(int backends, double peak, int rounds)
{
    for (int m = 0; m < MODELS; m++)
        for (int pass = 0; pass < 2; pass++)
            for (int b = 0; b < backends; b++) {
                const struct job *j = &jobs[m][b], *first = &jobs[m][0];
                report(j, pass ? "pass of 12" : "step of 128", pass ? j->pass : j->step,
                       pass ? first->pass : first->step, pass ? j->pass_flops : j->train_flops,
                       peak, rounds);
            }
}

/* The backends to compare; returns their number. */
static int choose(const struct mcd_host *host, int argc, char **argv,
                  const char *backend[MAX_BACKENDS])
{
    struct mcd_item *item;
    struct mcd_error e = {0};
    int count = 0;
    for (int i = 3; i < argc && count < MAX_BACKENDS; i++)
        backend[count++] = argv[i];
    if (count)
        return count;
    backend[count++] = "openblas";
    if (mcd_item_open(host, MCD_BACKEND, "onednn", &item, &e) == MCD_OK) {
        mcd_item_close(host, item);
        backend[count++] = "onednn";
    } else {
        fprintf(stderr, "speed: without onednn: %s\n", e.text);
    }
    return count;
}

static void run_round(int backends, int round, int threads)
{
    sgemm[round] = time_sgemm(threads);
    for (int m = 0; m < MODELS; m++)
        for (int pass = 0; pass < 2; pass++)
            for (int b = 0; b < backends; b++) {
                struct job *j = &jobs[m][b];
                if (pass)
                    j->pass[round] = time_pass(j);
                else
                    j->step[round] = time_step(j);
            }
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 15;
    struct mcd_error e = {0};
    const char *backend[MAX_BACKENDS];
    struct mcd_host *host = mcd_host_create(argc > 2 ? (uint32_t)atoi(argv[2]) : 0, NULL, NULL, &e);
    if (!host || rounds < 1 || rounds > MAX_ROUNDS) {
        fprintf(stderr, "usage: speed [ROUNDS [THREADS [BACKEND...]]], at most %d rounds\n",
                MAX_ROUNDS);
        return 2;
    }
    if (host->workers == 1)
        clock_id = CLOCK_PROCESS_CPUTIME_ID;
    int backends = choose(host, argc, argv, backend);
    for (int i = 0; i < MODELS * backends; i++) {
        struct job *j = &jobs[i / backends][i % backends];
        *j = (struct job){.model = models[i / backends], .backend = backend[i % backends]};
        job_create(j, host);
    }
    for (int r = -1; r < rounds; r++) /* the first round warms up and is overwritten */
        run_round(backends, r < 0 ? 0 : r, (int)host->workers);
    double flops = 2.0 * SIDE * SIDE * SIDE, seconds = median(sgemm, rounds),
           peak = flops / seconds;
    printf("%s, %u threads, medians of %d rounds\n", openblas_get_config(), host->workers, rounds);
    printf("2048^3 sgemm %.3f ms %.1f GFLOP/s\n", 1e3 * seconds, 1e-9 * peak);
    report_all(backends, peak, rounds);
    for (int i = 0; i < MODELS * backends; i++)
        job_destroy(&jobs[i / backends][i % backends], host);
    mcd_host_destroy(host);
    return 0;
}
