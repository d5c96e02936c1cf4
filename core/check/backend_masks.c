/* masks: which units DROP drops, word by word, against random.h or the bits that were given. */
#include "core/check/backend_checks.h"

#include "core/check/conformance/step_trial.h"

#include <stdlib.h>

/* What is dropped of units 32 `word` ... of a virtual row. */
static uint32_t expected_word(const struct mcd_placed_step *p, uint32_t row, uint32_t word)
{
    const struct mcd_attr_drop *a = &p->step.attr.u.drop;
    uint32_t site = (uint32_t)a->site, out[4], words = (uint32_t)(a->units + 31) / 32;
    if (a->p <= 0 || a->p >= 1) /* neither draws nor bits count */
        return a->p > 0 ? 0xFFFFFFFFu : 0;
    if (p->of->bits)
        return p->bits[site][row * words + word];
    struct mcd_address address = mcd_run_address(&p->run, site, row);
    mcd_drop_block(&address, word / 4, mcd_threshold(a->p), mcd_run_flip(&p->run, site, row), out);
    return out[word % 4];
}

/* The first of a unit's elements that is not like the unit; -1: none. */
static int64_t odd_one(const struct mcd_attr_drop *a, const double *row, int64_t unit, int dropped)
{
    for (int64_t i = unit * a->span; i < (unit + 1) * a->span; i++)
        if ((row[i] == 0) != dropped)
            return i;
    return -1;
}

static int compare_word(const struct mcd_step_trial *t, const struct mcd_placed_step *p,
                        uint32_t row, uint32_t word, const double *values)
{
    const struct mcd_attr_drop *a = &p->step.attr.u.drop;
    int64_t units = a->units - 32 * (int64_t)word, first = -1;
    uint32_t expected = expected_word(p, row, word), seen;
    if (units < 32)
        expected &= (1u << units) - 1;
    seen = expected;
    for (int64_t unit = 32 * (int64_t)word; unit < a->units && unit < 32 * (word + 1ll); unit++) {
        int64_t odd = odd_one(a, values, unit, expected >> unit % 32 & 1);
        if (odd >= 0)
            seen ^= 1u << unit % 32;
        if (first < 0)
            first = odd;
    }
    if (first < 0)
        return MCD_STEP_PASSED;
    return mcd_step_trial_fail(t, "the units that random.h drops, or those given",
                               "row %u, word %u: dropped %08x, expected %08x; element %lld is %.9g",
                               row, word, seen, expected, (long long)first, values[first]);
}

static int compare_rows(const struct mcd_step_trial *t, const struct mcd_placed_step *p,
                        const double *values)
{
    const struct mcd_attr_drop *a = &p->step.attr.u.drop;
    int result = MCD_STEP_PASSED;
    for (uint32_t row = 0; row < t->of->out.rows && !result; row++)
        for (uint32_t word = 0; 32 * (int64_t)word < a->units && !result; word++)
            result = compare_word(t, p, row, word, values + row * a->units * a->span);
    return result;
}

/* On numbers of which none is 0. */
static int judge(const struct mcd_step_trial *t)
{
    struct mcd_step_case c = *t->of;
    struct mcd_placed_step p;
    struct mcd_error e = {0};
    double *values = mcd_step_trial_room(t, 1);
    if (!values)
        return MCD_STEP_FAILED;
    c.in[0].fill = MCD_FILL_POSITIVE;
    int result = MCD_STEP_REFUSED;
    int status = mcd_step_place_in(&t->engine[1], &c, t->key, &mcd_step_clean, &p, &e);
    if (!status) {
        status = mcd_step_execute(&p, values, &e);
        if (!status)
            result = compare_rows(t, &p, values);
        mcd_step_remove(&p);
    }
    if (status && status != MCD_UNSUPPORTED)
        result = mcd_step_trial_fail(t, "a kernel that runs, or a refusal", "status %d: %s", status,
                                     e.text);
    free(values);
    return result;
}

static int is_masked(const struct mcd_step_case *c)
{
    return c->op == MCD_OP_DROP && c->attr.u.drop.law == MCD_BERNOULLI &&
           c->in_place == MCD_NO_INPUT;
}

void mcd_backend_check_masks(struct mcd_checking *c)
{
    mcd_step_trial_run(c, is_masked, judge);
}
