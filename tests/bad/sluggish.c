/*
 * The linear op takes 5 % longer than it has to, and everything is right: what mcdrop bench compare
 * must see. To be found under the name of the backend that it is compared with.
 */
#include "broken.h"

#include <time.h>

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Until 5 % more has passed; with one thread as much of the processor's time. */
static int run_slowly(void *state, const struct mcd_step *step, const struct mcd_run *run,
                      struct mcd_error *error)
{
    double start = now(CLOCK_THREAD_CPUTIME_ID);
    int status = run_step(state, step, run, error);
    double end = now(CLOCK_THREAD_CPUTIME_ID);
    while (now(CLOCK_THREAD_CPUTIME_ID) < end + 0.05 * (end - start))
        ;
    return status;
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    return step->op == MCD_OP_LINEAR ? run_slowly : NULL;
}

BROKEN("reference", "linear takes 5 % longer");
