/*
 * kernels: what each step of the models costs in a backend, at the models' own shapes, beside the
 * 2048^3 sgemm of the OpenBLAS in the same process.
 *
 * Steps of a training batch run alone on all threads, steps of Monte-Carlo passes in one copy a
 * thread, side by side, as blocks of passes do. Everything takes turns; medians over rounds.
 *
 *     make bench-kernels, or MCDROP_PLUGIN_PATH=... bench/kernels [ROUNDS [THREADS [BACKEND]]]
 */
#include "core/base/host.h"
#include "core/plugin/loader.h"

#include <cblas.h>
#include <mcdrop/backend.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SIDE = 2048, BATCH = 128, BLOCK = 384, MAX_ROUNDS = 1000, MAX_IN = 4, COPIES = 64 };

/* A shape, with rows or without. */
struct operand {
    int rows;
    struct mcd_shape shape;
};

struct bench {
    const char *name;
    uint32_t op, rows; /* rows: BATCH or BLOCK */
    struct mcd_attr attr;
    struct operand out, in[MAX_IN];
    double flops; /* of a row; 0: not a product */
    struct mcd_kernel kernel;
    struct mcd_step step[COPIES]; /* one for a batch, one a thread for blocks */
    struct mcd_tensor tensors[COPIES][MAX_IN];
    double seconds[MAX_ROUNDS];
};

#define P1(a)                                                                                      \
    {                                                                                              \
        0,                                                                                         \
        {                                                                                          \
            1,                                                                                     \
            {                                                                                      \
                a                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }
#define P2(a, b)                                                                                   \
    {                                                                                              \
        0,                                                                                         \
        {                                                                                          \
            2,                                                                                     \
            {                                                                                      \
                a, b                                                                               \
            }                                                                                      \
        }                                                                                          \
    }
#define P4(a, b, c, d)                                                                             \
    {                                                                                              \
        0,                                                                                         \
        {                                                                                          \
            4,                                                                                     \
            {                                                                                      \
                a, b, c, d                                                                         \
            }                                                                                      \
        }                                                                                          \
    }
#define R0                                                                                         \
    {                                                                                              \
        1,                                                                                         \
        {                                                                                          \
            0,                                                                                     \
            {                                                                                      \
                0                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }
#define R1(a)                                                                                      \
    {                                                                                              \
        1,                                                                                         \
        {                                                                                          \
            1,                                                                                     \
            {                                                                                      \
                a                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }
#define R3(a, b, c)                                                                                \
    {                                                                                              \
        1,                                                                                         \
        {                                                                                          \
            3,                                                                                     \
            {                                                                                      \
                a, b, c                                                                            \
            }                                                                                      \
        }                                                                                          \
    }

#define CONV      .attr.u.conv = {{1, 1}, {2, 2}, {1, 1}}
#define POOL      .attr.u.pool = {MCD_POOL_MAX, {2, 2}, {2, 2}, {0, 0}}
#define TANH      .attr.u.map.function = MCD_TANH
#define DROP(...) .attr.u.drop = {MCD_BERNOULLI, 0, __VA_ARGS__}
#define SUM(...)  .attr.u.reduce = {__VA_ARGS__, MCD_SUM, 1}

/* clang-format off */
static struct bench benches[] = {
    {"drop 784 p=0.2", MCD_OP_DROP, BATCH, DROP(784, 1, 0.2), R1(784), {R1(784)}},
    {"linear 784-800", MCD_OP_LINEAR, BATCH, .out = R1(800), {R1(784), P2(800, 784), P1(800)}, 2 * 784 * 800},
    {"tanh 800", MCD_OP_MAP, BATCH, TANH, R1(800), {R1(800)}},
    {"drop 800 p=0.5", MCD_OP_DROP, BATCH, DROP(800, 1, 0.5), R1(800), {R1(800)}},
    {"linear 800-10", MCD_OP_LINEAR, BATCH, .out = R1(10), {R1(800), P2(10, 800), P1(10)}, 2 * 800 * 10},
    {"xent 10", MCD_OP_XENT, BATCH, .out = {0, {0, {0}}}, {R1(10), R0}},
    {"linear_dw 800-10", MCD_OP_LINEAR_DW, BATCH, .out = P2(10, 800), {R1(10), R1(800)}, 2 * 800 * 10},
    {"linear_dx 800-10", MCD_OP_LINEAR_DX, BATCH, .out = R1(800), {R1(10), P2(10, 800), R1(800)}, 2 * 800 * 10},
    {"tanh_dx 800", MCD_OP_MAP_DX, BATCH, TANH, R1(800), {R1(800), R1(800), R1(800)}},
    {"bias sum 800", MCD_OP_REDUCE, BATCH, SUM({1, {800}}), P1(800), {R1(800)}},
    {"linear_dw 800-800", MCD_OP_LINEAR_DW, BATCH, .out = P2(800, 800), {R1(800), R1(800)}, 2 * 800 * 800},
    {"linear_dx 800-800", MCD_OP_LINEAR_DX, BATCH, .out = R1(800), {R1(800), P2(800, 800), R1(800)}, 2 * 800 * 800},
    {"sgd 800x800", MCD_OP_SGD, BATCH, .attr.u.sgd = {0.1, 0, 0}, P2(800, 800), {P2(800, 800), P2(800, 800)}},
    {"adam 800x800", MCD_OP_ADAM, BATCH, .attr.u.adam = {1e-4, 0.9, 0.999, 1e-8, 1e-6}, P2(800, 800),
     {P2(800, 800), P2(800, 800), P2(800, 800), P2(800, 800)}},
    {"conv2d 1-20", MCD_OP_CONV2D, BATCH, CONV, R3(20, 28, 28), {R3(1, 28, 28), P4(20, 1, 5, 5), P1(20)}, 2 * 784 * 20 * 25},
    {"drop2d 20", MCD_OP_DROP, BATCH, DROP(20, 784, 0.5), R3(20, 28, 28), {R3(20, 28, 28)}},
    {"pool 20x28x28", MCD_OP_POOL2D, BATCH, POOL, R3(20, 14, 14), {R3(20, 28, 28)}},
    {"conv2d 20-50", MCD_OP_CONV2D, BATCH, CONV, R3(50, 14, 14), {R3(20, 14, 14), P4(50, 20, 5, 5), P1(50)}, 2 * 196 * 50 * 500},
    {"pool 50x14x14", MCD_OP_POOL2D, BATCH, POOL, R3(50, 7, 7), {R3(50, 14, 14)}},
    {"linear 2450-500", MCD_OP_LINEAR, BATCH, .out = R1(500), {R1(2450), P2(500, 2450), P1(500)}, 2 * 2450 * 500},
    {"linear_dw 2450-500", MCD_OP_LINEAR_DW, BATCH, .out = P2(500, 2450), {R1(500), R1(2450)}, 2 * 2450 * 500},
    {"linear_dx 2450-500", MCD_OP_LINEAR_DX, BATCH, .out = R1(2450), {R1(500), P2(500, 2450), R1(2450)}, 2 * 2450 * 500},
    {"pool_dx 50x14x14", MCD_OP_POOL2D_DX, BATCH, POOL, R3(50, 14, 14), {R3(50, 7, 7), R3(50, 14, 14)}},
    {"conv bias sum 50", MCD_OP_REDUCE, BATCH, SUM({3, {50, 1, 1}}), {0, {3, {50, 1, 1}}}, {R3(50, 14, 14)}},
    {"conv2d_dw 20-50", MCD_OP_CONV2D_DW, BATCH, CONV, P4(50, 20, 5, 5), {R3(50, 14, 14), R3(20, 14, 14), P4(50, 20, 5, 5)}, 2 * 196 * 50 * 500},
    {"conv2d_dx 20-50", MCD_OP_CONV2D_DX, BATCH, CONV, R3(20, 14, 14), {R3(50, 14, 14), P4(50, 20, 5, 5), R3(20, 14, 14)}, 2 * 196 * 50 * 500},
    {"pool_dx 20x28x28", MCD_OP_POOL2D_DX, BATCH, POOL, R3(20, 28, 28), {R3(20, 14, 14), R3(20, 28, 28)}},
    {"conv bias sum 20", MCD_OP_REDUCE, BATCH, SUM({3, {20, 1, 1}}), {0, {3, {20, 1, 1}}}, {R3(20, 28, 28)}},
    {"conv2d_dw 1-20", MCD_OP_CONV2D_DW, BATCH, CONV, P4(20, 1, 5, 5), {R3(20, 28, 28), R3(1, 28, 28), P4(20, 1, 5, 5)}, 2 * 784 * 20 * 25},

    {"drop 784 p=0.2", MCD_OP_DROP, BLOCK, DROP(784, 1, 0.2), R1(784), {R1(784)}},
    {"linear 784-800", MCD_OP_LINEAR, BLOCK, .out = R1(800), {R1(784), P2(800, 784), P1(800)}, 2 * 784 * 800},
    {"tanh 800", MCD_OP_MAP, BLOCK, TANH, R1(800), {R1(800)}},
    {"gelu 800", MCD_OP_MAP, BLOCK, .attr.u.map.function = MCD_GELU, R1(800), {R1(800)}},
    {"drop 800 p=0.5", MCD_OP_DROP, BLOCK, DROP(800, 1, 0.5), R1(800), {R1(800)}},
    {"gaussian 800", MCD_OP_DROP, BLOCK, .attr.u.drop = {MCD_GAUSSIAN, 0, 800, 1, 0.5}, R1(800), {R1(800)}},
    {"linear 800-10", MCD_OP_LINEAR, BLOCK, .out = R1(10), {R1(800), P2(10, 800), P1(10)}, 2 * 800 * 10},
    {"softmax 10", MCD_OP_SOFTMAX, BLOCK, .out = R1(10), {R1(10)}},
    {"drop2d 20", MCD_OP_DROP, BLOCK, DROP(20, 784, 0.5), R3(20, 28, 28), {R3(20, 28, 28)}},
    {"pool 20x28x28", MCD_OP_POOL2D, BLOCK, POOL, R3(20, 14, 14), {R3(20, 28, 28)}},
    {"conv2d 20-50", MCD_OP_CONV2D, BLOCK, CONV, R3(50, 14, 14), {R3(20, 14, 14), P4(50, 20, 5, 5), P1(50)}, 2 * 196 * 50 * 500},
    {"drop2d 50", MCD_OP_DROP, BLOCK, DROP(50, 196, 0.5), R3(50, 14, 14), {R3(50, 14, 14)}},
    {"pool 50x14x14", MCD_OP_POOL2D, BLOCK, POOL, R3(50, 7, 7), {R3(50, 14, 14)}},
    {"linear 2450-500", MCD_OP_LINEAR, BLOCK, .out = R1(500), {R1(2450), P2(500, 2450), P1(500)}, 2 * 2450 * 500},
};
/* clang-format on */
enum { BENCHES = sizeof benches / sizeof *benches };

static struct mcd_host *host;
static const struct mcd_backend *api;
static void *self;
static struct mcd_draw draw;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void check(int status, const char *name, const struct mcd_error *e)
{
    if (!status)
        return;
    fprintf(stderr, "kernels: %s: %s %s\n", name, e->where, e->text);
    exit(1);
}

static struct mcd_tensor tensor(const struct bench *b, const struct operand *o, uint32_t type)
{
    return (struct mcd_tensor){.type = type, .rows = o->rows ? b->rows : 0, .shape = o->shape};
}

/* Values in [-1, 1), or labels 0 to 9. */
static void place(const struct bench *b, struct mcd_tensor *t)
{
    struct mcd_error e = {0};
    int64_t n = mcd_tensor_count(t);
    check(api->alloc(self, (size_t)n * mcd_type_size(t->type), &t->buffer, &e), b->name, &e);
    float *x = mcd_host_pointer(t);
    int32_t *label = mcd_host_pointer(t);
    for (int64_t i = 0; i < n; i++)
        if (t->type == MCD_I32)
            label[i] = (int32_t)(i % 10);
        else
            x[i] = (float)(i * 7919 % 256) / 128 - 1;
}

static void bench_create(struct bench *b)
{
    struct mcd_error e = {0};
    uint32_t copies = b->rows == BATCH ? 1 : host->workers;
    for (uint32_t c = 0; c < copies; c++) {
        struct mcd_step *s = &b->step[c];
        *s = (struct mcd_step){.size = sizeof *s, .op = b->op, .attr = b->attr};
        s->in = b->tensors[c];
        for (; s->nin < MAX_IN && (b->in[s->nin].rows || b->in[s->nin].shape.rank); s->nin++) {
            int label = b->op == MCD_OP_XENT && s->nin == 1;
            b->tensors[c][s->nin] = tensor(b, &b->in[s->nin], label ? MCD_I32 : MCD_F32);
        }
        s->out = tensor(b, &b->out, MCD_F32);
        check(api->kernel(self, s, &b->kernel, &e), b->name, &e);
        for (uint32_t i = 0; i < s->nin; i++)
            place(b, &b->tensors[c][i]);
        place(b, &s->out);
        if (b->kernel.workspace)
            check(api->alloc(self, b->kernel.workspace, &s->workspace.buffer, &e), b->name, &e);
        if (b->op == MCD_OP_SGD || b->op == MCD_OP_ADAM)
            s->out = s->in[0];
    }
}

static void run_one(void *arg, uint32_t copy, uint32_t worker)
{
    struct bench *b = arg;
    struct mcd_error e = {0};
    struct mcd_run run = {.size = sizeof run, .seed = 1, .passes = 1, .draws = &draw};
    (void)worker;
    run.rows = b->rows;
    check(b->kernel.run(b->kernel.state, &b->step[copy], &run, &e), b->name, &e);
}

/* Seconds for one step, and as much as that takes on every thread. */
static double bench_time(struct bench *b)
{
    int calls = 0;
    double start = now(), end;
    do {
        if (b->rows == BATCH)
            run_one(b, 0, 0);
        else
            host->parallel(host, host->workers, run_one, b);
        calls++;
        end = now();
    } while (end - start < 2e-3);
    return (end - start) / calls;
}

static double sgemm_time(void)
{
    static float *m[3];
    size_t n = (size_t)SIDE * SIDE;
    for (int k = 0; k < 3 && !m[k]; k++) {
        m[k] = calloc(n, sizeof **m);
        for (size_t i = 0; m[k] && i < n; i++)
            m[k][i] = 1e-3f * (float)(i % 17);
    }
    openblas_set_num_threads((int)host->workers);
    double start = now();
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, SIDE, SIDE, SIDE, 1, m[0], SIDE, m[1],
                SIDE, 0, m[2], SIDE);
    double seconds = now() - start;
    openblas_set_num_threads(1);
    return seconds;
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

static void report(struct bench *b, int rounds, double peak)
{
    double seconds = median(b->seconds, rounds);
    double copies = b->rows == BATCH ? 1 : host->workers;
    double rate = copies * b->rows * b->flops / seconds;
    double elements = copies * (double)mcd_tensor_count(&b->step[0].out);
    printf("%-20s %4u %10.1f us %8.3f ns/element", b->name, b->rows, 1e6 * seconds,
           1e9 * seconds / elements);
    if (b->flops > 0)
        printf(" %8.1f GFLOP/s %5.2f of sgemm", 1e-9 * rate, rate / peak);
    printf("\n");
}

int main(int argc, char **argv)
{
    static double sgemm[MAX_ROUNDS];
    struct mcd_error e = {0};
    struct mcd_item *item;
    int rounds = argc > 1 ? atoi(argv[1]) : 15;
    host = mcd_host_create(argc > 2 ? (uint32_t)atoi(argv[2]) : 0, NULL, NULL, &e);
    if (!host || host->workers > COPIES || rounds < 1 || rounds > MAX_ROUNDS) {
        fprintf(stderr,
                "usage: kernels [ROUNDS [THREADS [BACKEND]]], at most %d rounds and %d "
                "threads\n",
                MAX_ROUNDS, COPIES);
        return 2;
    }
    check(mcd_item_open(host, MCD_BACKEND, argc > 3 ? argv[3] : "openblas", &item, &e), "open", &e);
    api = item->plugin->api;
    self = item->self;
    for (int i = 0; i < BENCHES; i++)
        bench_create(&benches[i]);
    for (int r = -1; r < rounds; r++) { /* the first round warms up and is overwritten */
        sgemm[r < 0 ? 0 : r] = sgemm_time();
        for (int i = 0; i < BENCHES; i++)
            benches[i].seconds[r < 0 ? 0 : r] = bench_time(&benches[i]);
    }
    double peak = 2.0 * SIDE * SIDE * SIDE / median(sgemm, rounds);
    printf("%s %s, %u threads, medians of %d rounds; 2048^3 sgemm %.1f GFLOP/s\n",
           openblas_get_config(), openblas_get_corename(), host->workers, rounds, 1e-9 * peak);
    for (int i = 0; i < BENCHES; i++)
        report(&benches[i], rounds, peak);
    return 0;
}
