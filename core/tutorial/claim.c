/* The rule by which claims are judged. */
#include "core/tutorial/claim.h"

#include "core/stats/special.h"

#include <math.h>
#include <stdint.h>

double mcd_claim_t(size_t degrees)
{
    const double normal = 1e6; /* degrees, from which on it is the normal distribution's */
    return degrees == 0 ? INFINITY : mcd_student_quantile(0.1, fmin((double)degrees, normal));
}

static void summarise(struct mcd_claim *c)
{
    double n = (double)c->runs, sum = 0, squares = 0;
    for (size_t i = 0; i < c->runs; i++)
        sum += c->seen[i];
    c->mean = sum / n;
    for (size_t i = 0; i < c->runs; i++)
        squares += (c->seen[i] - c->mean) * (c->seen[i] - c->mean);
    c->sd = c->runs > 1 ? sqrt(squares / (n - 1)) : NAN;
    c->margin = c->runs > 1    ? mcd_claim_t(c->runs - 1) * c->sd / sqrt(n)
                : c->error > 0 ? mcd_claim_t(SIZE_MAX) * c->error
                               : NAN;
}

void mcd_claim_judge(struct mcd_claim *c)
{
    c->mean = c->sd = c->margin = NAN;
    c->answer = MCD_CLAIM_OPEN;
    if (c->runs == 0)
        return;
    summarise(c);
    double above = c->below ? c->bound - c->mean : c->mean - c->bound;
    if (!isfinite(above) || isnan(c->margin))
        return;
    if (above > c->margin || (c->ties && c->runs > 1 && above >= -c->sd))
        c->answer = MCD_CLAIM_HOLDS;
    else if (above < -c->margin)
        c->answer = MCD_CLAIM_FAILS;
}

const char *mcd_claim_word(enum mcd_claim_answer answer)
{
    static const char *const word[] = {"not settled", "holds", "fails"};
    return word[answer];
}
