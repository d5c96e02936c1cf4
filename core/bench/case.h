/*
 * A case: a model at the sizes and with the settings that every backend is measured with.
 *
 * Data are made up, because speed does not depend on what is in them, but shaped as the model's own
 * data set is.
 */
#ifndef CORE_BENCH_CASE_H
#define CORE_BENCH_CASE_H

#include <mcdrop/plugin.h>
#include <mcdrop/tensor.h>

#include <time.h>

/* The "model" that is one large product: the rate that the machine can reach. */
#define MCD_BENCH_PRODUCT "product"

struct mcd_bench_case {
    const char *model, *sampler; /* specifications */
    struct mcd_shape input;      /* of one row */
    uint32_t batch;              /* rows of a training step; of the product */
    int64_t rows;                /* of a pass */
    uint64_t seed;
    uint32_t threads;
    clockid_t clock;
    double seconds; /* of one measurement, about */
    uint32_t ops;   /* 1: step by step */
};

/*
 * Fills in input, batch and rows where they are 0 (rank 0) from what the model's recipe and its
 * data set are. MCD_INVALID where nobody knows: of data sets that mcdrop does not come with.
 */
int mcd_bench_case_settle(const struct mcd_host *, struct mcd_bench_case *, struct mcd_error *e);

#endif
