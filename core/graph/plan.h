/*
 * Plans: a graph turned into steps over tensors in one arena, for a number of rows and passes.
 *
 * A training plan is a body alone: everything from the input to the update. A prediction plan has
 * a prefix, too: all that depends on no pass, computed once for a block of rows, where the body is
 * computed for all passes of a block at once. Several plans may share a store; each belongs to one
 * thread at a time.
 */
#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include "core/graph/graph.h"
#include "core/graph/sections.h"
#include "core/graph/store.h"

#include <mcdrop/backend.h>

struct mcd_plan_spec {
    const struct mcd_graph_core *graph;
    struct mcd_store *store;
    uint32_t rows;     /* input rows of one run, at least 1 */
    uint32_t passes;   /* at least 1; 1 for training */
    uint32_t training; /* 1: a body alone, rows may be mixed; 0: prefix and body, rows stay apart */
    uint32_t noutputs;
    const mcd_val *output;          /* values that can be read after a run */
    const struct mcd_tensor *table; /* by index: what the graph's tables are, kept by the caller */
    uint32_t no_sharing;  /* for tests: no two values share memory, nothing works in place */
    uint32_t no_fusing;   /* for tests, checks and lists of ops: every step computes one op */
    uint32_t no_sections; /* for tests and checks: steps run one by one */
};

struct mcd_plan {
    const struct mcd_host *host;
    const struct mcd_item *backend;
    uint32_t nsteps, nprefix; /* steps [0, nprefix) are the prefix */
    uint32_t nsections;
    struct mcd_section *section; /* of all steps, in order: sections.h */
    struct mcd_step *step;
    struct mcd_kernel *kernel;
    struct mcd_tensor *input; /* inputs of the steps, MCD_MAX_INPUTS each */
    struct mcd_part *part;    /* of fused steps, by step */
    struct mcd_tensor *value; /* by graph value; buffer NULL if the plan has no use for it */
    struct mcd_buffer *arena, *constants;
    size_t arena_bytes;
    uint32_t passes; /* of one run of the body */
};

/*
 * Asks the backend for every kernel but those of a layer's own functions, which live as long as the
 * graph: it must outlive the plan. Adds the optimiser's state to the store if there is any.
 */
int mcd_plan_create(const struct mcd_plan_spec *spec, struct mcd_plan **plan,
                    struct mcd_error *error);
void mcd_plan_destroy(struct mcd_plan *plan);

/*
 * Where a value given (input, target) or asked for (output) lives; an input that nothing depends on
 * has no buffer.
 */
const struct mcd_tensor *mcd_plan_tensor(const struct mcd_plan *plan, mcd_val value);

/* Writing what nothing depends on does nothing. */
int mcd_plan_write(struct mcd_plan *plan, mcd_val value, const void *from, struct mcd_error *error);
int mcd_plan_read(struct mcd_plan *plan, mcd_val value, void *to, struct mcd_error *error);

/*
 * As mcd_plan_read, but *to need not be complete, and must be there, before the next sync or read:
 * see fetch in mcdrop/backend.h.
 */
int mcd_plan_fetch(struct mcd_plan *plan, mcd_val value, void *to, struct mcd_error *error);
int mcd_plan_sync(const struct mcd_plan *plan, struct mcd_error *error);

/*
 * Prediction: write the input, run the prefix, then the body as often as there are passes.
 * Training: write input and target, run the body. Memory of the input is used again within the run,
 * so it is written anew before the next one.
 */
int mcd_plan_run_prefix(struct mcd_plan *plan, const struct mcd_run *run, struct mcd_error *error);
int mcd_plan_run_body(struct mcd_plan *plan, const struct mcd_run *run, struct mcd_error *error);

#endif
