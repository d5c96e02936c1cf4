/* Softmax and its largest, as mcdrop/moments.h has them. */
#include "core/stats/logits.h"

#include <mcdrop/moments.h>

int64_t mcd_logits_largest(const double *x, int64_t n)
{
    return mcd_largest(x, n);
}

int64_t mcd_logits_softmax(const double *x, int64_t n, double *p, double *entropy)
{
    return mcd_probabilities(x, n, p, entropy);
}
