/*
 * Division by a number that the host knows when it starts a kernel: on the device, one of 64 bits
 * is a call that costs as much as all the rest of a small body.
 */
#ifndef MCD_CUDA_BODIES_DIVIDE_H
#define MCD_CUDA_BODIES_DIVIDE_H

#include "../body.h"

struct mcd_divisor {
    uint64_t by, reciprocal; /* (2^64 - 1) / by */
};

static inline struct mcd_divisor mcd_divisor_of(uint64_t by)
{
    struct mcd_divisor d = {by, UINT64_MAX / by};
    return d;
}

/* The upper half of a product. */
MCD_BODY uint64_t divide_high(uint64_t a, uint64_t b)
{
#ifdef __CUDA_ARCH__
    return __umul64hi(a, b);
#else
    __extension__ typedef unsigned __int128 wide;
    return (uint64_t)((wide)a * b >> 64);
#endif
}

/* n / by, and n % by in *rest: the product with the reciprocal is the quotient or one less. */
MCD_BODY uint64_t mcd_divide(const struct mcd_divisor *d, uint64_t n, uint64_t *rest)
{
    uint64_t quotient = divide_high(n, d->reciprocal);
    *rest = n - quotient * d->by;
    if (*rest >= d->by) {
        *rest -= d->by;
        quotient++;
    }
    return quotient;
}

MCD_BODY uint64_t mcd_quotient(const struct mcd_divisor *d, uint64_t n)
{
    uint64_t rest;
    return mcd_divide(d, n, &rest);
}

MCD_BODY uint64_t mcd_remainder(const struct mcd_divisor *d, uint64_t n)
{
    uint64_t rest;
    mcd_divide(d, n, &rest);
    return rest;
}

#endif
