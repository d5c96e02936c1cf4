/* Plain loops, the same for whoever compiles them. */
#include "core/bench/yardstick.h"

#include "core/base/host.h"
#include "core/bench/clock.h"

enum { SIDE = 48, PRODUCTS = 6, STREAM = 1 << 18, FLOATS = STREAM + 3 * SIDE * SIDE };

/* c = (c + a b) / 2, so that values neither grow nor vanish. */
static void product(const float *restrict a, const float *restrict b, float *restrict c)
{
    for (int i = 0; i < SIDE; i++)
        for (int k = 0; k < SIDE; k++) {
            float factor = a[i * SIDE + k];
            for (int j = 0; j < SIDE; j++)
                c[i * SIDE + j] += factor * b[k * SIDE + j];
        }
    for (int i = 0; i < SIDE * SIDE; i++)
        c[i] *= 0.5f;
}

static void stream(float *x)
{
    for (int i = 0; i < STREAM; i++)
        x[i] = 0.5f * x[i] + 0.25f;
}

static void work(void *arg, uint32_t copy, uint32_t worker)
{
    const struct mcd_yardstick *y = arg;
    float *m = y->memory + (size_t)copy * FLOATS, *x = m + 3 * SIDE * SIDE;
    (void)worker;
    for (int i = 0; i < PRODUCTS; i++)
        product(m, m + SIDE * SIDE, m + 2 * SIDE * SIDE);
    stream(x);
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
