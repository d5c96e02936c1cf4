/* How the learning rate changes over a training. */
#ifndef CORE_RATE_H
#define CORE_RATE_H

#include <stdint.h>

enum mcd_rate_schedule {
    MCD_RATE_CONSTANT = 0,
    MCD_RATE_COSINE, /* half a period, from all of it to nothing: Loshchilov and Hutter, SGDR:
                        Stochastic gradient descent with warm restarts, 2017, without restarts */
    MCD_RATE_SCHEDULES
};

/* As users write them, by number. */
extern const char *const mcd_rate_schedules[MCD_RATE_SCHEDULES];

/* MCD_RATE_SCHEDULES for a name of none, NULL among them. */
uint32_t mcd_rate_schedule_of(const char *name);

/* What the rate is multiplied by in update number `update` (from 0) of `all`: 0 beyond the last. */
double mcd_rate_factor(uint32_t schedule, uint64_t update, uint64_t all);

#endif
