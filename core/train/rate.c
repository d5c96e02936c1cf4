/* Schedules of the learning rate. */
#include "core/train/rate.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

const char *const mcd_rate_schedules[MCD_RATE_SCHEDULES] = {"constant", "cosine"};

uint32_t mcd_rate_schedule_of(const char *name)
{
    uint32_t i = 0;
    while (i < MCD_RATE_SCHEDULES && (!name || strcmp(name, mcd_rate_schedules[i]) != 0))
        i++;
    return i;
}

double mcd_rate_factor(uint32_t schedule, uint64_t update, uint64_t all)
{
    static const double pi = 3.14159265358979323846;
    if (schedule == MCD_RATE_CONSTANT)
        return 1;
    return update < all ? (1 + cos(pi * (double)update / (double)all)) / 2 : 0;
}
