/*
 * The summary of a Monte-Carlo prediction: what its moments say about every input, each figure with
 * its Monte-Carlo standard error, how far it may be from that of infinitely many passes.
 *
 * Entropies are in nats. NaN stands where something is undefined: standard deviations of one pass,
 * standard errors of less than two groups of passes.
 */
#ifndef CORE_SUMMARY_H
#define CORE_SUMMARY_H

#include "core/halves.h"
#include "core/moments.h"

/* Arrays are [rows][outputs] or [rows], row-major. Outputs are the logits in classification. */
struct mcd_summary {
    const struct mcd_host *host;  /* the moments': it made the arrays */
    struct mcd_moments_spec spec; /* spec.passes: those that were made */

    /* Mean, standard deviation (divisor T - 1) over passes, standard error of the mean. */
    double *output_mean, *output_sd, *output_mcse;

    /* Classification only, else NULL. */
    double *probability_mean, *probability_sd, *probability_mcse;
    double *entropy_mean, *entropy_sd, *entropy_mcse;     /* of one pass: the expected entropy */
    double *predictive_entropy, *predictive_entropy_mcse; /* of the mean probability */
    double *mutual_information, *mutual_information_mcse; /* predictive - expected entropy */
    double *variation_ratio, *variation_ratio_mcse; /* share of passes that don't vote as most do */
    int64_t *votes;                                 /* passes in which the class was the largest */

    /* For errors of scores: sums of probabilities by batch, core/leaf.h's units. */
    struct mcd_halves halves;
    int64_t *batch_probability; /* [rows][MCD_BATCHES][outputs]; NULL in regression */
};

/* Of the passes added so far, at least one. On failure `s` is zeroed; the caller clears it. */
int mcd_summary_create(struct mcd_summary *s, const struct mcd_moments *m, struct mcd_error *e);

void mcd_summary_clear(struct mcd_summary *s);

/* - sum p log p, with 0 log 0 = 0. */
double mcd_entropy(const double *p, int64_t n);

#endif
