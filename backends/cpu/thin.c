/* Thinned convolutions: see thin.h. */
#include "thin.h"
#include "clones.h"

#include <string.h>

enum { FEW = 32 /* elements of a plane, which gathering kernels costs as much as using them */ };

void mcd_thin_none(const struct mcd_unfold *u, struct mcd_thin *t)
{
    t->c = u->c;
    t->o = u->o;
    for (int32_t c = 0; c < u->c; c++)
        t->cs[c] = c;
    for (int32_t o = 0; o < u->o; o++)
        t->os[o] = o;
}

/* Looks at some elements at a time, and no further than it must. */
static MCD_CLONES int zero_all(const float *x, int64_t n)
{
    enum { SOME = 64 };
    uint32_t any = 0;
    for (; n >= SOME && !any; n -= SOME, x += SOME)
        for (int i = 0; i < SOME; i++)
            any |= x[i] != 0;
    for (int64_t i = 0; i < n && !any; i++)
        any |= x[i] != 0;
    return !any;
}

int64_t mcd_live_planes(const float *x, int64_t planes, int64_t size, int32_t *live)
{
    int64_t count = 0;
    for (int32_t p = 0; p < planes; p++) {
        live[count] = p;
        count += !zero_all(x + p * size, size);
    }
    return count;
}

/* 0 times it is 0 */
static MCD_CLONES int finite_all(const float *x, int64_t n)
{
    uint32_t bad = 0;
    for (int64_t i = 0; i < n; i++)
        bad |= 0.0f * x[i] != 0.0f;
    return !bad;
}

int mcd_all_finite(const float *x, int64_t n)
{
    return finite_all(x, n);
}

int mcd_thin_pays(const struct mcd_unfold *u, const struct mcd_thin *t)
{
    return u->oh * u->ow >= FEW && 4 * t->c * t->o <= 3 * u->c * u->o;
}

struct mcd_unfold mcd_thin_plan(const struct mcd_unfold *u, const struct mcd_thin *t)
{
    struct mcd_unfold thin = *u;
    thin.c = t->c;
    thin.o = t->o;
    thin.depth = u->depth / u->c * t->c;
    return thin;
}

void mcd_thin_gather(const struct mcd_unfold *u, const struct mcd_thin *t, float *to,
                     const float *sorted)
{
    for (int64_t o = 0; o < t->o; o++)
        for (int64_t ky = 0; ky < u->kh; ky++)
            for (int64_t c = 0; c < t->c; c++, to += u->kw) {
                const float *from = sorted + ((t->os[o] * u->kh + ky) * u->c + t->cs[c]) * u->kw;
                for (int64_t kx = 0; kx < u->kw; kx++)
                    to[kx] = from[kx];
            }
}

void mcd_thin_scatter(const struct mcd_unfold *u, const struct mcd_thin *t, float *sorted,
                      const float *from)
{
    for (int64_t o = 0; o < t->o; o++)
        for (int64_t ky = 0; ky < u->kh; ky++)
            for (int64_t c = 0; c < t->c; c++, from += u->kw) {
                float *to = sorted + ((t->os[o] * u->kh + ky) * u->c + t->cs[c]) * u->kw;
                for (int64_t kx = 0; kx < u->kw; kx++)
                    to[kx] += from[kx];
            }
}

void mcd_planes_gather(float *to, const float *from, const int32_t *which, int64_t n, int64_t size)
{
    for (int64_t p = 0; p < n; p++)
        memcpy(to + p * size, from + which[p] * size, (size_t)size * sizeof *to);
}

void mcd_planes_spread(float *planes, const int32_t *which, int64_t n, int64_t all, int64_t size)
{
    for (int64_t p = all; p-- > 0;) {
        float *to = planes + p * size;
        if (n > 0 && which[n - 1] == p)
            memmove(to, planes + --n * size, (size_t)size * sizeof *to);
        else
            memset(to, 0, (size_t)size * sizeof *to);
    }
}
