/* Gradients of a layer: against finite differences, and finite where inputs are alike. */
#include "core/check/differences.h"
#include "core/check/input.h"
#include "core/check/recorders.h"

#include <math.h>
#include <stdio.h>

static const char backend[] = "reference:precision=f64";

/*
 * A point at which gradients are looked at: inputs are shift + scale times values in (-1, 1). Where
 * all are alike functions bend too sharply for finite differences: there gradients need only be
 * finite.
 */
struct point {
    const char *name;
    double scale, shift;
    uint32_t rows, alike;
};

/*
 * One loss, recorded anew: its gradients are appended to the recording. 1 if the layer refuses to
 * be trained on one row, as one that needs a variance must.
 */
static int look(struct mcd_checking *c, const struct mcd_input *in, const struct point *p,
                struct mcd_differences *d)
{
    struct mcd_trial t;
    struct mcd_recorded r;
    mcd_trial_open(&t, backend, 1, 1);
    t.seed = c->seed;
    if (!t.error.code) {
        mcd_input_train(t.core, p->rows);
        mcd_input_record(c, t.core, in, &r, &t.error);
    }
    *d = (struct mcd_differences){.rows = p->rows,
                                  .scale = p->scale,
                                  .shift = p->shift,
                                  .constant = p->alike,
                                  .add_penalty = 1,
                                  .probes = c->quick ? 4 : 24};
    if (!t.error.code)
        mcd_differences_find(&t, r.y, d);
    struct mcd_error e = t.error;
    char where[MCD_INPUT_TEXT];
    int refused = p->rows == 1 && t.core && t.core->error.code == MCD_INVALID;
    mcd_trial_close(&t);
    return refused ? 1 : mcd_check_status(c, mcd_input_text(in, where), e.code, &e);
}

static int check_point(struct mcd_checking *c, const struct mcd_input *in, const struct point *p)
{
    struct mcd_differences d;
    char text[MCD_INPUT_TEXT], where[MCD_INPUT_TEXT + 80];
    int status = look(c, in, p, &d);
    if (status)
        return status < 0 ? -1 : 0;
    mcd_check_looked(c, d.tried);
    snprintf(where, sizeof where, "%s, %u rows, inputs %s", mcd_input_text(in, text), p->rows,
             p->name);
    if (!isfinite(d.loss))
        return mcd_check_fail(c, where, "a finite output and a finite penalty",
                              "the sum of both is %g", d.loss);
    if (isinf(d.worst))
        return mcd_check_fail(c, where, "a finite gradient", "%s", d.where);
    if (!p->alike && !(d.worst <= mcd_differences_tolerance))
        return mcd_check_fail(c, where,
                              "the gradient of finite differences, to 1e-6 of its tensor's largest",
                              "%s", d.where);
    return 0;
}

static int check_input(struct mcd_checking *c, const struct mcd_input *in, void *arg)
{
    static const struct point points[] = {
        {"in (-1, 1)", 1, 0, 3, 0},
        {"in (-1, 1)", 1, 0, 1, 0},
        {"in (-4, 6)", 5, 1, 2, 0},
        {"all 0", 0, 0, 2, 1},
    };
    int status = 0;
    (void)arg;
    for (size_t k = 0; !status && k < sizeof points / sizeof *points; k++)
        status = check_point(c, in, &points[k]);
    return status;
}

void mcd_check_gradient(struct mcd_checking *c)
{
    mcd_inputs_each(c, check_input, NULL);
}
