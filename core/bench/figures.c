/* What the samples of a job say. */
#include "core/bench/bench.h"
#include "core/bench/quantile.h"
#include "core/bench/trimmed.h"
#include "core/stats/special.h"

#include <math.h>
#include <string.h>

static int is_exact(const struct mcd_bench_trial *t)
{
    return strcmp(t->precision, "f32") == 0 || strcmp(t->precision, "f64") == 0;
}

/*
 * Whether its precision is the first backend's, as far as results are concerned: f64 computes what
 * f32 does.
 */
static int same_precision(const struct mcd_bench *b, uint32_t model, uint32_t backend)
{
    const struct mcd_bench_trial *first = &mcd_bench_pair(b, model, 0)->trial;
    const struct mcd_bench_trial *t = &mcd_bench_pair(b, model, backend)->trial;
    return (is_exact(first) && is_exact(t)) || strcmp(first->precision, t->precision) == 0;
}

/*
 * Sums of a thousand terms in another order differ by 1e-6 in f32, and a ReLU or a maximum that
 * rounding decides the other way changes a gradient by one row's part of it. Factors of 8 bits are
 * 0.4 % off, results after several layers a few per cent; other masks change them by far more.
 */
int mcd_bench_agrees(const struct mcd_bench *b, uint32_t model, uint32_t backend)
{
    int same = same_precision(b, model, backend);
    const struct mcd_agreement *a = &mcd_bench_pair(b, model, backend)->trial.agreement;
    double outputs = same ? 1e-5 : 0.1, gradient = same ? 1e-3 : 0.2;
    return a->masks == 0 && a->loss <= outputs && a->outputs <= outputs && a->gradient <= gradient;
}

static void order(const double *seconds, size_t n, struct mcd_bench_figures *f)
{
    double sorted[MCD_TRIMMED_MOST];
    memcpy(sorted, seconds, n * sizeof *sorted);
    mcd_sort(sorted, n);
    f->median = mcd_quantile(sorted, n, 0.5);
    f->low_quartile = mcd_quantile(sorted, n, 0.25);
    f->high_quartile = mcd_quantile(sorted, n, 0.75);
}

/* The rounds' logarithms of a / b: what slows a whole round cancels. */
static void compare(const double *a, const double *b, size_t n, struct mcd_bench_figures *f)
{
    double log_ratio[MCD_TRIMMED_MOST];
    for (size_t i = 0; i < n; i++)
        log_ratio[i] = log(a[i] / b[i]);
    struct mcd_trimmed t = mcd_trimmed(log_ratio, n);
    double margin = mcd_student_quantile(0.05, t.degrees) * t.error;
    f->ratio = exp(t.mean);
    f->low = isfinite(margin) ? exp(t.mean - margin) : NAN;
    f->high = isfinite(margin) ? exp(t.mean + margin) : NAN;
}

/* The same job of the first backend; NULL where its plan has other steps. */
static const double *first_seconds(const struct mcd_bench *b, uint32_t model, uint32_t job,
                                   const struct mcd_timing *t)
{
    const struct mcd_bench_pair *p = mcd_bench_pair(b, model, 0);
    if (job >= p->jobs || strcmp(p->timing[job].op, t->op) != 0 ||
        strcmp(p->timing[job].shape, t->shape) != 0 || p->timing[job].rows != t->rows)
        return NULL;
    return p->seconds + (size_t)job * b->rounds;
}

/* The best rate of the product among backends of a precision. */
static double best_rate(const struct mcd_bench *b, const char *precision)
{
    double best = 0;
    for (uint32_t i = 0; i < b->backends; i++) {
        const struct mcd_bench_pair *p = mcd_bench_pair(b, 0, i);
        struct mcd_bench_figures f;
        if (strcmp(p->trial.precision, precision) != 0 || p->jobs == 0)
            continue;
        order(p->seconds, b->done, &f);
        best = fmax(best, p->timing[0].flop / f.median);
    }
    return best;
}

struct mcd_bench_figures mcd_bench_figures(const struct mcd_bench *b, uint32_t model,
                                           uint32_t backend, uint32_t job)
{
    struct mcd_bench_figures f = {
        .ratio = NAN, .low = NAN, .high = NAN, .share = NAN, .error = NAN};
    const struct mcd_bench_pair *p = mcd_bench_pair(b, model, backend);
    const struct mcd_timing *t = &p->timing[job];
    const double *seconds = p->seconds + (size_t)job * b->rounds;
    const double *first = first_seconds(b, model, job, t);
    order(seconds, b->done, &f);
    if (backend > 0 && first)
        compare(seconds, first, b->done, &f);
    f.rate = t->flop / f.median;
    if (t->flop > 0)
        f.share = f.rate / best_rate(b, p->trial.precision);
    if (strcmp(t->job, "pass") == 0 && !*t->op)
        f.error = sqrt(p->trial.variance * f.median);
    return f;
}
