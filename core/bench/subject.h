/*
 * A subject: the model of a case on one backend, ready to train and to predict. Lives in the
 * process that measures.
 */
#ifndef CORE_BENCH_SUBJECT_H
#define CORE_BENCH_SUBJECT_H

#include "core/bench/case.h"
#include "core/predict/forward.h"
#include "core/train/trainer.h"

struct mcd_bench_subject {
    const struct mcd_bench_case *of;
    struct mcd_network *network;
    struct mcd_item *sampler;
    int64_t rows; /* of data: x, and labels or targets */
    float *x, *target;
    int32_t *label;
};

/* On failure everything is closed. */
int mcd_bench_subject_open(const struct mcd_host *, const struct mcd_bench_case *,
                           const char *backend, struct mcd_bench_subject *, struct mcd_error *e);
void mcd_bench_subject_close(struct mcd_bench_subject *); /* harmless on zeros */

/* A trainer, with the recipe's update where `update` is NULL. */
int mcd_bench_subject_trainer(const struct mcd_bench_subject *, const struct mcd_update *update,
                              struct mcd_trainer **trainer, struct mcd_error *e);

/*
 * Records the model; with `training` its loss, gradient and the recipe's update, too. *result is
 * the loss, or else the output, *target what is given beside the input, or 0. The caller destroys
 * the graph; on failure there is none.
 */
int mcd_bench_subject_record(const struct mcd_bench_subject *, int training,
                             struct mcd_recording *recording, mcd_val *target, mcd_val *result,
                             struct mcd_error *e);

/* Passes over the first rows of the case: everything but blocks and sink. */
struct mcd_forward mcd_bench_subject_forward(const struct mcd_bench_subject *);

#endif
