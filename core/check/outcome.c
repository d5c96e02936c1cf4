/* A recording on made-up inputs, run, and all of its results: see outcome.h. */
#include "core/check/outcome.h"

#include "core/base/error.h"
#include "core/check/differences.h"
#include "core/check/trial.h"
#include "core/graph/gradient.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Made-up tensors; inputs follow. */
enum { WEIGHTS = 200, INPUTS };

struct run {
    const struct mcd_outcome_order *order;
    struct mcd_outcome *out;
    struct mcd_trial t;
    struct mcd_recorded r;
    mcd_val weights; /* of the output in the loss */
    mcd_val *value;  /* what is to be read: out->count of them */
};

/* ---- recording ------------------------------------------------------------------------------- */

static int make_room(struct run *u)
{
    size_t n = u->t.core->nparams + MCD_INPUT_MOST + 2;
    u->value = calloc(n, sizeof *u->value);
    u->out->value = calloc(n, sizeof *u->out->value);
    if (u->value && u->out->value)
        return MCD_OK;
    return mcd_fail(&u->t.error, MCD_NOMEM, "outcome", "out of memory");
}

/* `of` is what a gradient is of, NULL for what is none. */
static void add(struct run *u, mcd_val v, const char *name, const char *of)
{
    struct mcd_outcome_value *value = &u->out->value[u->out->count];
    if (!v)
        return;
    value->is_gradient = of != NULL;
    snprintf(value->name, sizeof value->name, "%s%s", name, of ? of : "");
    u->value[u->out->count++] = v;
}

/* Gradients with respect to the inputs and every parameter, where there are any. */
static void add_gradients(struct run *u)
{
    struct mcd_trial *t = &u->t;
    uint32_t n = u->order->input->count, all = n + t->core->nparams;
    mcd_val *wrt = calloc(2 * (size_t)all, sizeof *wrt), *gradient = wrt + all;
    if (!wrt) {
        mcd_fail(&t->error, MCD_NOMEM, "outcome", "out of memory");
        return;
    }
    for (uint32_t i = 0; i < all; i++)
        wrt[i] = i < n ? u->r.x[i] : t->core->param[i - n].value;
    mcd_val loss = mcd_differences_scalar(t, u->r.y, &u->weights);
    if (t->core->penalty)
        loss = mcd_add(t->g, loss, t->core->penalty);
    if (!t->error.code && !mcd_graph_gradient(t->core, loss, all, wrt, gradient, &t->error))
        for (uint32_t i = 0; i < all; i++)
            add(u, gradient[i], "gradient of ", i < n ? "the input" : t->core->param[i - n].name);
    free(wrt);
}

static int record(struct run *u)
{
    const struct mcd_outcome_order *o = u->order;
    struct mcd_trial *t = &u->t;
    if (mcd_trial_open(t, o->backend, o->threads, (int)o->stochastic))
        return t->error.code;
    if (o->training)
        mcd_input_train(t->core, o->rows);
    if (mcd_input_record(o->c, t->core, o->input, &u->r, &t->error))
        return t->error.code;
    t->seed = o->c->seed;
    if (make_room(u))
        return t->error.code;
    add(u, u->r.y, "output", NULL);
    if (o->training) {
        add(u, t->core->penalty, "penalty", NULL);
        add_gradients(u);
    }
    return t->error.code;
}

/* ---- running --------------------------------------------------------------------------------- */

/* Row r of a tensor follows from the row's number alone. */
static int fill(struct run *u, mcd_val v, uint32_t tensor)
{
    if (!v || u->t.error.code || !mcd_plan_tensor(u->t.plan, v)->buffer)
        return u->t.error.code;
    size_t n = mcd_trial_count(&u->t, v);
    uint64_t first = u->order->first_row * (n / u->order->rows);
    double *at = calloc(n, sizeof *at);
    if (!at)
        return mcd_fail(&u->t.error, MCD_NOMEM, "outcome", "out of memory");
    for (size_t i = 0; i < n; i++)
        at[i] = mcd_trial_value(tensor, first + i);
    mcd_trial_write(&u->t, v, at);
    free(at);
    return u->t.error.code;
}

static void number_passes(struct run *u)
{
    struct mcd_trial *t = &u->t;
    t->run.first_row = u->order->first_row;
    for (uint32_t i = 0; i < t->core->nsites * t->plan->passes; i++)
        t->draws[i].stream += u->order->first_pass;
}

static void run(struct run *u)
{
    const struct mcd_outcome_order *o = u->order;
    struct mcd_trial *t = &u->t;
    struct mcd_plan_spec spec = {.rows = o->rows,
                                 .passes = o->passes,
                                 .training = o->training,
                                 .noutputs = u->out->count,
                                 .output = u->value};
    if (mcd_trial_plan(t, &spec))
        return;
    number_passes(u);
    for (uint32_t i = 0; i < o->input->count; i++)
        fill(u, u->r.x[i], INPUTS + i);
    fill(u, u->weights, WEIGHTS);
    mcd_trial_run(t);
    for (uint32_t i = 0; i < u->out->count && !t->error.code; i++) {
        u->out->value[i].count = mcd_trial_count(t, u->value[i]);
        u->out->value[i].at = mcd_trial_read(t, u->value[i]);
    }
}

int mcd_outcome_find(const struct mcd_outcome_order *order, struct mcd_outcome *out,
                     struct mcd_error *e)
{
    struct run u = {.order = order, .out = out};
    *out = (struct mcd_outcome){0};
    if (!record(&u))
        run(&u);
    int status = u.t.error.code;
    if (status)
        mcd_fail(e, status, u.t.error.where, "%s", u.t.error.text);
    free(u.value);
    mcd_trial_close(&u.t);
    return status;
}

void mcd_outcome_clear(struct mcd_outcome *o)
{
    for (uint32_t i = 0; o->value && i < o->count; i++)
        free(o->value[i].at);
    free(o->value);
    *o = (struct mcd_outcome){0};
}

/* ---- comparing ------------------------------------------------------------------------------- */

int mcd_outcome_is_odd(const struct mcd_outcome_value *v, size_t *element)
{
    for (*element = 0; *element < v->count; ++*element)
        if (!isfinite(v->at[*element]))
            return 1;
    return 0;
}

/* 0 for the same bits, and for NaN and NaN. */
static double away(double a, double b)
{
    if (memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b)))
        return 0;
    return isfinite(a) && isfinite(b) ? fabs(a - b) : INFINITY;
}

double mcd_outcome_distance(const struct mcd_outcome_value *a, const struct mcd_outcome_value *b,
                            size_t *element)
{
    double largest = 0, worst = 0;
    *element = 0;
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        double d = away(a->at[i], b->at[i]);
        largest = isfinite(a->at[i]) ? fmax(largest, fabs(a->at[i])) : largest;
        if (d > worst) {
            worst = d;
            *element = i;
        }
    }
    if (a->count != b->count)
        return INFINITY;
    return worst > 0 ? worst / fmax(largest, 1e-30) : 0;
}
