/* Losses, their gradients, and updates of parameters. */
#include "core/check/conformance/cases.h"

#include <stdio.h>
#include <string.h>

static const int64_t widths[] = {1, 7, 129};

static void labels(struct mcd_step_case *c, uint32_t rows, int64_t classes)
{
    mcd_case_input(c, rows, mcd_shape0(), MCD_FILL_LABEL);
    c->in[c->nin - 1].classes = (uint32_t)classes;
}

static void xent(struct mcd_case_list *l, uint32_t rows, int64_t classes, uint32_t fill)
{
    struct mcd_step_case *c = mcd_case_add(l, MCD_OP_XENT, rows, "");
    mcd_case_input(c, rows, mcd_shape1(classes), fill);
    labels(c, rows, classes);
    mcd_case_output(c, 0, mcd_shape0());

    c = mcd_case_add(l, MCD_OP_XENT_DX, rows, "");
    mcd_case_input(c, 0, mcd_shape0(), MCD_FILL_POSITIVE);
    mcd_case_input(c, rows, mcd_shape1(classes), fill);
    labels(c, rows, classes);
    mcd_case_output(c, rows, mcd_shape1(classes));
}

static void mse(struct mcd_case_list *l, uint32_t rows, struct mcd_shape shape)
{
    struct mcd_step_case *c = mcd_case_add(l, MCD_OP_MSE, rows, "");
    mcd_case_input(c, rows, shape, MCD_FILL_MIXED);
    mcd_case_input(c, rows, shape, MCD_FILL_MIXED);
    mcd_case_output(c, 0, mcd_shape0());

    c = mcd_case_add(l, MCD_OP_MSE_DX, rows, "");
    mcd_case_input(c, 0, mcd_shape0(), MCD_FILL_POSITIVE);
    mcd_case_input(c, rows, shape, MCD_FILL_MIXED);
    mcd_case_input(c, rows, shape, MCD_FILL_MIXED);
    mcd_case_output(c, rows, shape);
}

static void sgd(struct mcd_case_list *l, struct mcd_shape shape, double momentum, double decay)
{
    struct mcd_step_case *c = mcd_case_add(l, MCD_OP_SGD, 0, "");
    snprintf(c->name, sizeof c->name, "momentum %g decay %g", momentum, decay);
    c->attr.u.sgd = (struct mcd_attr_sgd){0.1, momentum, decay};
    mcd_case_input(c, 0, shape, MCD_FILL_MIXED);
    mcd_case_input(c, 0, shape, MCD_FILL_MIXED);
    if (momentum != 0) {
        mcd_case_input(c, 0, shape, MCD_FILL_MIXED);
        c->updates = 1 << 2;
    }
    mcd_case_output(c, 0, shape);
    c->in_place = 0;
}

static void adam(struct mcd_case_list *l, struct mcd_shape shape, uint64_t update, double decay)
{
    struct mcd_step_case *c = mcd_case_add(l, MCD_OP_ADAM, 0, "");
    snprintf(c->name, sizeof c->name, "update %llu decay %g", (unsigned long long)update, decay);
    c->attr.u.adam = (struct mcd_attr_adam){1e-2, 0.9, 0.999, 1e-8, decay};
    c->update = update;
    mcd_case_input(c, 0, shape, MCD_FILL_MIXED);
    mcd_case_input(c, 0, shape, MCD_FILL_MIXED);
    mcd_case_input(c, 0, shape, MCD_FILL_MIXED);
    mcd_case_input(c, 0, shape, MCD_FILL_POSITIVE);
    c->updates = 1 << 2 | 1 << 3;
    mcd_case_output(c, 0, shape);
    c->in_place = 0;
}

/* The run of the last case multiplies its rate. */
static void schedule(struct mcd_case_list *l, double factor)
{
    if (!l->count)
        return;
    struct mcd_step_case *c = &l->at[l->count - 1];
    size_t length = strlen(c->name);
    c->scheduled = 1;
    c->rate_factor = factor;
    snprintf(c->name + length, sizeof c->name - length, " rate x %g", factor);
}

/* Apart, and more than seven of each op in a row: --quick tries every seventh case. */
static void scheduled_updates(struct mcd_case_list *l)
{
    static const double factor[] = {0.37, 0};
    enum { OF_EACH_OP = MCD_COUNT(widths) * MCD_COUNT(factor) };
    for (size_t i = 0; i < OF_EACH_OP; i++) {
        sgd(l, mcd_shape1(widths[i / 2]), 0, 0.01);
        schedule(l, factor[i % 2]);
        sgd(l, mcd_shape2(3, widths[i / 2]), 0.9, 0.01);
        schedule(l, factor[i % 2]);
    }
    for (size_t i = 0; i < OF_EACH_OP; i++) {
        adam(l, mcd_shape1(widths[i / 2]), 0, 0);
        schedule(l, factor[i % 2]);
        adam(l, mcd_shape2(3, widths[i / 2]), 5, 0.01);
        schedule(l, factor[i % 2]);
    }
}

void mcd_cases_training(struct mcd_case_list *l)
{
    static const uint32_t rows[] = {0, 1, 3, 33};
    for (size_t i = 0; i < MCD_COUNT(widths); i++) {
        for (size_t r = 0; r < MCD_COUNT(rows); r++) {
            xent(l, rows[r], widths[i], MCD_FILL_MIXED);
            mse(l, rows[r], mcd_shape1(widths[i]));
        }
        sgd(l, mcd_shape1(widths[i]), 0, 0);
        sgd(l, mcd_shape2(3, widths[i]), 0.9, 0);
        sgd(l, mcd_shape2(3, widths[i]), 0.9, 0.01);
        adam(l, mcd_shape2(3, widths[i]), 0, 0);
        adam(l, mcd_shape1(widths[i]), 5, 0.01);
        adam(l, mcd_shape1(widths[i]), 100000, 0);
    }
    xent(l, 33, 7, MCD_FILL_LARGE);
    xent(l, 33, 7, MCD_FILL_ONE_NAN);
    mse(l, 3, mcd_shape3(3, 9, 7));
    scheduled_updates(l);
}
