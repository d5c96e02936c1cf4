/* One worker of a prediction: a plan, and what it takes to run blocks of passes on it. */
#ifndef CORE_WORKER_H
#define CORE_WORKER_H

#include "core/graph/plan.h"
#include "core/predict/block.h"
#include "core/predict/condense.h"
#include "core/predict/devices.h"
#include "core/predict/forward.h"

/* What all workers of a run have in common. */
struct mcd_work {
    const struct mcd_forward *f;
    const struct mcd_host *host;
    struct mcd_recording recording;
    struct mcd_condensed condensed;
    struct mcd_devices devices;
};

/* Zeros before it is created; used by one thread at a time. */
struct mcd_worker {
    struct mcd_plan *plan;
    uint32_t row_block; /* whose prefix is in the plan; UINT32_MAX for none */
    void *x;            /* one block of input in the backend's type */
    struct mcd_draw *draws;
    uint32_t **bits; /* by site, or NULL */
};

/* Worker `number`, whose device follows from that. On failure destroy it all the same. */
int mcd_worker_create(const struct mcd_work *work, uint32_t number, struct mcd_worker *w,
                      struct mcd_error *error);
void mcd_worker_destroy(const struct mcd_work *work, struct mcd_worker *w);

/* How many runs before the next one are in its moments and sums: see struct mcd_run. */
struct mcd_joining {
    uint32_t joined, summed;
};

/* Computes the passes of one block. What comes of them is in the plan. */
int mcd_worker_run(const struct mcd_work *work, struct mcd_worker *w, const struct mcd_block *b,
                   struct mcd_joining joining, struct mcd_error *error);

/* Reads the samples of the last run, [passes][block_rows][outputs]. */
int mcd_worker_read(const struct mcd_work *work, struct mcd_worker *w, void *samples,
                    struct mcd_error *error);

static inline size_t mcd_work_element(const struct mcd_work *work)
{
    return mcd_type_size(work->f->network->store->type);
}

#endif
