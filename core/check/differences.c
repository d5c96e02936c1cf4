/* Gradients against finite differences: see differences.h. */
#include "core/check/differences.h"

#include "core/base/error.h"
#include "core/graph/gradient.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double step = 1e-5;

/* Tensors of made-up values: the weights of the output, and the first of the inputs. */
enum { WEIGHTS = 2, INPUTS = 100 };

/* An input or parameter, its values, and the gradient found for it. */
struct leaf {
    mcd_val value, gradient;
    const char *name; /* of a parameter, else NULL */
    size_t count;
    double *at, *found;
    int is_label;
};

struct check {
    struct mcd_trial *t;
    struct mcd_differences *d;
    mcd_val loss, weights;
    uint32_t leaves;
    struct leaf *leaf;
};

static void *room(struct check *c, size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);
    if (!p)
        mcd_fail(&c->t->error, MCD_NOMEM, "gradient", "out of memory");
    return p;
}

mcd_val mcd_differences_scalar(struct mcd_trial *t, mcd_val y, mcd_val *weights)
{
    *weights = 0;
    if (mcd_graph_status(t->core, &t->error))
        return 0;
    const struct mcd_node n = t->core->node[y];
    if (!n.has_rows && n.shape.rank == 0)
        return y;
    *weights = mcd_graph_input(t->core, WEIGHTS, n.shape, 0);
    return mcd_reduce(t->g, MCD_SUM, mcd_mul(t->g, y, *weights), mcd_shape0(), 1);
}

/* ---- inputs and parameters ------------------------------------------------------------------- */

static void fill_input(const struct check *c, struct leaf *l)
{
    uint32_t tensor = INPUTS + c->t->core->node[l->value].leaf;
    for (size_t i = 0; i < l->count; i++) {
        double x = mcd_trial_value(tensor, i);
        l->at[i] = l->is_label              ? (double)((3 * i + 1) % c->d->classes)
                   : l->value == c->weights ? x
                                            : c->d->shift + c->d->scale * x;
    }
}

static void add_leaf(struct check *c, mcd_val v)
{
    const struct mcd_node *n = &c->t->core->node[v];
    struct leaf *l = &c->leaf[c->leaves++];
    *l = (struct leaf){.value = v, .is_label = n->type == MCD_I32};
    l->count = (size_t)mcd_shape_count(&n->shape) * (n->has_rows ? c->d->rows : 1);
    if (n->source == MCD_FROM_PARAM) {
        l->name = c->t->core->param[n->leaf].name;
        l->at = mcd_trial_get(c->t, l->name, NULL);
    } else if ((l->at = room(c, l->count, sizeof *l->at))) {
        fill_input(c, l);
    }
}

static int is_leaf(const struct mcd_node *n)
{
    return n->source == MCD_FROM_INPUT || n->source == MCD_FROM_PARAM;
}

static void find_leaves(struct check *c)
{
    struct mcd_graph_core *g = c->t->core;
    if (mcd_graph_status(g, &c->t->error) || mcd_store_init(c->t->store, g, 1, &c->t->error))
        return;
    c->leaf = room(c, g->count, sizeof *c->leaf);
    for (mcd_val v = 1; c->leaf && v < g->count && !c->t->error.code; v++)
        if (is_leaf(&g->node[v]))
            add_leaf(c, v);
}

/* ---- evaluating ------------------------------------------------------------------------------ */

/* Runs the plan on the leaves' values; a plan may have no use for some of them. */
static void run_plan(struct check *c)
{
    for (uint32_t i = 0; i < c->leaves && !c->t->error.code; i++)
        if (c->leaf[i].name)
            mcd_trial_set(c->t, c->leaf[i].name, c->leaf[i].at);
        else if (mcd_plan_tensor(c->t->plan, c->leaf[i].value)->buffer)
            mcd_trial_write(c->t, c->leaf[i].value, c->leaf[i].at);
    mcd_trial_run(c->t);
}

static double evaluate(struct check *c)
{
    run_plan(c);
    double *loss = mcd_trial_read(c->t, c->loss), value = loss ? *loss : NAN;
    free(loss);
    return value;
}

static void plan(struct check *c, uint32_t n, const mcd_val *output)
{
    mcd_trial_plan(
        c->t, &(struct mcd_plan_spec){
                  .rows = c->d->rows, .passes = 1, .training = 1, .noutputs = n, .output = output});
}

static void record_gradients(struct check *c)
{
    mcd_val *wrt = room(c, c->leaves, sizeof *wrt), *gradient = room(c, c->leaves, sizeof *wrt);
    uint32_t n = 0;
    for (uint32_t i = 0; wrt && i < c->leaves; i++)
        if (!c->leaf[i].is_label)
            wrt[n++] = c->leaf[i].value;
    if (!c->t->error.code)
        mcd_graph_gradient(c->t->core, c->loss, n, wrt, gradient, &c->t->error);
    n = 0;
    for (uint32_t i = 0; !c->t->error.code && i < c->leaves; i++)
        if (!c->leaf[i].is_label)
            c->leaf[i].gradient = gradient[n++];
    free(wrt);
    free(gradient);
}

/* A gradient has its value's shape and rows. */
static void read_gradient(struct check *c, struct leaf *l)
{
    const struct mcd_node *v = &c->t->core->node[l->value], *g = &c->t->core->node[l->gradient];
    if (v->has_rows != g->has_rows || !mcd_shape_equal(&v->shape, &g->shape))
        mcd_fail(&c->t->error, MCD_INVALID, "gradient", "of value %u: not of that value's shape",
                 l->value);
    l->found = mcd_trial_read(c->t, l->gradient);
}

static void compute_gradients(struct check *c)
{
    mcd_val *output = room(c, c->leaves, sizeof *output);
    uint32_t n = 0;
    for (uint32_t i = 0; output && i < c->leaves; i++)
        if (c->leaf[i].gradient)
            output[n++] = c->leaf[i].gradient;
    if (n > 0) {
        plan(c, n, output);
        run_plan(c);
    }
    for (uint32_t i = 0; !c->t->error.code && i < c->leaves; i++)
        if (c->leaf[i].gradient)
            read_gradient(c, &c->leaf[i]);
        else
            c->leaf[i].found = room(c, c->leaf[i].count, sizeof(double));
    free(output);
}

/* ---- comparing ------------------------------------------------------------------------------- */

/* Slopes of the loss in one element: to both sides, above, below. */
struct slopes {
    double central, up, down;
};

static struct slopes slopes_of(struct check *c, struct leaf *l, size_t i)
{
    double x = l->at[i], here = evaluate(c);
    volatile double above = x + step, below = x - step;
    l->at[i] = above;
    double up = evaluate(c);
    l->at[i] = below;
    double down = evaluate(c);
    l->at[i] = x;
    return (struct slopes){(up - down) / (above - below), (up - here) / (above - x),
                           (here - down) / (x - below)};
}

/* At a kink one side is met far better than the sides meet each other. */
static double distance(const struct slopes *s, double found)
{
    double side = fmin(fabs(s->up - found), fabs(s->down - found));
    return side <= 0.02 * fabs(s->up - s->down) ? 0 : fabs(s->central - found);
}

static void note(struct check *c, const struct leaf *l, size_t i, const struct slopes *s,
                 double scale)
{
    double away = distance(s, l->found[i]) / scale;
    if (!isfinite(l->found[i]) || isnan(away))
        away = INFINITY;
    if (away <= c->d->worst)
        return;
    c->d->worst = away;
    snprintf(c->d->where, sizeof c->d->where, "%s%s, element %zu: gradient %.12g, difference %.12g",
             l->name ? "parameter " : "the input", l->name ? l->name : "", i, l->found[i],
             s->central);
}

static void compare_leaf(struct check *c, struct leaf *l)
{
    size_t tries = c->d->probes && c->d->probes < l->count ? c->d->probes : l->count;
    struct slopes *expected = room(c, tries, sizeof *expected);
    double scale = 1e-4; /* where everything is 0 there is rounding alone */
    for (size_t k = 0; expected && k < tries; k++) {
        size_t i = k * l->count / tries;
        expected[k] = slopes_of(c, l, i);
        double size = fmax(fabs(expected[k].central), fabs(l->found[i]));
        c->d->largest = fmax(c->d->largest, size);
        scale = fmax(scale, size);
    }
    for (size_t k = 0; !c->t->error.code && k < tries; k++)
        note(c, l, k * l->count / tries, &expected[k], scale);
    c->d->tried += tries;
    free(expected);
}

static void compare(struct check *c)
{
    find_leaves(c);
    if (!c->t->error.code)
        record_gradients(c);
    if (!c->t->error.code)
        compute_gradients(c);
    plan(c, 1, &c->loss);
    c->d->loss = c->t->error.code ? NAN : evaluate(c);
    for (uint32_t i = 0; i < c->leaves && !c->t->error.code; i++)
        if (!c->leaf[i].is_label)
            compare_leaf(c, &c->leaf[i]);
}

int mcd_differences_find(struct mcd_trial *t, mcd_val loss, struct mcd_differences *d)
{
    struct check c = {.t = t, .d = d};
    c.loss = mcd_differences_scalar(t, loss, &c.weights);
    if (d->add_penalty && t->core->penalty)
        c.loss = mcd_add(t->g, c.loss, t->core->penalty);
    d->worst = d->largest = 0;
    d->tried = 0;
    d->where[0] = 0;
    if (d->scale == 0 && !d->constant)
        d->scale = 1;
    compare(&c);
    for (uint32_t i = 0; i < c.leaves; i++) {
        free(c.leaf[i].at);
        free(c.leaf[i].found);
    }
    free(c.leaf);
    return t->error.code;
}
