/* CHANNELS, MOMENTS and SUMS: passes summarised, as mcdrop/moments.h has it, in plain loops. */
#include "ops.h"

#include <mcdrop/model.h>
#include <mcdrop/moments.h>

static void channels(const struct job *job, int64_t first, int64_t end)
{
    const struct mcd_attr_moments *a = &job->step->attr.u.moments;
    const struct mcd_tensor *y = &job->step->in[0];
    int64_t n = mcd_shape_count(&y->shape), width = job->step->out.shape.dim[0];
    for (int64_t v = first; v < end; v++) {
        double *x = (double *)mcd_host_pointer(&job->step->out) + v * width;
        for (int64_t k = 0; k < n; k++) {
            x[k] = get(row_of(y, v), k);
            if (a->offset)
                x[k] = a->offset[k] + a->scale[k] * x[k];
        }
        if (a->task == MCD_CLASSIFY)
            mcd_probabilities(x, n, x + n, x + 2 * n);
    }
}

/* One channel of one row: where its passes are, and how many. */
struct series {
    const double *at;
    int64_t stride, count;
};

static void summarise(const struct series *s, double *mean, double *m2)
{
    double sum = 0, squares = 0, n = (double)s->count;
    for (int64_t i = 1; i < s->count; i++)
        mcd_spread_add(s->at[0], s->at[i * s->stride], &sum, &squares);
    *mean = mcd_spread_mean(s->at[0], sum, n);
    *m2 = mcd_spread_m2(sum, squares, n);
}

static double group_mean(const struct series *s, int64_t group, int64_t size)
{
    const double *x = s->at + group * size * s->stride;
    double sum = 0;
    for (int64_t i = 0; i < size; i++)
        sum += x[i * s->stride] - x[0];
    return mcd_spread_mean(x[0], sum, (double)size);
}

static void summarise_groups(const struct series *s, int64_t size, double *mean, double *m2)
{
    int64_t groups = s->count / size;
    double first = group_mean(s, 0, size), sum = 0, squares = 0;
    for (int64_t g = 1; g < groups; g++)
        mcd_spread_add(first, group_mean(s, g, size), &sum, &squares);
    *mean = mcd_spread_mean(first, sum, (double)groups);
    *m2 = mcd_spread_m2(sum, squares, (double)groups);
}

/*
 * Joins mean and M2 of `count` numbers with what the tree has of as many before them, level after
 * level, and leaves it there; levels are `stride` apart, and M2 is `half` behind its mean.
 */
static void climb(const struct mcd_tensor *tree, double *level, uint32_t joined, int64_t count,
                  double *mean, double *m2)
{
    int64_t half = tree->shape.dim[2], stride = half * tree->shape.dim[1], l = 0;
    for (; joined & 1; joined >>= 1, l++, level += stride) {
        double left_mean = level[0], left_m2 = level[half];
        mcd_spread_join(&left_mean, &left_m2, *mean, *m2, 0.5, (double)(count << l) * 0.5);
        *mean = left_mean;
        *m2 = left_m2;
    }
    if (l >= tree->shape.dim[0])
        return;
    level[0] = *mean;
    level[half] = *m2;
}

/* Items are channels of rows. */
static void moments(const struct job *job, int64_t first, int64_t end)
{
    const struct mcd_tensor *in = job->step->in, *out = &job->step->out;
    int64_t width = out->shape.dim[1], size = mcd_shape_count(&out->shape);
    int64_t rows = out->rows, group = job->step->attr.u.moments.group;
    for (int64_t i = first; i < end; i++) {
        struct series s = {(double *)mcd_host_pointer(&in[0]) + i, rows * width, in[0].rows / rows};
        int64_t row = i / width, c = i % width;
        double *y = (double *)mcd_host_pointer(out) + row * size + c;
        double *tree = (double *)mcd_host_pointer(&in[1]) + row * mcd_shape_count(&in[1].shape) + c;
        summarise(&s, &y[0], &y[width]);
        climb(&in[1], tree, job->run->joined, s.count, &y[0], &y[width]);
        if (group == 1)
            continue;
        summarise_groups(&s, group, &y[2 * width], &y[3 * width]);
        climb(&in[1], tree + 2 * width, job->run->joined, s.count / group, &y[2 * width],
              &y[3 * width]);
    }
}

static struct work by_channel(const struct mcd_step *step)
{
    int64_t channels = step->in[0].shape.dim[0], rows = rows_of(&step->out);
    struct work w = {rows * channels, 4 * (step->in[0].rows / rows)};
    return w;
}

/* Items are rows. */
static void sums(const struct job *job, int64_t first, int64_t end)
{
    const struct mcd_tensor *in = &job->step->in[1], *out = &job->step->out;
    int64_t width = in->shape.dim[0], n = width / 2, size = mcd_shape_count(&out->shape);
    for (int64_t row = first; row < end; row++) {
        int64_t *batches = (int64_t *)mcd_host_pointer(out) + row * size;
        for (int64_t i = 0; i < size && job->run->summed == 0; i++)
            batches[i] = 0;
        for (int64_t pass = 0; pass < in->rows / out->rows; pass++) {
            const double *x = (double *)mcd_host_pointer(in) + (pass * out->rows + row) * width;
            int64_t *batch =
                batches + width * mcd_batch_of(job->run->first_pass + (uint64_t)pass,
                                               (uint32_t)job->step->attr.u.moments.group);
            for (int64_t k = 0; k < n; k++)
                batch[k] += mcd_in_units(x[n + k], MCD_PROBABILITY_UNIT);
            batch[n + mcd_largest(x, n)]++;
            batch[2 * n] += mcd_in_units(x[2 * n], MCD_ENTROPY_UNIT);
        }
    }
}

const struct op moments_ops[] = {
    {MCD_OP_CHANNELS, "channels", NULL, by_row, channels},
    {MCD_OP_MOMENTS, "moments", NULL, by_channel, moments},
    {MCD_OP_SUMS, "sums", NULL, by_row, sums},
    {0, NULL, NULL, NULL, NULL},
};
