/* Losses, their gradients, and updates of parameters. */
#include "cases.h"

#include <stdio.h>

static void labels(struct step_case *c, uint32_t rows, int64_t classes)
{
    case_input(c, rows, mcd_shape0(), FILL_LABEL);
    c->in[c->nin - 1].classes = (uint32_t)classes;
}

static void xent(struct case_list *l, uint32_t rows, int64_t classes, uint32_t fill)
{
    struct step_case *c = case_add(l, MCD_OP_XENT, rows, "");
    case_input(c, rows, mcd_shape1(classes), fill);
    labels(c, rows, classes);
    case_output(c, 0, mcd_shape0());

    c = case_add(l, MCD_OP_XENT_DX, rows, "");
    case_input(c, 0, mcd_shape0(), FILL_POSITIVE);
    case_input(c, rows, mcd_shape1(classes), fill);
    labels(c, rows, classes);
    case_output(c, rows, mcd_shape1(classes));
}

static void mse(struct case_list *l, uint32_t rows, struct mcd_shape shape)
{
    struct step_case *c = case_add(l, MCD_OP_MSE, rows, "");
    case_input(c, rows, shape, FILL_MIXED);
    case_input(c, rows, shape, FILL_MIXED);
    case_output(c, 0, mcd_shape0());

    c = case_add(l, MCD_OP_MSE_DX, rows, "");
    case_input(c, 0, mcd_shape0(), FILL_POSITIVE);
    case_input(c, rows, shape, FILL_MIXED);
    case_input(c, rows, shape, FILL_MIXED);
    case_output(c, rows, shape);
}

static void sgd(struct case_list *l, struct mcd_shape shape, double momentum, double decay)
{
    struct step_case *c = case_add(l, MCD_OP_SGD, 0, "");
    snprintf(c->name, sizeof c->name, "momentum %g decay %g", momentum, decay);
    c->attr.u.sgd = (struct mcd_attr_sgd){0.1, momentum, decay};
    case_input(c, 0, shape, FILL_MIXED);
    case_input(c, 0, shape, FILL_MIXED);
    if (momentum != 0) {
        case_input(c, 0, shape, FILL_MIXED);
        c->updates = 1 << 2;
    }
    case_output(c, 0, shape);
    c->in_place = 0;
}

static void adam(struct case_list *l, struct mcd_shape shape, uint64_t update, double decay)
{
    struct step_case *c = case_add(l, MCD_OP_ADAM, 0, "");
    snprintf(c->name, sizeof c->name, "update %llu decay %g", (unsigned long long)update, decay);
    c->attr.u.adam = (struct mcd_attr_adam){1e-2, 0.9, 0.999, 1e-8, decay};
    c->update = update;
    case_input(c, 0, shape, FILL_MIXED);
    case_input(c, 0, shape, FILL_MIXED);
    case_input(c, 0, shape, FILL_MIXED);
    case_input(c, 0, shape, FILL_POSITIVE);
    c->updates = 1 << 2 | 1 << 3;
    case_output(c, 0, shape);
    c->in_place = 0;
}

void cases_training(struct case_list *l)
{
    static const uint32_t rows[] = {0, 1, 3, 33};
    static const int64_t widths[] = {1, 7, 129};
    for (size_t i = 0; i < COUNT(widths); i++) {
        for (size_t r = 0; r < COUNT(rows); r++) {
            xent(l, rows[r], widths[i], FILL_MIXED);
            mse(l, rows[r], mcd_shape1(widths[i]));
        }
        sgd(l, mcd_shape1(widths[i]), 0, 0);
        sgd(l, mcd_shape2(3, widths[i]), 0.9, 0);
        sgd(l, mcd_shape2(3, widths[i]), 0.9, 0.01);
        adam(l, mcd_shape2(3, widths[i]), 0, 0);
        adam(l, mcd_shape1(widths[i]), 5, 0.01);
        adam(l, mcd_shape1(widths[i]), 100000, 0);
    }
    xent(l, 33, 7, FILL_LARGE);
    xent(l, 33, 7, FILL_ONE_NAN);
    mse(l, 3, mcd_shape3(3, 9, 7));
}
