/*
 * Schedules: which nodes of a graph are needed, in which order they run, in prefix or body, and how
 * long each value lives. Knows shapes and lifetimes, but no backend and no memory.
 */
#ifndef CORE_SCHEDULE_H
#define CORE_SCHEDULE_H

#include "core/graph/arena.h"
#include "core/graph/graph.h"

struct mcd_schedule_spec {
    const struct mcd_graph_core *graph;
    uint32_t rows;     /* input rows of one run, at least 1 */
    uint32_t passes;   /* at least 1; 1 for training */
    uint32_t training; /* 1: a body alone, rows may be mixed; 0: prefix and body, rows stay apart */
    uint32_t noutputs;
    const mcd_val *output; /* values that can be read after a run */
    size_t element;        /* bytes of the backend's real type */
    uint32_t no_sharing;   /* for tests: nothing works in place */
    uint32_t no_fusing;    /* for tests, checks and lists of ops: every step computes one node */
};

/* Marks the copy of a node's value for every pass in `order`. */
#define MCD_TILE ((mcd_val)0x80000000u)

struct mcd_schedule {
    struct mcd_schedule_spec spec;
    const struct mcd_host *host;
    const struct mcd_node *node; /* the graph's */
    uint32_t nodes;
    char *needed;   /* by node */
    char *on_pass;  /* by node: differs from pass to pass */
    char *joined;   /* by node: computed after another one in the same step */
    mcd_val *order; /* by step: its first node, or node | MCD_TILE */
    mcd_val *then;  /* by node: the next one that the same step computes, 0 if there is none */
    uint32_t nsteps, nprefix;
    uint32_t most_steps; /* if all are cut into single nodes */
    uint32_t *home;      /* by node: its storage; of a RESHAPE, see mcd_schedule_root */
    uint32_t *tile;      /* by node: storage of its copy for every pass, 0 if there is none */
    struct mcd_storage *storage; /* [1 .. nstorage - 1], with room for one more per step */
    uint32_t nstorage;
    uint32_t *scratch; /* for mcd_arena_place */
};

/* What is needed, and in which order. The longest chains that may be one step are one. */
int mcd_schedule_create(const struct mcd_host *host, const struct mcd_schedule_spec *spec,
                        struct mcd_schedule *schedule, struct mcd_error *error);
void mcd_schedule_clear(struct mcd_schedule *schedule);

/* Leaves a step its first `nodes` nodes; the rest of its chain, if any, becomes the next step. */
void mcd_schedule_cut(struct mcd_schedule *s, uint32_t step, uint32_t nodes);

/* How long each value lives, once all is cut that had to be: homes and storages. */
void mcd_schedule_settle(struct mcd_schedule *s);

/* The last node that is computed together with v, which is in a step. */
mcd_val mcd_schedule_last(const struct mcd_schedule *s, mcd_val v);

/* The node whose memory v uses: reshaping moves nothing. */
mcd_val mcd_schedule_root(const struct mcd_schedule *s, mcd_val v);

/* Whether step v reads input x of every pass although x is computed once for all of them. */
int mcd_schedule_tiled(const struct mcd_schedule *s, mcd_val v, mcd_val x);

/* Rows of a node's value, 0 if it has none. */
uint32_t mcd_schedule_rows(const struct mcd_schedule *s, mcd_val v);

/* One more storage, for a workspace of the step. */
uint32_t mcd_schedule_workspace(struct mcd_schedule *s, size_t bytes, uint32_t step);

#endif
