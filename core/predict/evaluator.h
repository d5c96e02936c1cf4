/*
 * The score of one test set again and again, while the network changes. Where the backend's memory
 * is not the host's the set stays there, with a plan for it, and is waited for once; elsewhere, or
 * where that memory is too small, mcd_evaluate does it. The bits are the same.
 */
#ifndef CORE_EVALUATOR_H
#define CORE_EVALUATOR_H

#include "core/predict/evaluate.h"

struct mcd_evaluator;

/* Network and rows must outlive it. */
int mcd_evaluator_create(const struct mcd_network *network, const struct mcd_examples *test,
                         struct mcd_evaluator **evaluator, struct mcd_error *error);
void mcd_evaluator_destroy(struct mcd_evaluator *evaluator); /* NULL is fine */

/* As mcd_evaluate. */
int mcd_evaluator_run(struct mcd_evaluator *evaluator, double *score,
                      const volatile sig_atomic_t *stop, struct mcd_error *error);

#endif
