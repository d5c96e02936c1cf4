/* Updates of parameters in place: SGD and ADAM. */
#include "ops.h"

#include <math.h>

static const char *sgd_refuse(const struct mcd_step *step)
{
    int missing = step->attr.u.sgd.momentum != 0 && step->nin < 3;
    return missing ? "momentum without a velocity" : NULL;
}

static void sgd(const struct job *job, int64_t first, int64_t end)
{
    const struct mcd_step *s = job->step;
    const struct mcd_attr_sgd *a = &s->attr.u.sgd;
    struct reals w = reals_of(&s->in[0]), dw = reals_of(&s->in[1]), out = reals_of(&s->out);
    double rate = mcd_step_rate(s, job->run, a->rate);
    for (int64_t i = first; i < end; i++) {
        double change = get(dw, i) + a->decay * get(w, i);
        if (s->nin == 3) {
            struct reals velocity = reals_of(&s->in[2]);
            change += a->momentum * get(velocity, i);
            put(velocity, i, change);
        }
        put(out, i, get(w, i) - rate * change);
    }
}

static void adam(const struct job *job, int64_t first, int64_t end)
{
    const struct mcd_step *s = job->step;
    const struct mcd_attr_adam *a = &s->attr.u.adam;
    struct reals w = reals_of(&s->in[0]), dw = reals_of(&s->in[1]), m = reals_of(&s->in[2]),
                 v = reals_of(&s->in[3]), out = reals_of(&s->out);
    double step = (double)job->run->update + 1, rate = mcd_step_rate(s, job->run, a->rate);
    double mean_bias = 1 - pow(a->beta1, step), square_bias = 1 - pow(a->beta2, step);
    for (int64_t i = first; i < end; i++) {
        double g = get(dw, i) + a->decay * get(w, i);
        double mean = a->beta1 * get(m, i) + (1 - a->beta1) * g;
        double square = a->beta2 * get(v, i) + (1 - a->beta2) * g * g;
        put(m, i, mean);
        put(v, i, square);
        double size = sqrt(square / square_bias) + a->epsilon;
        put(out, i, get(w, i) - rate * (mean / mean_bias) / size);
    }
}

const struct op update_ops[] = {
    {MCD_OP_SGD, "sgd", sgd_refuse, by_element, sgd},
    {MCD_OP_ADAM, "adam", NULL, by_element, adam},
    {0, NULL, NULL, NULL, NULL},
};
