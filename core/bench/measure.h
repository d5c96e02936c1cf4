/*
 * Measuring one case on one backend: what a process of one round does, and the trial before.
 */
#ifndef CORE_BENCH_MEASURE_H
#define CORE_BENCH_MEASURE_H

#include "core/bench/agree.h"

/* One step, one pass, one product, or one op of a plan. */
struct mcd_timing {
    char job[16];    /* "step", "pass", "product" */
    char op[64];     /* "07 linear_dw" where the job is looked at op by op, else "" */
    char shape[128]; /* of an op: "[784] [800, 784] -> [800]" */
    uint32_t rows;   /* that the job is about; of an op, those that it computes */
    double flop;     /* additions and multiplications of products; 0: it is none */
    double bytes;    /* read and written, of an op alone */
    double seconds;
    double yardstick; /* seconds of the yardstick around it */
};

enum { MCD_BENCH_TIMINGS = 512 };

/* Fixed in size, because it comes from another process. */
struct mcd_measured {
    uint32_t count;
    struct mcd_timing timing[MCD_BENCH_TIMINGS];
};

/* What a backend is, and whether it computes what the first one does. */
struct mcd_bench_trial {
    char spec[1024], precision[16], device[64], library[64];
    struct mcd_agreement agreement;
    double seconds;  /* of one step and one block of passes, or of a small product */
    double variance; /* of a mean of passes, beside independent ones; NaN for the product */
};

/* Either opens host and plugins of its own. `first` is what the backend is held against. */
int mcd_bench_try(const struct mcd_bench_case *, const char *first, const char *backend,
                  struct mcd_bench_trial *, struct mcd_error *e);
int mcd_bench_measure(const struct mcd_bench_case *, const char *backend, struct mcd_measured *,
                      struct mcd_error *e);

/* ---- parts: each adds its timings -------------------------------------------------------- */

struct mcd_yardstick;

/* The next timing of a list; the caller knows that there is room. */
struct mcd_timing *mcd_measured_next(struct mcd_measured *, const char *job, uint32_t rows);

/* A packed product of 2048 x 2048 parameters with c->batch rows. */
int mcd_measure_product(const struct mcd_host *, const struct mcd_bench_case *, const char *backend,
                        const struct mcd_yardstick *, struct mcd_measured *, struct mcd_error *e);

/* Training and passes, op by op: the plans' own steps in their own order. */
int mcd_measure_ops(const struct mcd_bench_subject *, const struct mcd_yardstick *,
                    struct mcd_measured *, struct mcd_error *e);

#endif
