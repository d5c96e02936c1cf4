/*
 * Claims: what the tutorial says, and whether what was seen bears it out.
 *
 * A claim is about one number, such as a difference of errors or a ratio of bands, seen once for
 * each of a few runs (seeds). It says that the number lies above a bound. Three answers:
 *
 *   holds        it does, by more than chance between runs explains
 *   fails        it does not, by more than that
 *   not settled  these runs do not tell
 *
 * The margin of chance is that of Student's t: the half of a one-sided 95 % interval of the mean
 * over runs. A single run has no spread; it settles a claim only if the number comes with a
 * Monte-Carlo error, of which the margin is then 1.645 times as much.
 */
#ifndef CORE_TUTORIAL_CLAIM_H
#define CORE_TUTORIAL_CLAIM_H

#include <stddef.h>

enum mcd_claim_answer { MCD_CLAIM_OPEN = 0, MCD_CLAIM_HOLDS, MCD_CLAIM_FAILS };

enum { MCD_CLAIM_RUNS = 16 };

struct mcd_claim {
    size_t runs; /* 0: nothing was seen */
    double seen[MCD_CLAIM_RUNS];
    double error; /* Monte-Carlo error of seen[0] where runs is 1; 0: none known */
    double bound;
    int below; /* it says that the number lies below the bound instead */
    int ties;  /* "or ties": below the bound by no more than the standard deviation between runs */
    /* What mcd_claim_judge finds: */
    double mean, sd, margin; /* NaN where runs do not tell */
    enum mcd_claim_answer answer;
};

void mcd_claim_judge(struct mcd_claim *c);

/* "holds", "fails", "not settled" */
const char *mcd_claim_word(enum mcd_claim_answer answer);

/* The quantile of Student's t that leaves 5 % above it. */
double mcd_claim_t(size_t degrees);

#endif
