/* Loops over floats and doubles. */
#include "core/base/reals.h"

#include <mcdrop/tensor.h>

#include <string.h>

static void widen(double *to, const float *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = from[i];
}

static void narrow(float *to, const double *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (float)from[i];
}

void mcd_reals_copy(void *to, uint32_t to_type, const void *from, uint32_t from_type, size_t n)
{
    if (to_type == from_type)
        memcpy(to, from, n * (to_type == MCD_F64 ? sizeof(double) : sizeof(float)));
    else if (to_type == MCD_F64)
        widen(to, from, n);
    else
        narrow(to, from, n);
}

double mcd_reals_at(const void *from, uint32_t type, size_t i)
{
    return type == MCD_F64 ? ((const double *)from)[i] : ((const float *)from)[i];
}
