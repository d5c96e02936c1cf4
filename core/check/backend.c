/* What is demanded of backends: see mcdrop/backend.h, and mcdrop/graph.h for what each op is. */
#include "core/check/backend_checks.h"

#define DEMAND(name, demand)                                                                       \
    {                                                                                              \
#name, 1u << MCD_BACKEND, demand, mcd_backend_check_##name                                 \
    }

const struct mcd_check mcd_checks_backend[] = {
    DEMAND(claims, "it says what it is, and offers to do something"),
    DEMAND(refusals, "what cannot be done is refused when a kernel is asked for, with a reason"),
    DEMAND(memory, "buffers are aligned, read and written whole and no further, and released"),
    DEMAND(ops, "every op gives what the reference backend gives in f64, on odd shapes"),
    DEMAND(extremes, "NaN, infinities, subnormal and large numbers, p = 0 and p = 1 give it, too"),
    DEMAND(masks, "the units that are dropped are those of random.h, or the given ones"),
    DEMAND(aliasing, "kernels read their inputs and write their outputs alone, also in place"),
    DEMAND(workers, "the same bits from 1, 2 and 3 workers, and when a step runs again"),
    DEMAND(concurrent, "plans do not disturb each other, one after the other or at the same time"),
    DEMAND(kept, "nothing that was made of a parameter outlives its change"),
    DEMAND(fused, "chains of steps in one give what they give one by one"),
    DEMAND(section, "steps that run as one give what they give one by one, run after run"),
    DEMAND(fetch, "what is fetched is what was there, and has come after the next sync or read"),
    DEMAND(devices, "of several devices each gives what the first one does"),
    DEMAND(listed, "each device that the machine has for it is described, and no more"),
    DEMAND(linalg, "factors, inverses, solutions and products are right, failures are told"),
    {0},
};
