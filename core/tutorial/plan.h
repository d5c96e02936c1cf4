/* The tutorial as a list of steps, and the names by which other files know its runs. */
#ifndef CORE_TUTORIAL_PLAN_H
#define CORE_TUTORIAL_PLAN_H

#include "core/tutorial/step.h"

/* The classifiers, in the order of the tables. */
struct mcd_plan_net {
    const char *id;    /* of runs/ID-sK: K counts seeds from 1 */
    const char *label; /* in figures and tables */
    const char *model; /* specification */
    enum mcd_part part;
    int is_stochastic;
};

enum {
    MCD_NET_PLAIN,
    MCD_NET_HIDDEN, /* dropout in the hidden layers */
    MCD_NET_INPUT,  /* and in the input */
    MCD_NET_LENET,
    MCD_NET_LENET_DROP,
    MCD_NETS
};

extern const struct mcd_plan_net mcd_plan_nets[MCD_NETS];

static inline int mcd_plan_seeds(const struct mcd_tutorial *t, const struct mcd_plan_net *net)
{
    return net->part == MCD_PART_MLP ? t->scale->mlp_seeds : t->scale->lenet_seeds;
}

/* The regressions: networks with either activation, and the Gaussian process. */
enum { MCD_FIT_RELU, MCD_FIT_TANH, MCD_FIT_GP, MCD_FITS };

struct mcd_plan_fit {
    const char *id;
    const char *label;
};

extern const struct mcd_plan_fit mcd_plan_fits[MCD_FITS];

/* The two networks whose passes over the turned image are kept. */
extern const int mcd_plan_turned[2];

#define MCD_PLAN_INDEX    9978
#define MCD_PLAN_ANGLES   "50:127:7"
#define MCD_PLAN_GRID     "-1.72:3.5:0.01"
#define MCD_PLAN_HOLD_OUT "0.2"

/* All steps, whether wanted or not. `gnuplot` is its version, or NULL where there is none. */
int mcd_plan_make(struct mcd_steps *s, const struct mcd_tutorial *t, const char *gnuplot,
                  struct mcd_error *e);

/* For the files of the plan: what every computing step ends with. */
void mcd_plan_finish(struct mcd_steps *s, struct mcd_step *step, const struct mcd_tutorial *t,
                     int run);

void mcd_plan_images(struct mcd_steps *s, const struct mcd_tutorial *t);
void mcd_plan_regression(struct mcd_steps *s, const struct mcd_tutorial *t);
void mcd_plan_figures(struct mcd_steps *s, const struct mcd_tutorial *t, const char *gnuplot);

#endif
