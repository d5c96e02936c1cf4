/*
 * REDUCE: sums and means over some dimensions, in double and in an order that depends on the shapes
 * alone.
 */
#include "clones.h"
#include "nest.h"
#include "ops.h"

enum {
    X,              /* operands of a nest: what is summed and */
    SUM,            /* the sums */
    COLUMNS = 256,  /* sums kept at a time where the innermost dimension stays */
    GRAIN = 1 << 15 /* elements of x for one piece of work */
};

struct job {
    struct mcd_nest kept, summed; /* without the innermost dimension, which has n elements */
    int64_t n, terms;             /* terms: places of `summed` */
    float *out;
    const float *x;
    double scale;
};

static MCD_CLONES void add_row(double *restrict sum, const float *restrict x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        sum[i] += (double)x[i];
}

/* Innermost dimension kept: item i is one block of columns at one kept place. */
static void columns(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    int64_t blocks = (j->n + COLUMNS - 1) / COLUMNS;
    (void)worker;
    for (int64_t item = first; item < first + count; item++) {
        struct mcd_nest_place kept = mcd_nest_seek(&j->kept, item / blocks);
        struct mcd_nest_place summed = mcd_nest_seek(&j->summed, 0);
        int64_t column = item % blocks * COLUMNS, n = j->n - column;
        n = n < COLUMNS ? n : COLUMNS;
        double sum[COLUMNS] = {0};
        for (int64_t t = 0; t < j->terms; t++) {
            add_row(sum, j->x + kept.offset[X] + summed.offset[X] + column, n);
            mcd_nest_next(&j->summed, &summed);
        }
        for (int64_t i = 0; i < n; i++)
            j->out[kept.offset[SUM] + column + i] = (float)(sum[i] * j->scale);
    }
}

/* Sum of n floats: sixteen interleaved sums, then theirs. */
static MCD_CLONES double sum_of(const float *x, int64_t n)
{
    enum { LANES = 16 };
    double sum[LANES] = {0}, total = 0;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++)
            sum[l] += (double)x[i + l];
    for (int l = 0; l < LANES; l++)
        total += sum[l];
    for (; i < n; i++)
        total += (double)x[i];
    return total;
}

/* Innermost dimension summed: item i is one sum. */
static void lines(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    struct mcd_nest_place kept = mcd_nest_seek(&j->kept, first);
    (void)worker;
    for (int64_t item = 0; item < count; item++) {
        struct mcd_nest_place summed = mcd_nest_seek(&j->summed, 0);
        double total = 0;
        for (int64_t t = 0; t < j->terms; t++) {
            total += sum_of(j->x + kept.offset[X] + summed.offset[X], j->n);
            mcd_nest_next(&j->summed, &summed);
        }
        j->out[kept.offset[SUM]] = (float)(total * j->scale);
        mcd_nest_next(&j->kept, &kept);
    }
}

/* Deals the dimensions of a nest out: those along which the sum moves are kept. */
static void deal(const struct mcd_nest *nest, struct job *j)
{
    for (uint32_t d = 0; d < nest->rank; d++)
        mcd_nest_append(nest->stride[d][SUM] ? &j->kept : &j->summed, nest->extent[d],
                        nest->stride[d]);
    j->terms = mcd_nest_count(&j->summed);
}

MCD_CPU_RUN(mcd_cpu_reduce)
{
    const struct mcd_tensor *x = &step->in[0], *out = &step->out;
    const struct mcd_tensor *const operands[] = {x, out};
    struct mcd_nest nest;
    struct job j = {.out = mcd_floats(out), .x = mcd_floats(x), .scale = 1};
    int64_t stride[MCD_NEST_OPERANDS];
    (void)run, (void)error;

    if (step->attr.u.reduce.kind == MCD_MEAN)
        j.scale = (double)mcd_tensor_count(out) / (double)mcd_tensor_count(x);
    mcd_nest_build(&nest, x->rows, &x->shape, 2, operands);
    j.n = mcd_nest_inner(&nest, stride);
    deal(&nest, &j);
    int64_t grain = GRAIN / (j.n * j.terms);
    if (stride[SUM])
        mcd_cpu_split(state, mcd_nest_count(&j.kept) * ((j.n + COLUMNS - 1) / COLUMNS),
                      GRAIN / (j.terms * (j.n < COLUMNS ? j.n : COLUMNS)), columns, &j);
    else
        mcd_cpu_split(state, mcd_nest_count(&j.kept), grain, lines, &j);
    return MCD_OK;
}
