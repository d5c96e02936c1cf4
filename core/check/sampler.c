/* What is demanded of samplers: see mcdrop/sampler.h. */
#include "core/check/sampler_checks.h"

#define DEMAND(name, demand)                                                                       \
    {                                                                                              \
#name, 1u << MCD_SAMPLER, demand, mcd_sampler_check_##name                                 \
    }

const struct mcd_check mcd_checks_sampler[] = {
    DEMAND(fields, "draw sets every field, fill all words of a row and nothing beyond"),
    DEMAND(law,
           "a unit is dropped with its probability, a number has its law, in any pass of a group"),
    DEMAND(independence, "units, sites, rows and seeds are independent of each other"),
    DEMAND(groups,
           "groups have 1 to 65536 passes, always as many, and do not depend on each other"),
    DEMAND(replay, "the same pass asked for again, in any order, is the same"),
    DEMAND(split, "threads and the parts that passes are cut into change no bit of a prediction"),
    DEMAND(errors, "standard errors cover as often as they say"),
    {0},
};
