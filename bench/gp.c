/*
 * How long the Gaussian process of the tutorial takes, part by part: the CO2 series, two chains of
 * 2000 + 5000 iterations, 10000 predictive draws at 523 points, and the checks beside them.
 */
#include "../backends/reference/linalg.h"
#include "../models/gp/chains.h"
#include "../models/gp/conditional.h"
#include "../models/gp/exact.h"
#include "../models/gp/modes.h"
#include "core/base/host.h"
#include "core/io/csv.h"
#include "core/stats/diagnostics.h"
#include "core/stats/mixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROWS = 272, POINTS = 523, CHAINS = 2, DRAWS = 5000 };

static const char *const names[] = {"l", "eta", "sigma"};

static double x[ROWS], y[ROWS], at[POINTS], total_wall;

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Prints what has passed since the last call; counts it unless it is only a check. */
static void lap(const char *what, int counts)
{
    static double wall, cpu;
    if (what) {
        double now = seconds(CLOCK_MONOTONIC) - wall;
        printf("%-34s %7.2f s wall %7.2f s CPU\n", what, now,
               seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu);
        total_wall += counts ? now : 0;
    }
    wall = seconds(CLOCK_MONOTONIC);
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static void stop_on(int failed, const struct mcd_error *e)
{
    if (!failed)
        return;
    fprintf(stderr, "bench/gp: %s %s\n", e->where, e->text);
    exit(1);
}

/* As data/README.md has it. */
static void load(const char *path)
{
    static const char *const column[] = {"ppm", NULL};
    struct mcd_csv csv;
    struct mcd_error e = {0};
    stop_on(mcd_csv_read(path, column, &csv, &e) || csv.values.dim[0] != ROWS, &e);
    const double *ppm = csv.values.data;
    double mean = 0, tt = 0, tp = 0, rr = 0, half = 0.5 * (ROWS - 1);
    for (int i = 0; i < ROWS; i++) {
        mean += ppm[i] / ROWS;
        tt += (i - half) * (i - half);
        tp += (i - half) * ppm[i];
    }
    for (int i = 0; i < ROWS; i++) {
        x[i] = (i - half) / sqrt(tt / ROWS);
        y[i] = ppm[i] - mean - tp / tt * (i - half);
        rr += y[i] * y[i];
    }
    for (int i = 0; i < ROWS; i++)
        y[i] /= sqrt(rr / ROWS);
    for (int i = 0; i < POINTS; i++)
        at[i] = -1.72 + 0.01 * i;
    mcd_csv_clear(&csv);
}

static void time_likelihood(const struct mcd_target *t, const double *q)
{
    enum { REPEATS = 2000 };
    double grad[MCD_GP_PARAMS], start = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < REPEATS; i++)
        t->density(t->arg, q, grad);
    printf("one log density with gradient      %7.1f us CPU\n",
           (seconds(CLOCK_PROCESS_CPUTIME_ID) - start) * 1e6 / REPEATS);
}

static void report(const struct mcd_host *host, const struct mcd_chain *chain)
{
    static double values[CHAINS * DRAWS];
    struct mcd_chain_health health[CHAINS];
    struct mcd_diagnosis d[MCD_GP_PARAMS];
    const struct mcd_transition *each[CHAINS] = {chain[0].each, chain[1].each};
    struct mcd_error e = {0};
    char text[300];
    mcd_chains_examine(CHAINS, DRAWS, each, 10, health);
    for (int i = 0; i < MCD_GP_PARAMS; i++) {
        for (int k = 0; k < CHAINS * DRAWS; k++)
            values[k] = exp(chain[k / DRAWS].q[k % DRAWS * MCD_GP_PARAMS + i]);
        stop_on(mcd_diagnose(host, CHAINS, DRAWS, values, &d[i], &e), &e);
        printf("  %-6s %.6f +- %.1e, sd %.6f, R-hat %.4f, ESS bulk %.0f tail %.0f\n", names[i],
               d[i].mean, d[i].mcse_mean, d[i].sd, d[i].rhat, d[i].ess_bulk, d[i].ess_tail);
    }
    for (int c = 0; c < CHAINS; c++)
        printf("  chain %d: accepted %.3f, step %.3f, %llu steps in warm-up, %llu after, E-BFMI "
               "%.2f\n",
               c + 1, health[c].accept, chain[c].step_size, (unsigned long long)chain[c].tune_steps,
               (unsigned long long)health[c].steps, health[c].bfmi);
    mcd_chains_verdict(CHAINS, health, MCD_GP_PARAMS, d, names, text, sizeof text);
    printf("  %s\n", text);
}

static void predict(const struct mcd_gp_problem *p, const struct mcd_chain *chain)
{
    enum { ALL = CHAINS * DRAWS };
    static double q[ALL * MCD_GP_PARAMS], mean[ALL * POINTS], variance[ALL * POINTS], noise[ALL];
    static struct mcd_mixture_point out[POINTS];
    uint32_t end[CHAINS * MCD_CHAIN_BATCHES];
    uint32_t batches = mcd_mixture_batches(ALL, CHAINS, MCD_CHAIN_BATCHES, end);
    const struct mcd_gp_points points = {POINTS, at};
    const struct mcd_mixture m = {POINTS, ALL, mean, variance, noise, NULL, batches, end};
    struct mcd_error e = {0};
    for (int c = 0; c < CHAINS; c++)
        memcpy(q + c * DRAWS * MCD_GP_PARAMS, chain[c].q, sizeof q / CHAINS);
    for (int i = 0; i < ALL; i++)
        noise[i] = exp(2 * q[i * MCD_GP_PARAMS + MCD_GP_SIGMA]);
    stop_on(mcd_gp_predict_draws(p, &points, ALL, q, mean, variance, &e), &e);
    stop_on(mcd_mixture_points(p->host, &m, out, &e), &e);
    lap("10000 draws at 523 points", 1);
}

static void integrate(const struct mcd_gp_problem *p, const struct mcd_gp_targets *t,
                      const double *mode)
{
    struct mcd_laplace normal;
    struct mcd_quadrature quadrature;
    struct mcd_error e = {0};
    stop_on(mcd_laplace(&t->target[0], mode, &normal), &e);
    stop_on(mcd_quadrature(p->host, t->target, &normal, &quadrature, &e), &e);
    lap("check: quadrature", 0);
    mcd_quadrature_release(p->host, &quadrature);
}

int main(int argc, char **argv)
{
    struct mcd_host *host = mcd_host_create(2, NULL, NULL, NULL);
    struct mcd_gp_mode mode[MCD_GP_STARTS];
    struct mcd_gp_targets targets;
    struct mcd_chain chain[CHAINS];
    struct mcd_chain_options o = MCD_CHAIN_DEFAULTS;
    struct mcd_error e = {0};
    double start[CHAINS * MCD_GP_PARAMS];
    uint32_t count;
    load(argc > 1 ? argv[1] : "data/co2.csv");
    struct mcd_gp_problem p = {host,
                               mcd_gp_data(ROWS, 1, x, y, 1e-6),
                               {&mcd_reference_linalg, NULL},
                               MCD_GP_SE,
                               MCD_GP_PRIOR_DEFAULT,
                               NULL,
                               NULL};
    lap(NULL, 0);
    stop_on(mcd_gp_modes(&p, 0, &count, mode, &e), &e);
    lap("search for modes", 1);
    stop_on(mcd_gp_starts(&p, mode, o.seed, CHAINS, start, &e), &e);
    stop_on(mcd_gp_targets_create(&p, CHAINS, 0, &targets, &e), &e);
    time_likelihood(&targets.target[0], mode[0].q);
    lap(NULL, 0);
    stop_on(mcd_chains_run(host, targets.target, start, &o, chain, &e), &e);
    lap("2 chains of 2000 + 5000", 1);
    predict(&p, chain);
    printf("%-34s %7.2f s wall, 10 wanted on two idle cores\n", "together", total_wall);
    report(host, chain);
    lap("check: diagnostics", 0);
    integrate(&p, &targets, mode[0].q);
    mcd_chains_release(host, CHAINS, chain);
    mcd_gp_targets_release(&targets);
    mcd_host_destroy(host);
    return 0;
}
