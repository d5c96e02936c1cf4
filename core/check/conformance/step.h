/*
 * One step, described apart from any backend, and what it takes to run it on one: buffers, a
 * kernel, a run. What a kernel may not read can be filled with NaN, what it may not write is
 * compared afterwards. Memory comes from malloc, so that the host counts the backend's alone.
 */
#ifndef CORE_CHECK_STEP_H
#define CORE_CHECK_STEP_H

#include "core/check/conformance/engine.h"
#include "core/graph/graph.h"

enum { MCD_NO_INPUT = -1 };

/* Values are exact in f32 whatever their type, so that every backend gets the same. */
enum mcd_fill {
    MCD_FILL_MIXED,    /* -1 .. 2: sums of products do not cancel */
    MCD_FILL_POSITIVE, /* 0.1 .. 2 */
    MCD_FILL_LARGE,    /* -100 .. 100 */
    MCD_FILL_TIES,     /* whole numbers -2 .. 2 */
    MCD_FILL_WHOLE,    /* whole numbers -127 .. 127, which bf16 holds */
    MCD_FILL_EXTREME,  /* mixed, with NaN, infinities, -0 and subnormal numbers */
    MCD_FILL_INFINITE, /* mixed, with NaN, infinities and -0 */
    MCD_FILL_ONE_NAN,  /* mixed, with one NaN */
    MCD_FILL_ONE_INF,  /* mixed, with one infinity */
    MCD_FILL_NAN,      /* nothing else: what must not matter */
    MCD_FILL_LABEL     /* 0 .. classes - 1; i32, as is a result whose operand has this */
};

struct mcd_operand {
    uint32_t rows;
    struct mcd_shape shape;
    uint32_t fill; /* enum mcd_fill */
    uint32_t classes;
    uint32_t type;      /* 0: the backend's, of labels i32 */
    const double *data; /* instead of `fill`; not owned */
};

struct mcd_step_case {
    char name[112]; /* of what is special about it */
    uint32_t op, nin;
    struct mcd_attr attr;
    struct mcd_operand in[MCD_MAX_INPUTS], out;
    uint32_t updates; /* bit i: the op changes input i */
    int in_place;     /* the input that the output replaces, or MCD_NO_INPUT */
    uint32_t passes, rows, domain;
    uint64_t seed, update, first_row, first_place, first_pass;
    uint32_t joined, summed;
    uint32_t scheduled; /* the run multiplies the rate: */
    double rate_factor;
    uint64_t stream;       /* of pass 0; the others follow, with odd steps */
    uint32_t flip;         /* bit i: pass i reads its numbers flipped */
    uint32_t shared, bits; /* bits: the dropped units are given */
};

/* How many numbers a step gives: its output, then each input that it updates. */
int64_t mcd_step_results(const struct mcd_step_case *);

/* Fills an operand; the same `key` gives the same values. */
void mcd_operand_values(const struct mcd_operand *, uint32_t key, double *values);

/* What lies around a step's operands, and how far they are apart at least. */
struct mcd_step_memory {
    unsigned char fill; /* of every byte that is no input's */
    size_t gap;
};

/* Zeros, so that reading too much does no harm; NaN in any type of real, and far apart. */
extern const struct mcd_step_memory mcd_step_clean, mcd_step_poisoned;

/* A step in the memory of a backend. */
struct mcd_placed_step {
    const struct mcd_engine *backend;
    const struct mcd_step_case *of;
    struct mcd_step_memory memory;
    struct mcd_kernel kernel;
    struct mcd_step step;
    struct mcd_tensor in[MCD_MAX_INPUTS], arena;
    struct mcd_run run;
    struct mcd_draw *draws;
    uint32_t *words;
    const uint32_t **bits;
    unsigned char *before, *after; /* the arena's contents */
};

/* Asks for a kernel and allocates. MCD_UNSUPPORTED: refused. On failure nothing is left behind. */
int mcd_step_place_in(const struct mcd_engine *, const struct mcd_step_case *, uint32_t key,
                      const struct mcd_step_memory *, struct mcd_placed_step *, struct mcd_error *);

/* In poisoned memory. */
int mcd_step_place(const struct mcd_engine *, const struct mcd_step_case *, uint32_t key,
                   struct mcd_placed_step *, struct mcd_error *);

/*
 * Runs the step on fresh inputs; `results` takes mcd_step_results() numbers. From any one thread.
 */
int mcd_step_execute(struct mcd_placed_step *, double *results, struct mcd_error *);

/*
 * What the last run wrote to and must not have: "input 0", "memory of nobody", and the byte's place
 * in the arena; NULL if nothing.
 */
const char *mcd_step_spoilt(const struct mcd_placed_step *, size_t *byte);

void mcd_step_remove(struct mcd_placed_step *);

#endif
