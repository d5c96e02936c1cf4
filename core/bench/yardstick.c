/* Plain loops, the same for whoever compiles them. */
#include "core/bench/yardstick.h"

#include "core/base/host.h"
#include "core/bench/clock.h"

/*
 * For the widest vectors there are, chosen when the program starts: what else runs on a core - its
 * other thread, say - is felt by code that keeps all of its arithmetic busy, as products do.
 */
#if defined __x86_64__ && defined __GLIBC__
#define CLONES __attribute__((target_clones("avx512f", "arch=haswell", "default")))
#else
#define CLONES
#endif

typedef float lanes __attribute__((vector_size(64), may_alias));

enum {
    WIDTH = sizeof(lanes) / sizeof(float),
    HEIGHT = 8, /* sums side by side */
    DEPTH = 256,
    PANELS = 8, /* of 16 kB: the second cache */
    PRODUCTS = 24,
    STREAM = 1 << 18,
    A = HEIGHT * DEPTH,
    B = DEPTH * WIDTH,
    C = HEIGHT * WIDTH,
    FLOATS = A + PANELS * B + C + STREAM
};

/* c = (c + a b) / 2, so that values neither grow nor vanish. */
CLONES static void yardstick_product(const float *a, const lanes *b, lanes *c)
{
    lanes sum[HEIGHT] = {0};
    for (int k = 0; k < DEPTH; k++)
        for (int i = 0; i < HEIGHT; i++)
            sum[i] += a[k * HEIGHT + i] * b[k];
    for (int i = 0; i < HEIGHT; i++)
        c[i] = 0.5f * (c[i] + sum[i]);
}

CLONES static void yardstick_stream(float *x)
{
    for (int i = 0; i < STREAM; i++)
        x[i] = 0.5f * x[i] + 0.25f;
}

static void work(void *arg, uint32_t copy, uint32_t worker)
{
    const struct mcd_yardstick *y = arg;
    float *a = y->memory + (size_t)copy * FLOATS, *b = a + A, *c = b + PANELS * B;
    (void)worker;
    for (int i = 0; i < PRODUCTS * PANELS; i++)
        yardstick_product(a, (const lanes *)(b + i % PANELS * B), (lanes *)c);
    yardstick_stream(c + C);
}

int mcd_yardstick_open(const struct mcd_host *host, clockid_t clock, struct mcd_yardstick *y,
                       struct mcd_error *e)
{
    size_t floats = (size_t)host->workers * FLOATS;
    *y = (struct mcd_yardstick){host, clock, mcd_host_zalloc(host, floats * sizeof *y->memory, e)};
    for (size_t i = 0; y->memory && i < floats; i++)
        y->memory[i] = (float)(i % 17) / 400;
    if (y->memory)
        mcd_yardstick_time(y, 0); /* threads start, pages come */
    return y->memory ? MCD_OK : MCD_NOMEM;
}

void mcd_yardstick_close(struct mcd_yardstick *y)
{
    if (y->memory)
        y->host->release(y->host, y->memory);
}

double mcd_yardstick_time(const struct mcd_yardstick *y, double seconds)
{
    double start = mcd_clock_read(y->clock), spent;
    int count = 0;
    do {
        y->host->parallel(y->host, y->host->workers, work, (void *)(uintptr_t)y);
        count++;
        spent = mcd_clock_read(y->clock) - start;
    } while (spent < seconds);
    return spent / count;
}
