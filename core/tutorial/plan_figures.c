/* The figures: each a call of mcdrop plot on results that are there. */
#include "core/tutorial/plan.h"

#include <string.h>

#define FIGURE_COST 1.0

/* The words before the files; `id` names the outputs. */
static struct mcd_step *add_figure(struct mcd_steps *s, enum mcd_part part, const char *kind,
                                   const char *id, const char *gnuplot)
{
    struct mcd_step *step = mcd_steps_add(s, part, id, "plot %s --out @figures/%s", kind, id);
    mcd_step_output(s, step, "figures/%s.gp", id);
    /* Without gnuplot there are scripts alone: the step is another one once it is there. */
    step->data = mcd_steps_text(s, "gnuplot: %s", gnuplot ? gnuplot : "none");
    step->cost = FIGURE_COST;
    return step;
}

static void add_of_images(struct mcd_steps *s, const struct mcd_tutorial *t, const char *gnuplot)
{
    struct mcd_step *step = add_figure(s, MCD_PART_MLP, "digits", "figure1", gnuplot);
    mcd_step_word(s, step, "--data");
    mcd_step_word(s, step, "%s", t->images);
    step->data = mcd_steps_text(s, "%s, %s", step->data, t->images_id);

    step = add_figure(s, MCD_PART_ROTATED, "digits", "figure3", gnuplot);
    mcd_step_word(s, step, "--captions");
    mcd_step_word(s, step, "%s", "50°,57°,64°,71°,78°,85°,92°,99°,106°,113°,120°,127°");
    mcd_step_input(s, step, "", "results/rotated.npy");
    for (int i = 0; i < 2; i++) {
        const char *net = mcd_plan_nets[mcd_plan_turned[i]].id;
        step = add_figure(s, MCD_PART_ROTATED, "samples", mcd_steps_text(s, "figure4%c", 'a' + i),
                          gnuplot);
        mcd_step_input(s, step, "", mcd_steps_text(s, "results/rotated-%s.npy", net));
        if (strcmp(t->images, "mnist") == 0) {
            mcd_step_word(s, step, "--classes");
            mcd_step_word(s, step, "1,7,3");
        }
    }
}

/* Of all its seeds, under one label. */
static void add_runs(struct mcd_steps *s, struct mcd_step *step, const struct mcd_tutorial *t,
                     const struct mcd_plan_net *net)
{
    for (int run = 0; run < mcd_plan_seeds(t, net); run++)
        mcd_step_optional(s, step, mcd_steps_text(s, "%s=", net->label),
                          mcd_steps_text(s, "runs/%s-s%d/history.csv", net->id, run + 1));
}

/* Figure 2: the mlp's curves alone, then with the lenet's. */
static void add_curves(struct mcd_steps *s, const struct mcd_tutorial *t, const char *gnuplot)
{
    for (int all = 0; all < 2; all++) {
        struct mcd_step *step =
            add_figure(s, MCD_PART_REPORT, "errors", all ? "figure2b" : "figure2a", gnuplot);
        for (int i = 0; i < MCD_NETS; i++)
            if (all || mcd_plan_nets[i].part == MCD_PART_MLP)
                add_runs(s, step, t, &mcd_plan_nets[i]);
    }
}

static void add_of_series(struct mcd_steps *s, const struct mcd_tutorial *t, const char *gnuplot)
{
    struct mcd_step *step = add_figure(s, MCD_PART_MLP2, "series", "figure5", gnuplot);
    mcd_step_word(s, step, "--data");
    mcd_step_word(s, step, "co2");
    step->data = mcd_steps_text(s, "%s, %s", step->data, t->series_id);

    step = add_figure(s, MCD_PART_GP, "chains", "figure6", gnuplot);
    mcd_step_input(s, step, "", "runs/gp/weights.safetensors");

    step = add_figure(s, MCD_PART_REPORT, "bands", "figure7", gnuplot);
    mcd_step_optional(s, step, "Weight averaging, tanh=", "results/mlp2-tanh-average.json");
    mcd_step_optional(s, step, "Gaussian process=", "results/gp-grid.json");
    mcd_step_optional(s, step, "MC dropout, relu=", "results/mlp2-relu-grid.json");
    mcd_step_optional(s, step, "MC dropout, tanh=", "results/mlp2-tanh-grid.json");
}

static void add_reliability(struct mcd_steps *s, const char *gnuplot)
{
    struct mcd_step *step = add_figure(s, MCD_PART_REPORT, "reliability", "figure8", gnuplot);
    for (int i = 0; i < MCD_NETS; i++)
        if (mcd_plan_nets[i].is_stochastic)
            mcd_step_optional(s, step, mcd_steps_text(s, "%s=", mcd_plan_nets[i].label),
                              mcd_steps_text(s, "results/%s-scores.json", mcd_plan_nets[i].id));
}

void mcd_plan_figures(struct mcd_steps *s, const struct mcd_tutorial *t, const char *gnuplot)
{
    add_of_images(s, t, gnuplot);
    add_curves(s, t, gnuplot);
    add_of_series(s, t, gnuplot);
    add_reliability(s, gnuplot);
}
