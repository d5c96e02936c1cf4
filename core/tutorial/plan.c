/* What all steps have, and their order. */
#include "core/tutorial/plan.h"

#include "core/base/error.h"

#include <inttypes.h>

const struct mcd_plan_net mcd_plan_nets[MCD_NETS] = {
    [MCD_NET_PLAIN] = {"mlp-0-0", "mlp (0, 0)", "mlp:drop_in=0,drop=0", MCD_PART_MLP, 0},
    [MCD_NET_HIDDEN] = {"mlp-0-0.5", "mlp (0, 0.5)", "mlp:drop_in=0,drop=0.5", MCD_PART_MLP, 1},
    [MCD_NET_INPUT] = {"mlp-0.2-0.5", "mlp (0.2, 0.5)", "mlp:drop_in=0.2,drop=0.5", MCD_PART_MLP,
                       1},
    [MCD_NET_LENET] = {"lenet-0", "lenet (0)", "lenet:drop=0", MCD_PART_LENET, 0},
    [MCD_NET_LENET_DROP] = {"lenet-0.5", "lenet (0.5)", "lenet:drop=0.5", MCD_PART_LENET, 1},
};

const struct mcd_plan_fit mcd_plan_fits[MCD_FITS] = {
    [MCD_FIT_RELU] = {"relu", "MC dropout, relu"},
    [MCD_FIT_TANH] = {"tanh", "MC dropout, tanh"},
    [MCD_FIT_GP] = {"gp", "Gaussian process"},
};

const int mcd_plan_turned[2] = {MCD_NET_INPUT, MCD_NET_LENET_DROP};

void mcd_plan_finish(struct mcd_steps *s, struct mcd_step *step, const struct mcd_tutorial *t,
                     int run)
{
    mcd_step_word(s, step, "--seed");
    mcd_step_word(s, step, "%" PRIu64, t->seed + (uint64_t)run);
    mcd_step_word(s, step, "--backend");
    mcd_step_word(s, step, "%s", t->backend);
    if (!t->threads)
        return;
    mcd_step_word(s, step, "--threads");
    mcd_step_word(s, step, "%" PRIu32, t->threads);
    step->word[step->words - 2].is_incidental = step->word[step->words - 1].is_incidental = 1;
}

int mcd_plan_make(struct mcd_steps *s, const struct mcd_tutorial *t, const char *gnuplot,
                  struct mcd_error *e)
{
    s->count = s->used = 0;
    s->is_full = 0;
    mcd_plan_images(s, t);
    mcd_plan_regression(s, t);
    mcd_plan_figures(s, t, gnuplot);
    return s->is_full ? mcd_fail(e, MCD_INVALID, "tutorial", "its plan has no room for all steps")
                      : MCD_OK;
}
