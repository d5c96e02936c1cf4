/*
 * The CUDA backend's kernels on the host, for tests: a small backend that offers what is in tables
 * of struct mcd_cuda_offer, lets them fill in their arguments and runs the bodies in loops, at
 * once. It knows nothing of streams and copies, which are the matter of the fake device.
 */
#ifndef TESTS_CUDA_BODIES_H
#define TESTS_CUDA_BODIES_H

#include "../../backends/cuda/cuda.h"
#include "core/check/conformance/cases.h"

struct bodies {
    const struct mcd_cuda_offer *const *families; /* the last one is NULL */
    struct mcd_cuda cuda;
    struct mcd_engine engine, oracle; /* oracle: reference in f64 */
    uint32_t launches;                /* of the last run */
};

/* `families` ends with NULL. */
void bodies_open(struct bodies *b, const struct mcd_cuda_offer *const *families);
void bodies_close(struct bodies *b);

/* The same for a group of tests, whose state they are. */
int bodies_set_up(void **state, const struct mcd_cuda_offer *const *families);
int bodies_tear_down(void **state);

/* A list of one case, to be filled in; its list is released by who asked for it. */
struct one {
    struct mcd_case_list list;
    struct mcd_step_case *of;
};
struct one bodies_one(uint32_t op, uint32_t rows, const char *note);

/*
 * Runs a case in memory full of NaN, with threads from the first to the last and the other way
 * round, which must give the same bits and write to nothing else, and compares with the oracle: to
 * `tolerance` of the largest magnitude of a result, NaN and infinities as they are.
 */
void bodies_agree(struct bodies *b, const struct mcd_step_case *c, uint32_t key, double tolerance);

/* All of `mcdrop check`'s cases of ops that the families have; returns how many. */
uint32_t bodies_agree_on_all(struct bodies *b, double tolerance);

/* What the case gives here; the caller frees it. */
double *bodies_results(struct bodies *b, const struct mcd_step_case *c, uint32_t key);

/*
 * Runs steps whose buffers are placed, in the engine's memory and without a workspace, as a plan of
 * them does: `together` as sections do, else each on its own. b->launches counts them.
 */
void bodies_run_steps(struct bodies *b, const struct mcd_step *step, uint32_t nsteps,
                      const struct mcd_run *run, int together);

/* Asserts that the step is refused, with a text that has `reason` in it. */
void bodies_refuse(struct bodies *b, const struct mcd_step_case *c, const char *reason);

#endif
