/* Softmax and its largest. */
#include "core/stats/logits.h"

#include <math.h>

int64_t mcd_logits_largest(const double *x, int64_t n)
{
    int64_t top = 0;
    for (int64_t k = 1; k < n; k++)
        if (x[k] > x[top])
            top = k;
    return top;
}

/*
 * With d = x - max x and S = sum exp d, the entropy is log S - sum p d: no term is negative, so
 * nothing cancels.
 */
int64_t mcd_logits_softmax(const double *x, int64_t n, double *p, double *entropy)
{
    int64_t top = mcd_logits_largest(x, n);
    double sum = 0.0, spread = 0.0;
    for (int64_t k = 0; k < n; k++)
        sum += p[k] = exp(x[k] - x[top]);
    for (int64_t k = 0; k < n; k++) {
        p[k] /= sum;
        spread -= p[k] * (x[k] - x[top]);
    }
    if (entropy)
        *entropy = spread + log(sum);
    return top;
}
