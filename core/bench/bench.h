/*
 * A benchmark: models on backends side by side.
 *
 * First every backend is tried, and its results are held against the first one's. Then come rounds.
 * In each round every backend measures every model once, in a process of its own, the backends in
 * an order that is drawn anew: what the machine does in the meantime meets all of them alike, and a
 * round is a pair of neighbours that can be compared.
 *
 * This process must have no threads: it forks, and opens no backend itself.
 */
#ifndef CORE_BENCH_H
#define CORE_BENCH_H

#include "core/bench/measure.h"

#include <jansson.h>

/* One model on one backend. */
struct mcd_bench_pair {
    uint32_t batch; /* of the case; of the product as many rows as the backend does in time */
    struct mcd_bench_trial trial;
    size_t peak; /* bytes: the most memory of a process that measured it */
    uint32_t jobs;
    struct mcd_timing *timing;   /* [jobs]: names, sizes and work */
    double *seconds, *yardstick; /* [jobs][rounds] */
};

struct mcd_bench {
    const struct mcd_host *host;
    uint32_t backends, models, rounds;
    const char **backend;        /* [backends]: specifications as given; owned, the texts are not */
    int may_drop;                /* backends that are missing, or far slower, may be left out */
    struct mcd_bench_case *of;   /* [models]; the first is the product */
    struct mcd_bench_pair *pair; /* [models][backends] */
    uint32_t done;               /* rounds */
    void (*progress)(void *arg, uint64_t done, uint64_t of);
    void *arg;
};

/* Tries all backends with all models. Logs who is left out and why. */
int mcd_bench_prepare(struct mcd_bench *, struct mcd_error *e);

/* Runs the rounds; mcd_bench_prepare has been called. */
int mcd_bench_run(struct mcd_bench *, struct mcd_error *e);

/* What the two have allocated, and the lists. */
void mcd_bench_clear(struct mcd_bench *);

/* Of a pair: its place, whether its results may differ so far, what its largest difference is. */
struct mcd_bench_pair *mcd_bench_pair(const struct mcd_bench *, uint32_t model, uint32_t backend);
int mcd_bench_agrees(const struct mcd_bench *, uint32_t model, uint32_t backend);

/* "wall" or "cpu" */
const char *mcd_bench_clock(const struct mcd_bench_case *);

/* What is made of the samples of a job. */
struct mcd_bench_figures {
    double median, low_quartile, high_quartile; /* seconds */
    double ratio, low, high; /* time beside the first backend's in the same round, with an interval
                                that holds it 95 times in 100; NaN for the first one itself */
    double rate;             /* multiplications and additions a second, or 0 */
    double share; /* of the best product's rate among backends of that precision; NaN: no rate */
    double
        error; /* of passes: standard error of a mean of one second's passes, in units of one pass's
                     standard deviation; NaN: no passes */
};

struct mcd_bench_figures mcd_bench_figures(const struct mcd_bench *, uint32_t model,
                                           uint32_t backend, uint32_t job);

/* Everything, all samples included; NULL for lack of memory. The format: bench_file.h reads it. */
json_t *mcd_bench_json(const struct mcd_bench *);

#endif
