/* Probabilities from logits, stably: for SOFTMAX, LOGSOFTMAX and XENT. */
#ifndef REFERENCE_LOGITS_H
#define REFERENCE_LOGITS_H

#include "reals.h"

#include <math.h>

/* Of one vector: the largest logit, and the sum of e^(logit - largest). */
struct logits {
    double largest, sum;
};

/* A NaN, an infinity or nothing but -inf makes the sum NaN, and so every probability. */
static inline struct logits logits_of(struct reals x, int64_t k)
{
    struct logits l = {-INFINITY, 0};
    for (int64_t i = 0; i < k; i++)
        l.largest = fmax(l.largest, get(x, i));
    for (int64_t i = 0; i < k; i++)
        l.sum += exp(get(x, i) - l.largest);
    return l;
}

static inline double log_probability(const struct logits *l, double logit)
{
    return logit - l->largest - log(l->sum);
}

static inline double probability(const struct logits *l, double logit)
{
    return exp(logit - l->largest) / l->sum;
}

#endif
