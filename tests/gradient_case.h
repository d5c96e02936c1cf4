/*
 * For tests of gradients: a recording on one input, and its gradient against finite differences in
 * double precision.
 *
 * Include after cmocka.h. Static inline, so that every test program stays one file.
 */
#ifndef TESTS_GRADIENT_CASE_H
#define TESTS_GRADIENT_CASE_H

#include "tests/differences.h"

#include <stdlib.h>

static const char f64[] = "reference:precision=f64";

static inline int is_fast(void)
{
    return getenv("MCDROP_FAST") != NULL;
}

/* A recording on one input; returns any value. */
struct gradient_case {
    const char *name;
    mcd_val (*build)(struct mcd_trial *r, mcd_val x, const struct gradient_case *c);
    struct mcd_shape in;
    double scale, shift; /* of the inputs: shift + scale (-1, 1); scale 0 is 1 */
    int64_t a, b, p;     /* what build makes of them */
    struct mcd_shape shape;
    const char *text;
    int flat;     /* 1: nothing depends on anything */
    int training; /* 1: recorded for training, with a nat of 1/7 */
};

static inline void check_case(const struct gradient_case *c, uint32_t rows)
{
    struct mcd_trial r;
    rig_open(&r, f64, 1, 1);
    r.g->batch = c->training ? rows : 0;
    r.g->nat = c->training ? 1. / 7 : 0;
    mcd_val x = rig_input(&r, c->in);
    mcd_val y = c->build(&r, x, c);
    if (r.core->error.code)
        fail_msg("%s: %s: %s", c->name, r.core->error.where, r.core->error.text);
    struct mcd_differences d = {
        .rows = rows, .scale = c->scale, .shift = c->shift, .probes = is_fast() ? 4 : 40};
    differences_check(&r, y, &d);
    if (!(d.worst <= mcd_differences_tolerance))
        fail_msg("%s: %g: %s", c->name, d.worst, d.where);
    if (!c->flat && d.largest < 1e-3)
        fail_msg("%s: the gradient is %g: nothing was checked", c->name, d.largest);
    assert_true(d.tried > 0);
    rig_close(&r);
}

static inline void check_cases(const struct gradient_case *c, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_case(&c[i], 3);
        check_case(&c[i], 1);
    }
}

#define CHECK_CASES(cases) check_cases(cases, sizeof(cases) / sizeof *(cases))

static const struct mcd_shape scalar = {0, {0}};

static inline mcd_val param(struct mcd_trial *r, const char *name, struct mcd_shape shape)
{
    return mcd_param(r->g, name, shape, 0, 0.9);
}

/* The same, away from 0 and positive. */
static inline mcd_val positive(struct mcd_trial *r, const char *name, struct mcd_shape shape)
{
    return mcd_param(r->g, name, shape, 1.5, 0.6);
}

#endif
