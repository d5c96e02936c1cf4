/* ops and extremes: results against the reference backend, element by element. */
#include "core/check/backend_checks.h"

#include "core/check/conformance/step_trial.h"
#include "core/graph/infer.h"

#include <stdlib.h>

/* Of dropout, whose cases all have such numbers, p = 0, 1/2 and 1 are enough. */
static int is_extreme(const struct mcd_step_case *c)
{
    double p = c->attr.u.drop.p;
    if (c->op == MCD_OP_DROP)
        return p == 0 || p == 0.5 || p == 1;
    for (uint32_t i = 0; i < c->nin; i++)
        switch (c->in[i].fill) {
        case MCD_FILL_LARGE:
        case MCD_FILL_EXTREME:
        case MCD_FILL_INFINITE:
        case MCD_FILL_ONE_NAN:
        case MCD_FILL_ONE_INF:
            return 1;
        default:
            break;
        }
    return 0;
}

static int judge(const struct mcd_step_trial *t, const char *demand, int masked)
{
    double *expected = mcd_step_trial_room(t, 2);
    if (!expected)
        return MCD_STEP_FAILED;
    double *got = expected + mcd_step_results(t->of);
    int result = mcd_step_trial_results(t, &t->engine[1], &mcd_step_clean, got);
    if (result == MCD_STEP_PASSED)
        result = mcd_step_trial_expected(t, expected);
    if (result == MCD_STEP_PASSED)
        result = mcd_step_trial_compare(t, demand, masked, got, expected);
    free(expected);
    return result;
}

/*
 * Where factors may be rounded: those that need not be, products and sums of which f32 holds, too.
 */
static int judge_sums(const struct mcd_step_trial *t)
{
    struct mcd_step_case held = *t->of;
    struct mcd_step_trial trial = *t;
    for (uint32_t i = 0; i < held.nin; i++)
        if (held.in[i].fill == MCD_FILL_MIXED)
            held.in[i].fill = MCD_FILL_WHOLE;
    trial.of = &held;
    trial.tolerance = mcd_step_trial_tolerance(t->check, t->engine->type, MCD_OP_MAP);
    return judge(&trial, "sums that are not rounded, of whole numbers up to 127", 0);
}

/* Dropout's cases are all extreme: here with usual numbers, and of what both keep alone. */
static int judge_usual(const struct mcd_step_trial *t)
{
    struct mcd_step_case usual = *t->of;
    struct mcd_step_trial trial = *t;
    if (usual.op == MCD_OP_DROP)
        usual.in[0].fill = MCD_FILL_POSITIVE;
    trial.of = &usual;
    int result = judge(&trial, "what the reference backend gives", usual.op == MCD_OP_DROP);
    int coarse = t->tolerance > mcd_step_trial_tolerance(t->check, t->engine->type, MCD_OP_MAP);
    return result == MCD_STEP_PASSED && coarse ? judge_sums(t) : result;
}

static int judge_extreme(const struct mcd_step_trial *t)
{
    return judge(t, "what the reference backend gives, as IEEE arithmetic has it", 0);
}

/* In place is the matter of `aliasing`, but for updates, which know no other way. */
static int is_usual(const struct mcd_step_case *c)
{
    int apart = c->in_place == MCD_NO_INPUT || mcd_op_updates(c->op);
    return apart && (c->op == MCD_OP_DROP ? c->attr.u.drop.p < 1 : !is_extreme(c));
}

static int is_apart_and_extreme(const struct mcd_step_case *c)
{
    return c->in_place == MCD_NO_INPUT && is_extreme(c);
}

/* What is close enough where the user gave up precision. */
static void tell_tolerance(struct mcd_checking *c)
{
    double most = mcd_step_trial_tolerance(c, MCD_F32, MCD_OP_LINEAR);
    if (most > mcd_step_trial_tolerance(c, MCD_F32, MCD_OP_MAP))
        mcd_check_note(c, "%s: products of matrices within %g of the largest magnitude", c->params,
                       most);
}

void mcd_backend_check_ops(struct mcd_checking *c)
{
    mcd_step_trial_run(c, is_usual, judge_usual);
    tell_tolerance(c);
}

void mcd_backend_check_extremes(struct mcd_checking *c)
{
    mcd_step_trial_run(c, is_apart_and_extreme, judge_extreme);
    tell_tolerance(c);
}
