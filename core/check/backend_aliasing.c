/*
 * aliasing: the same step in two memories - zeros, operands apart and close together; and NaN
 * wherever there is no input, operands far apart or one in place of another - gives the same, and
 * what a kernel must not write to stays as it was.
 */
#include "core/check/backend_checks.h"

#include "core/check/conformance/step_trial.h"
#include "core/graph/infer.h"

#include <stdlib.h>

/* Runs in poisoned memory and looks round. */
static int run_poisoned(const struct mcd_step_trial *t, double *results)
{
    struct mcd_placed_step p;
    struct mcd_error e = {0};
    size_t byte;
    int status = mcd_step_place(&t->engine[1], t->of, t->key, &p, &e);
    if (status)
        return MCD_STEP_REFUSED;
    int result = mcd_step_execute(&p, results, &e) ? MCD_STEP_REFUSED : MCD_STEP_PASSED;
    const char *spoilt = result == MCD_STEP_PASSED ? mcd_step_spoilt(&p, &byte) : NULL;
    if (spoilt)
        result = mcd_step_trial_fail(
            t, "writes to the output, the workspace and what the op updates alone",
            "the kernel wrote to %s, byte %zu of the arena", spoilt, byte);
    mcd_step_remove(&p);
    return result;
}

static int judge(const struct mcd_step_trial *t)
{
    struct mcd_step_case apart = *t->of;
    struct mcd_step_trial clean = *t;
    double *first = mcd_step_trial_room(t, 2);
    if (!first)
        return MCD_STEP_FAILED;
    double *second = first + mcd_step_results(t->of);
    int always = mcd_op_updates(apart.op);
    clean.of = &apart;
    if (!always)
        apart.in_place = MCD_NO_INPUT;
    int result = mcd_step_trial_results(&clean, &t->engine[1], &mcd_step_clean, first);
    if (result == MCD_STEP_PASSED)
        result = run_poisoned(t, second);
    if (result == MCD_STEP_PASSED)
        result = mcd_step_trial_compare(t, "what the step gives apart, in memory full of zeros", 0,
                                        second, first);
    free(first);
    return result;
}

static int any(const struct mcd_step_case *c)
{
    (void)c;
    return 1;
}

void mcd_backend_check_aliasing(struct mcd_checking *c)
{
    mcd_step_trial_run(c, any, judge);
}
