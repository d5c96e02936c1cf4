/*
 * The CO2 series: networks and Gaussian process on all of it, and on the part that a fair
 * comparison leaves them (split.h).
 */
#include "core/tutorial/plan.h"
#include "core/tutorial/split.h"

/* Seconds on two cores: a step of training on the whole series, a pass over the grid. */
#define MLP2_STEP 0.045
#define MLP2_PASS 0.025
#define GP_DRAW   0.0006
#define GP_DENSE  0.015

static void say_passes(struct mcd_steps *s, struct mcd_step *step, int passes)
{
    mcd_step_word(s, step, "--passes");
    mcd_step_word(s, step, "%d", passes);
}

static struct mcd_step *add_fit(struct mcd_steps *s, const struct mcd_tutorial *t,
                                enum mcd_part part, int fit, const char *id)
{
    const struct mcd_scale *c = t->scale;
    struct mcd_step *step;
    int is_whole = part != MCD_PART_COMPARE;
    int tune = is_whole ? c->gp_tune : c->compare_tune;
    int draws = is_whole ? c->gp_draws : c->compare_draws;
    int epochs = is_whole ? c->mlp2_epochs : c->compare_epochs;
    if (fit == MCD_FIT_GP) {
        step = mcd_steps_add(s, part, id,
                             "train --model gp:tune=%d,draws=%d --out @runs/%s --format json", tune,
                             draws, id);
        mcd_step_output(s, step, "results/%s-posterior.json", id);
        step->captures = step->has_verdict = 1;
        step->cost = GP_DRAW * (tune + draws);
    } else {
        step = mcd_steps_add(s, part, id,
                             "train --model mlp2:activation=%s --epochs %d --out @runs/%s",
                             mcd_plan_fits[fit].id, epochs, id);
        mcd_step_output(s, step, "runs/%s/history.csv", id);
        step->trains = 1;
        step->cost = epochs * MLP2_STEP;
    }
    mcd_step_output(s, step, "runs/%s/weights.safetensors", id);
    return step;
}

/* ---- the whole series -------------------------------------------------------------------- */

/* A pass over the grid; 0 passes: weight averaging alone. */
static struct mcd_step *add_grid(struct mcd_steps *s, enum mcd_part part, const char *id,
                                 const char *what, int passes)
{
    const char *name = mcd_steps_text(s, "%s-%s", id, what);
    struct mcd_step *step =
        mcd_steps_add(s, part, name, "predict --grid %s --format json", MCD_PLAN_GRID);
    mcd_step_word(s, step, "--weights");
    mcd_step_input(s, step, "", mcd_steps_text(s, "runs/%s/weights.safetensors", id));
    mcd_step_output(s, step, "results/%s.json", name);
    step->captures = 1;
    if (passes > 0)
        say_passes(s, step, passes);
    step->cost = 0.3 + passes * MLP2_PASS;
    return step;
}

static void add_whole(struct mcd_steps *s, const struct mcd_tutorial *t, enum mcd_part part,
                      int fit)
{
    const struct mcd_scale *c = t->scale;
    const char *name = mcd_plan_fits[fit].id;
    const char *id = fit == MCD_FIT_GP ? name : mcd_steps_text(s, "mlp2-%s", name);
    struct mcd_step *step = add_fit(s, t, part, fit, id);
    mcd_step_word(s, step, "--data");
    mcd_step_word(s, step, "co2");
    mcd_plan_finish(s, step, t, 0);
    step->data = t->series_id;

    step = add_grid(s, part, id, "grid", fit == MCD_FIT_GP ? 0 : c->grid_passes);
    if (fit == MCD_FIT_GP) {
        step->has_verdict = 1;
        step->cost = 3;
    }
    mcd_plan_finish(s, step, t, 0);
    if (fit != MCD_FIT_TANH)
        return;
    step = add_grid(s, part, id, "average", 0);
    mcd_step_word(s, step, "--deterministic");
    mcd_plan_finish(s, step, t, 0);
}

/* ---- the comparison ---------------------------------------------------------------------- */

static void add_compared(struct mcd_steps *s, const struct mcd_tutorial *t, int fit)
{
    const struct mcd_scale *c = t->scale;
    const char *id = mcd_steps_text(s, "compare-%s", mcd_plan_fits[fit].id);
    struct mcd_step *step = add_fit(s, t, MCD_PART_COMPARE, fit, id);
    mcd_step_word(s, step, "--data");
    mcd_step_input(s, step, "", MCD_SPLIT_FIT);
    mcd_step_word(s, step, "--target");
    mcd_step_word(s, step, "y");
    mcd_step_word(s, step, "--no-standardise");
    mcd_step_word(s, step, "--hold-out");
    mcd_step_word(s, step, MCD_PLAN_HOLD_OUT);
    mcd_plan_finish(s, step, t, 0);
    /* These rows are not evenly spaced: Cholesky, for quadrature above all. */
    step->cost = fit == MCD_FIT_GP ? 18 + GP_DENSE * (c->compare_tune + c->compare_draws)
                                   : step->cost * 0.65;

    step = mcd_steps_add(s, MCD_PART_COMPARE, mcd_steps_text(s, "%s-scores", id),
                         "evaluate --format json");
    mcd_step_word(s, step, "--weights");
    mcd_step_input(s, step, "", mcd_steps_text(s, "runs/%s/weights.safetensors", id));
    mcd_step_word(s, step, "--data");
    mcd_step_input(s, step, "", MCD_SPLIT_TEST);
    if (fit != MCD_FIT_GP)
        say_passes(s, step, c->compare_passes);
    mcd_plan_finish(s, step, t, 0);
    mcd_step_output(s, step, "results/%s-scores.json", id);
    step->captures = 1;
    step->has_verdict = fit == MCD_FIT_GP;
    step->cost = fit == MCD_FIT_GP ? 3 : c->compare_passes * MLP2_PASS / 8;
}

void mcd_plan_regression(struct mcd_steps *s, const struct mcd_tutorial *t)
{
    add_whole(s, t, MCD_PART_MLP2, MCD_FIT_RELU);
    add_whole(s, t, MCD_PART_MLP2, MCD_FIT_TANH);
    add_whole(s, t, MCD_PART_GP, MCD_FIT_GP);
    for (int fit = 0; fit < MCD_FITS; fit++)
        add_compared(s, t, fit);
}
