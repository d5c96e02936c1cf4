/*
 * Sums in double. One of very many terms is cut into splits, so that more blocks take part; `total`
 * adds theirs up.
 */
#ifndef MCD_CUDA_BODIES_SUM_H
#define MCD_CUDA_BODIES_SUM_H

#include "../body.h"

struct sum {
    double value;
};

MCD_BODY struct sum sum_join(struct sum a, struct sum b)
{
    a.value += b.value;
    return a;
}

/* Where sums go. */
struct sum_place {
    float *out;    /* [outputs], times scale, if there is one split; else */
    double *parts; /* [splits][outputs] as they are; NULL if there is one */
    double scale;
};

/* Called by every member. */
MCD_BODY void sum_put(const struct sum_place *to, int64_t result, uint32_t member, struct sum whole)
{
    if (member)
        return;
    if (to->parts)
        to->parts[result] = whole.value;
    else
        to->out[result] = (float)(whole.value * to->scale);
}

/* out[i] = scale times the sum of from[n][count] over n. */
struct total_args {
    struct mcd_team team;
    struct sum_place to;
    const double *from;
    int64_t n, count;
};

MCD_BODY struct sum total_find(const struct total_args *a, int64_t result, uint32_t member)
{
    struct sum part = {0};
    for (int64_t i = member; i < a->n; i += a->team.members)
        part.value += a->from[i * a->count + result];
    return part;
}

MCD_BODY void total_use(const struct total_args *a, int64_t result, uint32_t member,
                        struct sum whole)
{
    sum_put(&a->to, result, member, whole);
}

#endif
