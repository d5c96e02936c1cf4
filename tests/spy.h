/*
 * A backend between the core and another backend: counts what is run, and breaks it on demand.
 *
 * For tests of the core, and of tests: what a check should notice is made wrong here.
 */
#ifndef TESTS_SPY_H
#define TESTS_SPY_H

#include "core/plugin/loader.h"

#include <mcdrop/backend.h>

enum spy_spoil {
    SPY_SOUND = 0,
    SPY_NEGATE, /* the output has the wrong sign */
    SPY_SCALE,  /* every element is 1 + 1e-3 times what it should be */
    SPY_ONE     /* one element in the middle is wrong */
};

/* What becomes of an offer to run a section as one. */
enum spy_sections {
    SPY_REFUSES = 0,
    SPY_ACCEPTS, /* and runs its steps in turn */
    SPY_BREAKS,  /* MCD_DEVICE "by request" */
    SPY_BREAKS_SILENTLY
};

enum { SPY_OPS = 96, SPY_LOG = 4096, SPY_SECTIONS = 32 };

struct spy_section {
    const struct mcd_step *first; /* of the plan's steps */
    uint32_t nsteps, runs;
    uint32_t unplaced; /* steps one of whose tensors had no place when it was offered */
};

struct spy {
    struct mcd_item item; /* the backend to hand on */
    struct mcd_plugin plugin;
    const struct mcd_item *inner;
    uint32_t runs[SPY_OPS]; /* kernels run, by op */
    uint32_t kernels, released;
    uint32_t unclean;                         /* kernels to fill in that were not zeroed */
    uint32_t logged, log[SPY_LOG];            /* ops in the order in which they ran */
    uint64_t bytes;                           /* of the largest buffer asked for */
    struct spy_section section[SPY_SECTIONS]; /* offered, in order */
    uint32_t nsections, sections_made, sections_released;
    uint32_t orphaned; /* sections that were released after kernels of theirs */

    /* What is wrong; set as needed. */
    uint32_t spoil_op, spoil; /* an op whose output is spoilt (CPU memory only) */
    uint32_t refuse_op;       /* an op that is refused: MCD_UNSUPPORTED "by request" */
    uint32_t most_parts;      /* fused steps of more parts are refused; 0: none is for that */
    uint32_t fail_run;        /* this kernel run from now on fails (1: the next): MCD_DEVICE */
    uint32_t sections;        /* enum spy_sections */
    uint32_t
        break_section; /* SPY_BREAKS and the like: those before it (1: the first) are accepted */
};

/* The inner item must outlive the spy, the spy everything that computes with spy->item. */
void spy_create(struct spy *spy, const struct mcd_item *inner);

#endif
