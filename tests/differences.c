/* Gradients against finite differences: see differences.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/differences.h"

#include "core/graph/gradient.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fixtures/formula.h"
#include "tests/scratch.h"

enum { MAX_LEAVES = 64 };

static const double step = 1e-5;

/* An input or parameter, its values, and the gradient found for it. */
struct leaf {
    mcd_val value, gradient;
    const char *name; /* of a parameter, else NULL */
    size_t count;
    double *at, *found;
    int is_label;
};

struct check {
    struct rig *r;
    struct differences *d;
    mcd_val loss;
    uint32_t leaves;
    struct leaf leaf[MAX_LEAVES];
};

static mcd_val to_scalar(struct rig *r, mcd_val y)
{
    const struct mcd_node *n = &r->core->node[y];
    if (!n->has_rows && n->shape.rank == 0)
        return y;
    mcd_val weights = mcd_graph_input(r->core, 2, n->shape, 0);
    mcd_val product = mcd_mul(r->g, y, weights);
    return mcd_reduce(r->g, MCD_SUM, product, mcd_shape0(), 1);
}

static void fill_input(const struct check *c, struct leaf *l)
{
    const struct mcd_node *n = &c->r->core->node[l->value];
    for (size_t i = 0; i < l->count; i++) {
        double x = fixture_value(100 + n->leaf, (uint32_t)i);
        l->at[i] = l->is_label    ? (double)((3 * i + 1) % c->d->classes)
                   : n->leaf == 2 ? x
                                  : c->d->shift + c->d->scale * x;
    }
}

static void add_leaf(struct check *c, mcd_val v)
{
    const struct mcd_node *n = &c->r->core->node[v];
    assert_true(c->leaves < MAX_LEAVES);
    struct leaf *l = &c->leaf[c->leaves++];
    *l = (struct leaf){.value = v, .is_label = n->label != 0};
    l->count = (size_t)mcd_shape_count(&n->shape) * (n->has_rows ? c->d->rows : 1);
    l->found = calloc(l->count, sizeof *l->found);
    assert_non_null(l->found);
    if (n->source == MCD_FROM_PARAM) {
        l->name = c->r->core->param[n->leaf].name;
        l->at = rig_get(c->r, l->name, NULL);
    } else {
        l->at = calloc(l->count, sizeof *l->at);
        assert_non_null(l->at);
        fill_input(c, l);
    }
}

static void find_leaves(struct check *c)
{
    struct mcd_error e = {0};
    assert_ok(mcd_store_init(c->r->store, c->r->core, 1, &e), e);
    for (mcd_val v = 1; v < c->r->core->count; v++) {
        uint32_t source = c->r->core->node[v].source;
        if (source == MCD_FROM_INPUT || source == MCD_FROM_PARAM)
            add_leaf(c, v);
    }
}

/* Runs the plan on the leaves' values; a plan may have no use for some of them. */
static void run_plan(struct check *c)
{
    for (uint32_t i = 0; i < c->leaves; i++)
        if (c->leaf[i].name)
            rig_set(c->r, c->leaf[i].name, c->leaf[i].at);
        else if (mcd_plan_tensor(c->r->plan, c->leaf[i].value)->buffer)
            rig_write(c->r, c->leaf[i].value, c->leaf[i].at);
    rig_run(c->r);
}

static double evaluate(struct check *c)
{
    run_plan(c);
    double *loss = rig_read(c->r, c->loss), value = *loss;
    free(loss);
    return value;
}

static void record_gradients(struct check *c)
{
    struct mcd_error e = {0};
    mcd_val wrt[MAX_LEAVES], gradient[MAX_LEAVES];
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->leaves; i++)
        if (!c->leaf[i].is_label)
            wrt[n++] = c->leaf[i].value;
    assert_ok(mcd_graph_gradient(c->r->core, c->loss, n, wrt, gradient, &e), e);
    n = 0;
    for (uint32_t i = 0; i < c->leaves; i++)
        if (!c->leaf[i].is_label)
            c->leaf[i].gradient = gradient[n++];
}

static void plan(struct check *c, uint32_t n, const mcd_val *output)
{
    rig_plan(c->r,
             &(struct mcd_plan_spec){
                 .rows = c->d->rows, .passes = 1, .training = 1, .noutputs = n, .output = output});
}

/* A gradient has its value's shape and rows. */
static void read_gradient(struct check *c, struct leaf *l)
{
    const struct mcd_node *v = &c->r->core->node[l->value], *g = &c->r->core->node[l->gradient];
    assert_int_equal(v->has_rows, g->has_rows);
    assert_true(mcd_shape_equal(&v->shape, &g->shape));
    free(l->found);
    l->found = rig_read(c->r, l->gradient);
}

static void compute_gradients(struct check *c)
{
    mcd_val output[MAX_LEAVES];
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->leaves; i++)
        if (c->leaf[i].gradient)
            output[n++] = c->leaf[i].gradient;
    if (n == 0)
        return;
    plan(c, n, output);
    run_plan(c);
    for (uint32_t i = 0; i < c->leaves; i++)
        if (c->leaf[i].gradient)
            read_gradient(c, &c->leaf[i]);
}

static double difference(struct check *c, struct leaf *l, size_t i)
{
    double x = l->at[i], up, down;
    volatile double above = x + step, below = x - step;
    l->at[i] = above;
    up = evaluate(c);
    l->at[i] = below;
    down = evaluate(c);
    l->at[i] = x;
    return (up - down) / (above - below);
}

static void note(struct check *c, const struct leaf *l, size_t i, double expected, double scale)
{
    double away = fabs(expected - l->found[i]) / scale;
    if (isnan(away))
        away = INFINITY;
    if (away <= c->d->worst)
        return;
    c->d->worst = away;
    snprintf(c->d->where, sizeof c->d->where,
             "%s %u, element %zu: gradient %.12g, difference %.12g", l->name ? l->name : "value",
             l->value, i, l->found[i], expected);
}

static void compare_leaf(struct check *c, struct leaf *l)
{
    size_t tries = c->d->probes && c->d->probes < l->count ? c->d->probes : l->count;
    double *expected = calloc(tries, sizeof *expected), scale = 0;
    assert_non_null(expected);
    for (size_t k = 0; k < tries; k++) {
        size_t i = k * l->count / tries;
        expected[k] = difference(c, l, i);
        scale = fmax(scale, fmax(fabs(expected[k]), fabs(l->found[i])));
    }
    c->d->largest = fmax(c->d->largest, scale);
    /* Where everything is 0 there is rounding alone. */
    for (size_t k = 0; k < tries; k++)
        note(c, l, k * l->count / tries, expected[k], fmax(scale, 1e-4));
    c->d->tried += tries;
    free(expected);
}

void differences_check(struct rig *r, mcd_val loss, struct differences *d)
{
    struct check c = {.r = r, .d = d, .loss = to_scalar(r, loss)};
    d->worst = d->largest = 0;
    d->tried = 0;
    d->where[0] = 0;
    if (d->scale == 0)
        d->scale = 1;
    find_leaves(&c);
    record_gradients(&c);
    compute_gradients(&c);
    plan(&c, 1, &c.loss);
    for (uint32_t i = 0; i < c.leaves; i++)
        if (!c.leaf[i].is_label && c.leaf[i].value)
            compare_leaf(&c, &c.leaf[i]);
    for (uint32_t i = 0; i < c.leaves; i++) {
        free(c.leaf[i].at);
        free(c.leaf[i].found);
    }
}
