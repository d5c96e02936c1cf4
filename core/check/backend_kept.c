/*
 * kept: a backend may keep what it makes of a parameter, packed weights for one, but not beyond the
 * next write or update of it.
 */
#include "core/check/backend_checks.h"

#include "core/check/conformance/parameters.h"
#include "core/check/conformance/step_trial.h"

#include <stdio.h>
#include <stdlib.h>

/* Of each stage two plans' results. */
static int compare_stages(const struct mcd_step_trial *t, const double *got, const double *expected)
{
    int64_t count = mcd_step_results(t->of);
    int result = MCD_STEP_PASSED;
    for (int i = 0; i < 2 * MCD_PARAMETER_STAGES && result == MCD_STEP_PASSED; i++) {
        char what[80];
        snprintf(what, sizeof what, "%s%s", mcd_parameter_stages[i / 2],
                 i % 2 ? ", another plan" : "");
        result =
            mcd_step_trial_compare_operand(t, &t->of->out, what, "what the present parameter gives",
                                           0, got + i * count, expected + i * count);
    }
    return result;
}

static int judge(const struct mcd_step_trial *t)
{
    size_t sets = 2 * MCD_PARAMETER_STAGES;
    struct mcd_error e = {0};
    double *expected = mcd_step_trial_room(t, 2 * sets);
    if (!expected)
        return MCD_STEP_FAILED;
    double *got = expected + sets * (size_t)mcd_step_results(t->of);
    int result = MCD_STEP_PASSED;
    int status = mcd_parameters_run(t->oracle, t->of, expected, &e);
    if (!status)
        status = mcd_parameters_run(t->engine, t->of, got, &e);
    if (status == MCD_UNSUPPORTED)
        result = MCD_STEP_REFUSED;
    else if (status)
        result = mcd_step_trial_fail(t, "runs and updates that go well", "status %d: %s", status,
                                     e.text);
    else
        result = compare_stages(t, got, expected);
    free(expected);
    return result;
}

void mcd_backend_check_kept(struct mcd_checking *c)
{
    struct mcd_case_list list = mcd_parameters_cases();
    mcd_step_trial_run_list(c, &list, judge);
    mcd_cases_release(&list);
}
