/*
 * What a layer or model computes on made-up inputs: its output in a prediction, and in training
 * also its penalty and every gradient. Outcomes are compared with each other.
 */
#ifndef CORE_CHECK_OUTCOME_H
#define CORE_CHECK_OUTCOME_H

#include "core/check/input.h"

struct mcd_outcome_order {
    const struct mcd_checking *c;
    const struct mcd_input *input;
    const char *backend;
    uint32_t threads, stochastic, training;
    uint32_t rows, passes;
    uint64_t first_row; /* number of row 0: row numbers decide values and noise */
    uint64_t first_pass;
};

struct mcd_outcome_value {
    char name[MCD_MAX_SCOPE + 16]; /* "output", "penalty", "gradient of layer.weight" */
    uint32_t is_gradient;
    size_t count;
    double *at;
};

/* From malloc. */
struct mcd_outcome {
    uint32_t count;
    struct mcd_outcome_value *value;
};

/*
 * Training: the loss is the sum of the output times weights that are different everywhere, plus the
 * penalty. The caller clears the outcome in any case.
 */
int mcd_outcome_find(const struct mcd_outcome_order *, struct mcd_outcome *, struct mcd_error *e);

/* Harmless on zeros. */
void mcd_outcome_clear(struct mcd_outcome *);

/* Whether there is an element that is not finite: *element is the first. */
int mcd_outcome_is_odd(const struct mcd_outcome_value *, size_t *element);

/*
 * The largest difference between two values of one shape, over the first one's largest magnitude;
 * infinite where one is finite and the other is not. *element says where; it is 0 where all are
 * the same bits.
 */
double mcd_outcome_distance(const struct mcd_outcome_value *a, const struct mcd_outcome_value *b,
                            size_t *element);

#endif
