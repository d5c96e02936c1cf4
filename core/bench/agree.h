/*
 * Whether two backends compute the same: a model's loss, gradient, samples and masks, for the same
 * seed, before anything is timed. What is fast and wrong is of no use.
 */
#ifndef CORE_BENCH_AGREE_H
#define CORE_BENCH_AGREE_H

#include "core/bench/subject.h"

/* Largest differences, relative to the largest magnitude of what is compared; 0: the same bits. */
struct mcd_agreement {
    double loss; /* of one training step */

    /*
     * What one step of plain gradient descent changes, by tensor. Not the recipe's step: that may
     * be Adam's, whose first one is the sign of the gradient alone.
     */
    double gradient;

    double outputs;  /* of one block of passes */
    uint64_t masks;  /* random numbers of the sites that differ: dropped here and not there */
    uint64_t looked; /* of so many */
};

/* Both are subjects of one case, as they were opened; training changes them. */
int mcd_agree(const struct mcd_bench_subject *a, const struct mcd_bench_subject *b,
              struct mcd_agreement *, struct mcd_error *e);

/* The part of it that is about masks: agree_masks.c. */
int mcd_agree_masks(const struct mcd_bench_subject *a, const struct mcd_bench_subject *b,
                    struct mcd_agreement *, struct mcd_error *e);

#endif
