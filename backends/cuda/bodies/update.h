/*
 * Updates of parameters: SGD and ADAM. Those of several parameters that follow each other are one
 * kernel: each is small, and starting a kernel takes longer than the most of them.
 */
#ifndef MCD_CUDA_BODIES_UPDATE_H
#define MCD_CUDA_BODIES_UPDATE_H

#include "../body.h"

#include <math.h>
#include <mcdrop/backend.h>

enum { MCD_UPDATES = 16 /* most parameters of one kernel */ };

/* One parameter: threads from the end of the one before to `end`. */
struct update_place {
    float *out; /* w, where it is in place */
    const float *w, *dw;
    float *first, *second; /* SGD: velocity or NULL, NULL; ADAM: m and v */
    int64_t end;
};

/* The parameter that thread *i works on; *i becomes the element. */
MCD_BODY const struct update_place *update_find(const struct update_place *place, int64_t *i)
{
    int64_t start = 0;
    while (*i >= place->end) {
        start = place->end;
        place++;
    }
    *i -= start;
    return place;
}

/* A rate that the run may multiply, so that a captured graph goes on with another one. */
struct update_rate {
    const struct mcd_run *schedule; /* whose rate_factor multiplies it; NULL: nothing does */
    float recorded;
};

MCD_BODY float update_rate_now(const struct update_rate *r)
{
    return r->schedule ? r->recorded * (float)r->schedule->rate_factor : r->recorded;
}

struct sgd_args {
    struct update_rate rate;
    float momentum, decay;
    struct update_place place[MCD_UPDATES];
};

MCD_BODY void sgd_body(const struct sgd_args *a, int64_t i)
{
    const struct update_place *p = update_find(a->place, &i);
    float w = p->w[i], change = p->dw[i] + a->decay * w;
    if (p->first) {
        change += a->momentum * p->first[i];
        p->first[i] = change;
    }
    p->out[i] = w - update_rate_now(&a->rate) * change;
}

struct adam_args {
    const struct mcd_run *run;
    struct update_rate rate;
    float epsilon, decay;
    float beta1, beta2, rest1, rest2; /* rest: 1 - beta */
    float log1, log2;                 /* of beta */
    struct update_place place[MCD_UPDATES];
};

/* 1 - beta^step, precise for small steps, too, where beta^step is nearly 1. */
MCD_BODY float adam_correction(float log_beta, float step)
{
    return -expm1f(step * log_beta);
}

MCD_BODY void adam_body(const struct adam_args *a, int64_t i)
{
    const struct update_place *p = update_find(a->place, &i);
    float step = (float)(a->run->update + 1);
    float w = p->w[i], g = p->dw[i] + a->decay * w;
    float m = a->beta1 * p->first[i] + a->rest1 * g;
    float v = a->beta2 * p->second[i] + a->rest2 * g * g;
    p->first[i] = m;
    p->second[i] = v;
    float size = sqrtf(v / adam_correction(a->log2, step)) + a->epsilon;
    p->out[i] = w - update_rate_now(&a->rate) * (m / adam_correction(a->log1, step)) / size;
}

#endif
