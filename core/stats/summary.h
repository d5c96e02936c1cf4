/*
 * The summary of a Monte-Carlo prediction: what its moments say about every input, each figure with
 * its Monte-Carlo standard error, how far it may be from that of infinitely many passes.
 *
 * Entropies are in nats. NaN stands where something is undefined: standard deviations of one pass,
 * standard errors of less than two groups of passes.
 */
#ifndef CORE_SUMMARY_H
#define CORE_SUMMARY_H

#include "core/stats/halves.h"
#include "core/stats/moments.h"

/*
 * Every figure, once for all who go through them: X(type, name, shape). Arrays by output are
 * [rows][outputs], the others [rows], row-major. Outputs are the logits in classification.
 *
 * name         what it says of a row                     name_mcse: its standard error
 *
 * output       mean and standard deviation over passes (divisor T - 1)
 * probability  the same of the softmax of a pass
 * entropy      the same of a pass's entropy; its mean is the expected entropy
 * predictive_entropy  of the mean probability
 * mutual_information  predictive - expected entropy
 * variation_ratio     share of passes that don't vote as most do
 * votes        passes in which the class was the largest
 */
#define MCD_OUTPUT_FIGURES(X)                                                                      \
    X(double, output_mean, MCD_BY_OUTPUT)                                                          \
    X(double, output_std, MCD_BY_OUTPUT)                                                           \
    X(double, output_mcse, MCD_BY_OUTPUT)

#define MCD_CLASS_FIGURES(X)                                                                       \
    X(double, probability_mean, MCD_BY_OUTPUT)                                                     \
    X(double, probability_std, MCD_BY_OUTPUT)                                                      \
    X(double, probability_mcse, MCD_BY_OUTPUT)                                                     \
    X(double, entropy_mean, MCD_NESTED)                                                            \
    X(double, entropy_std, MCD_NESTED)                                                             \
    X(double, entropy_mcse, MCD_NESTED)                                                            \
    X(double, predictive_entropy, MCD_BY_ROW)                                                      \
    X(double, predictive_entropy_mcse, MCD_BY_ROW)                                                 \
    X(double, mutual_information, MCD_BY_ROW)                                                      \
    X(double, mutual_information_mcse, MCD_BY_ROW)                                                 \
    X(double, variation_ratio, MCD_BY_ROW)                                                         \
    X(double, variation_ratio_mcse, MCD_BY_ROW)                                                    \
    X(int64_t, votes, MCD_BY_OUTPUT)

enum mcd_figure_shape {
    MCD_BY_ROW = 0, /* one value for each row: width 1 */
    MCD_BY_OUTPUT,  /* one for each output: width = outputs, arrays of them in JSON */
    MCD_NESTED      /* by row, but an array of one in JSON, as the files have it that users know */
};

struct mcd_summary {
    const struct mcd_host *host;  /* the moments': it made the arrays */
    struct mcd_moments_spec spec; /* spec.passes: those that were made */

#define MCD_MEMBER(type, name, shape) type *name;
    MCD_OUTPUT_FIGURES(MCD_MEMBER)
    MCD_CLASS_FIGURES(MCD_MEMBER) /* NULL in regression */
#undef MCD_MEMBER

    /* For errors of scores: sums of probabilities by batch, core/stats/leaf.h's units. */
    struct mcd_halves halves;
    int64_t *batch_probability; /* [rows][MCD_BATCHES][outputs]; NULL in regression */
};

/* Of the passes added so far, at least one. On failure `s` is zeroed; the caller clears it. */
int mcd_summary_create(struct mcd_summary *s, const struct mcd_moments *m, struct mcd_error *e);

void mcd_summary_clear(struct mcd_summary *s);

/* - sum p log p, with 0 log 0 = 0. */
double mcd_entropy(const double *p, int64_t n);

#endif
