/* Results that must be alike: of one backend and another, and of one run and the next. */
#include "core/check/installed.h"
#include "core/check/outcome.h"
#include "core/check/recorders.h"

#include <stdio.h>

/*
 * What may be between two results, relative to the largest magnitude. Gradients of parameters are
 * sums over rows and elements that nearly cancel where a parameter is a single number.
 */
struct tolerance {
    double gradient, other;
    const char *expected;
};

static const struct tolerance backends = {
    1e-3, 1e-5,
    "what reference computes from the same seed, to 1e-5 of the "
    "largest magnitude, gradients to 1e-3"};
static const struct tolerance exact = {0, 0, "the same bits again, on any number of threads"};

/* Compares value by value; `what` says whose results those of `b` are. */
static int compare(struct mcd_checking *c, const struct mcd_outcome *a, const struct mcd_outcome *b,
                   const char *what, const struct tolerance *tolerance)
{
    char where[MCD_INPUT_TEXT + MCD_MAX_SCOPE + 160];
    size_t i;
    for (uint32_t k = 0; k < a->count && k < b->count; k++) {
        const struct mcd_outcome_value *v = &a->value[k], *w = &b->value[k];
        double distance = mcd_outcome_distance(v, w, &i);
        mcd_check_looked(c, v->count);
        snprintf(where, sizeof where, "%s: %s", what, v->name);
        if (!(distance <= (v->is_gradient ? tolerance->gradient : tolerance->other)))
            return mcd_check_fail(c, where, tolerance->expected,
                                  "element %zu is %.9g and %.9g, %.2g of the largest magnitude", i,
                                  v->at[i], w->at[i], distance);
    }
    return 0;
}

static struct mcd_outcome_order order_of(const struct mcd_checking *c, const struct mcd_input *in)
{
    return (struct mcd_outcome_order){.c = c,
                                      .input = in,
                                      .backend = "reference",
                                      .threads = 1,
                                      .stochastic = 1,
                                      .training = 1,
                                      .rows = 5,
                                      .passes = 1};
}

/* Finds an outcome and compares it with the first one; `o` differs from that one's order. */
static int find_and_compare(struct mcd_checking *c, const struct mcd_outcome_order *o,
                            const struct mcd_outcome *first, const struct tolerance *tolerance)
{
    char text[MCD_INPUT_TEXT], what[MCD_INPUT_TEXT + 100];
    struct mcd_outcome next;
    struct mcd_error e = {0};
    snprintf(what, sizeof what, "%s, %s, %u threads", mcd_input_text(o->input, text), o->backend,
             o->threads);
    int status = mcd_check_status(c, what, mcd_outcome_find(o, &next, &e), &e);
    if (!status)
        status = compare(c, first, &next, what, tolerance);
    mcd_outcome_clear(&next);
    return status;
}

static int find_first(struct mcd_checking *c, const struct mcd_outcome_order *o,
                      struct mcd_outcome *first)
{
    char where[MCD_INPUT_TEXT];
    struct mcd_error e = {0};
    int status = mcd_outcome_find(o, first, &e);
    return mcd_check_status(c, mcd_input_text(o->input, where), status, &e);
}

/* ---- backends -------------------------------------------------------------------------------- */

static int compare_backends(struct mcd_checking *c, const struct mcd_input *in, void *arg)
{
    const struct mcd_installed *all = arg;
    struct mcd_outcome_order o = order_of(c, in);
    struct mcd_outcome first;
    int status = find_first(c, &o, &first);
    for (uint32_t i = 1; !status && i < all->count; i++) {
        o.backend = all->name[i];
        status = find_and_compare(c, &o, &first, &backends);
    }
    mcd_outcome_clear(&first);
    return status;
}

void mcd_check_backends(struct mcd_checking *c)
{
    struct mcd_installed all;
    struct mcd_error e = {0};
    if (mcd_check_status(c, "backends", mcd_installed_find(&all, &e), &e))
        return;
    if (all.count < 2)
        mcd_check_skip(c, "reference is the only backend that is installed");
    else
        mcd_inputs_each(c, compare_backends, &all);
}

/* ---- again ----------------------------------------------------------------------------------- */

static int compare_runs(struct mcd_checking *c, const struct mcd_input *in, const char *backend)
{
    struct mcd_outcome_order o = order_of(c, in);
    struct mcd_outcome first;
    o.backend = backend;
    int status = find_first(c, &o, &first);
    for (o.threads = 1; !status && o.threads <= 3; o.threads++)
        status = find_and_compare(c, &o, &first, &exact);
    mcd_outcome_clear(&first);
    return status;
}

static int compare_all_runs(struct mcd_checking *c, const struct mcd_input *in, void *arg)
{
    const struct mcd_installed *all = arg;
    int status = 0;
    for (uint32_t i = 0; !status && i < all->count; i++)
        status = compare_runs(c, in, all->name[i]);
    return status;
}

void mcd_check_determinism(struct mcd_checking *c)
{
    struct mcd_installed all;
    struct mcd_error e = {0};
    if (!mcd_check_status(c, "backends", mcd_installed_find(&all, &e), &e))
        mcd_inputs_each(c, compare_all_runs, &all);
}
