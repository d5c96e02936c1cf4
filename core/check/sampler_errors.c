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
#include "core/stats/summary.h"

#include <math.h>
#include <stdio.h>

enum { ROWS = 16, LOOKS = 480, QUICK_LOOKS = 160 };
enum { AT_ONCE = 4096, LEAST_GROUPS = 16, MOST_GROUPS = 64 };

/*
 * Coverage that is looked at, in standard errors, and between what it is nominal: for a normal
 * distribution it would be 0.5 and 0.95, for few groups t's is a little less.
 */
struct level {
    double errors, least, most;
    uint64_t inside;
};

/* Passes of one prediction, whole groups: what is told of a cut one is the core's affair. */
static uint64_t passes_of(const struct mcd_asking *a)
{
    uint64_t groups = AT_ONCE / a->group;
    groups = groups < LEAST_GROUPS ? LEAST_GROUPS : groups > MOST_GROUPS ? MOST_GROUPS : groups;
    return groups * a->group;
}

static int predict(const struct mcd_asking *a, const struct mcd_noisy_net *n, const float *x,
                   int64_t rows, uint64_t seed, struct mcd_summary *s)
{
    struct mcd_predict job = {.network = &n->network,
                              .sampler = a->item,
                              .x = x,
                              .rows = rows,
                              .seed = seed,
                              .passes = passes_of(a)};
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
                uint64_t looks, struct level level[2])
{
    float x[ROWS * MCD_NOISY_INPUTS];
    double exact[ROWS * MCD_NOISY_OUTPUTS];
    struct mcd_error e = {0};
    mcd_noisy_net_input(x, rows);
    int status = mcd_average(&n->network, x, rows, exact, NULL, &e);
    if (mcd_check_status(a->check, "weight averaging", status, &e))
        return -1;
    for (uint64_t run = 0; run < looks / (uint64_t)rows; run++) {
        struct mcd_summary s;
        if (predict(a, n, x, rows, a->check->seed + run, &s))
            return -1;
        for (int64_t i = 0; i < rows * MCD_NOISY_OUTPUTS; i += MCD_NOISY_OUTPUTS)
            for (int k = 0; k < 2; k++)
                level[k].inside +=
                    fabs(s.output_mean[i] - exact[i]) <= level[k].errors * s.output_mcse[i];
        mcd_summary_clear(&s);
    }
    return 0;
}

/* Too few inside the interval, or too many: against what is nearest of the nominal coverage. */
static int judge(struct mcd_checking *c, const struct level *l, uint64_t n)
{
    char where[80], expected[80];
    double share = (double)l->inside / (double)n;
    double nominal = share < l->least ? l->least : share > l->most ? l->most : share;
    mcd_check_looked(c, n);
    if (mcd_binomial_tail(l->inside, n, nominal) >= MCD_FALSE_ALARM)
        return 0;
    snprintf(where, sizeof where, "within %g standard errors of a linear network's mean",
             l->errors);
    snprintf(expected, sizeof expected, "a share between %g and %g", l->least, l->most);
    return mcd_check_fail(c, where, expected, "%.3f: errors are told too %s", share,
                          share < l->least ? "small" : "large");
}

void mcd_sampler_check_errors(struct mcd_checking *c)
{
    struct level level[2] = {{0.674, 0.45, 0.55, 0}, {1.96, 0.91, 0.97, 0}};
    uint64_t looks = c->quick ? QUICK_LOOKS : LOOKS;
    struct mcd_error e = {0};
    struct mcd_asking a;
    struct mcd_noisy_net net;
    if (mcd_asking_open(c, 2, &a))
        return;
    int64_t rows = a.shares_rows ? 1 : ROWS;
    if (!mcd_check_status(c, "a network", mcd_noisy_net_open(&net, a.host, 0.4, 0, &e), &e)) {
        if (!look(&a, &net, rows, looks, level) && !judge(c, &level[0], looks))
            judge(c, &level[1], looks);
        mcd_noisy_net_close(&net);
    }
    mcd_asking_close(&a);
}
