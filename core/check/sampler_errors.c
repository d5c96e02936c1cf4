/*
 * errors: predictions of a linear network, whose mean is known, and how often it lies within the
 * printed standard error. Rows count one by one unless they share their masks.
 */
#include "core/check/sampler_checks.h"

#include "core/check/asking.h"
#include "core/check/binomial.h"
#include "core/check/noisy_net.h"
#include "core/predict/evaluate.h"
#include "core/predict/predict.h"
#include "core/stats/special.h"
#include "core/stats/summary.h"

#include <math.h>
#include <stdio.h>

enum { ROWS = 16, LEAST_LOOKS = 48 };

/* Coverage that is looked at, and how far it may be from that of Student's distribution. */
struct level {
    double errors, slack;
    uint64_t inside;
};

/* How much is predicted: whole groups, as what is told of a cut one is the core's affair. */
struct extent {
    uint64_t groups; /* of each prediction */
    uint64_t looks;  /* rows of all predictions together */
};

/* Few groups and few looks where groups are so large that more would take minutes. */
static struct extent extent_of(const struct mcd_asking *a)
{
    uint64_t quick = a->check->quick, group = a->group;
    uint64_t least = group > 4096 ? 4 : 16, groups = 4096 / group;
    groups = groups < least ? least : groups > 64 ? 64 : groups;
    uint64_t most = quick ? 160 : 480, looks = (quick ? 4000000 : 32000000) / (groups * group);
    looks = looks < LEAST_LOOKS ? LEAST_LOOKS : looks > most ? most : looks;
    return (struct extent){groups, looks / ROWS * ROWS};
}

static int predict(const struct mcd_asking *a, const struct mcd_noisy_net *n, const float *x,
                   int64_t rows, uint64_t seed, uint64_t groups, struct mcd_summary *s)
{
    struct mcd_predict job = {.network = &n->network,
                              .sampler = a->item,
                              .x = x,
                              .rows = rows,
                              .seed = seed,
                              .passes = groups * a->group};
    struct mcd_moments *m = NULL;
    struct mcd_error e = {0};
    int status = mcd_predict_run(&job, &m, &e);
    if (!status)
        status = mcd_summary_create(s, m, &e);
    mcd_moments_destroy(m);
    return mcd_check_status(a->check, "a prediction", status, &e);
}

/* Of each row the first output: the others go through the same masks. */
static int look(const struct mcd_asking *a, const struct mcd_noisy_net *n, int64_t rows,
                const struct extent *extent, struct level level[2])
{
    float x[ROWS * MCD_NOISY_INPUTS];
    double exact[ROWS * MCD_NOISY_OUTPUTS];
    struct mcd_error e = {0};
    mcd_noisy_net_input(x, rows);
    int status = mcd_average(&n->network, x, rows, exact, NULL, &e);
    if (mcd_check_status(a->check, "weight averaging", status, &e))
        return -1;
    for (uint64_t run = 0; run < extent->looks / (uint64_t)rows; run++) {
        struct mcd_summary s;
        if (predict(a, n, x, rows, a->check->seed + run, extent->groups, &s))
            return -1;
        for (int64_t i = 0; i < rows * MCD_NOISY_OUTPUTS; i += MCD_NOISY_OUTPUTS)
            for (int k = 0; k < 2; k++)
                level[k].inside +=
                    fabs(s.output_mean[i] - exact[i]) <= level[k].errors * s.output_mcse[i];
        mcd_summary_clear(&s);
    }
    return 0;
}

/* Too few inside the interval, or too many: against what is nearest of the tolerated coverage. */
static int judge(struct mcd_checking *c, const struct level *l, const struct extent *extent)
{
    char where[80], expected[80];
    double share = (double)l->inside / (double)extent->looks;
    double right = 1 - mcd_student_two_sided(l->errors, (double)extent->groups - 1);
    double nearest = fmin(fmax(share, right - l->slack), right + l->slack);
    mcd_check_looked(c, extent->looks);
    if (mcd_binomial_tail(l->inside, extent->looks, nearest) >= MCD_FALSE_ALARM)
        return 0;
    snprintf(where, sizeof where, "within %g standard errors of a linear network's mean",
             l->errors);
    snprintf(expected, sizeof expected, "a share of %.3f +- %g", right, l->slack);
    return mcd_check_fail(c, where, expected, "%.3f of %llu: errors are told too %s", share,
                          (unsigned long long)extent->looks, share < right ? "small" : "large");
}

void mcd_sampler_check_errors(struct mcd_checking *c)
{
    struct level level[2] = {{0.674, 0.05, 0}, {1.96, 0.03, 0}};
    struct mcd_error e = {0};
    struct mcd_asking a;
    struct mcd_noisy_net net;
    if (mcd_asking_open(c, 2, &a))
        return;
    struct extent extent = extent_of(&a);
    int64_t rows = a.shares_rows ? 1 : ROWS;
    if (!mcd_check_status(c, "a network",
                          mcd_noisy_net_open(&net, a.host, mcd_asking_uneven(&a), 0, &e), &e)) {
        if (!look(&a, &net, rows, &extent, level) && !judge(c, &level[0], &extent))
            judge(c, &level[1], &extent);
        mcd_noisy_net_close(&net);
    }
    mcd_asking_close(&a);
}
