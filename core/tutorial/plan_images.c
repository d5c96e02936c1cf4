/* Classifiers: training, scores, and the image that is turned. */
#include "core/tutorial/plan.h"

#include <string.h>

enum { TRAIN_ROWS = 60000, TEST_ROWS = 10000, BATCH = 128 };

/* Seconds on two cores with AVX-512; they weigh what is left to do, and the clock corrects them. */
#define LOAD_COST 1.3
static double epoch_cost(const struct mcd_tutorial *t, enum mcd_part part)
{
    double rows = t->scale->image_rows ? (double)t->scale->image_rows : TRAIN_ROWS;
    return part == MCD_PART_MLP ? rows / BATCH * 0.0053 + 0.15 : rows / BATCH * 0.033 + 0.9;
}

static void add_training(struct mcd_steps *s, const struct mcd_tutorial *t,
                         const struct mcd_plan_net *net, int run)
{
    int epochs = net->part == MCD_PART_MLP ? t->scale->mlp_epochs : t->scale->lenet_epochs;
    const char *id = mcd_steps_text(s, "%s-s%d", net->id, run + 1);
    struct mcd_step *step =
        mcd_steps_add(s, net->part, id, "train --model %s --data %s --epochs %d --out @runs/%s",
                      net->model, t->images, epochs, id);
    if (t->scale->image_rows) {
        mcd_step_word(s, step, "--rows");
        mcd_step_word(s, step, "%lld", (long long)t->scale->image_rows);
    }
    mcd_plan_finish(s, step, t, run);
    mcd_step_output(s, step, "runs/%s/history.csv", id);
    mcd_step_output(s, step, "runs/%s/weights.safetensors", id);
    step->trains = 1;
    step->data = t->images_id;
    step->cost = LOAD_COST + epochs * epoch_cost(t, net->part);
}

/* The first run's scores: by weight averaging, and by passes where there are any. */
static void add_scores(struct mcd_steps *s, const struct mcd_tutorial *t,
                       const struct mcd_plan_net *net)
{
    const struct mcd_scale *c = t->scale;
    int rows = c->score_rows ? c->score_rows : TEST_ROWS;
    struct mcd_step *step =
        mcd_steps_add(s, net->part, mcd_steps_text(s, "%s-scores", net->id),
                      "evaluate --data %s --rows %d --format json", t->images, rows);
    mcd_step_word(s, step, "--weights");
    mcd_step_input(s, step, "", mcd_steps_text(s, "runs/%s-s1/weights.safetensors", net->id));
    if (net->is_stochastic) {
        mcd_step_word(s, step, "--passes");
        mcd_step_word(s, step, "%d", c->score_passes);
    } else {
        mcd_step_word(s, step, "--deterministic");
    }
    mcd_plan_finish(s, step, t, 0);
    mcd_step_output(s, step, "results/%s-scores.json", net->id);
    step->captures = 1;
    step->data = t->images_id;
    step->cost = LOAD_COST + 1e-6 * rows * (net->is_stochastic ? c->score_passes : 1) *
                                 (net->part == MCD_PART_MLP ? 18 : 50);
}

static void add_turning(struct mcd_steps *s, const struct mcd_tutorial *t)
{
    struct mcd_step *step =
        mcd_steps_add(s, MCD_PART_ROTATED, "rotate",
                      "rotate --data %s --index %d --angles %s --out @results/rotated.npy",
                      t->images, MCD_PLAN_INDEX, MCD_PLAN_ANGLES);
    mcd_step_output(s, step, "results/rotated.npy");
    step->data = t->images_id;
    step->cost = LOAD_COST;
}

/* What each further seed's network makes of the turned image: by weight averaging alone. */
static void add_seen(struct mcd_steps *s, const struct mcd_tutorial *t,
                     const struct mcd_plan_net *net, int run)
{
    const char *id = mcd_steps_text(s, "rotated-%s-s%d", net->id, run + 1);
    struct mcd_step *step =
        mcd_steps_add(s, net->part, id, "predict --deterministic --format json --weights");
    mcd_step_input(s, step, "",
                   mcd_steps_text(s, "runs/%s-s%d/weights.safetensors", net->id, run + 1));
    mcd_step_word(s, step, "--input");
    mcd_step_input(s, step, "", "results/rotated.npy");
    mcd_plan_finish(s, step, t, run);
    mcd_step_output(s, step, "results/%s.json", id);
    step->captures = 1;
    step->cost = 0.2;
}

static void add_net(struct mcd_steps *s, const struct mcd_tutorial *t, int i)
{
    const struct mcd_plan_net *net = &mcd_plan_nets[i];
    int is_turned = i == mcd_plan_turned[0] || i == mcd_plan_turned[1];
    for (int run = 0; run < mcd_plan_seeds(t, net); run++) {
        add_training(s, t, net, run);
        if (is_turned && run > 0)
            add_seen(s, t, net, run);
    }
    add_scores(s, t, net);
}

static void add_turned(struct mcd_steps *s, const struct mcd_tutorial *t,
                       const struct mcd_plan_net *net)
{
    const char *id = mcd_steps_text(s, "rotated-%s", net->id);
    struct mcd_step *step = mcd_steps_add(s, MCD_PART_ROTATED, id, "predict --weights");
    mcd_step_input(s, step, "", mcd_steps_text(s, "runs/%s-s1/weights.safetensors", net->id));
    mcd_step_word(s, step, "--input");
    mcd_step_input(s, step, "", "results/rotated.npy");
    mcd_step_word(s, step, "--passes");
    mcd_step_word(s, step, "%d", t->scale->rotated_passes);
    mcd_step_word(s, step, "--keep-samples");
    mcd_step_word(s, step, "@results/%s.npy", id);
    step->word[step->words - 1].is_template = 1;
    mcd_step_word(s, step, "--format");
    mcd_step_word(s, step, "json");
    mcd_plan_finish(s, step, t, 0);
    mcd_step_output(s, step, "results/%s.json", id);
    mcd_step_output(s, step, "results/%s.npy", id);
    step->captures = 1;
    step->cost = 0.2 + t->scale->rotated_passes * (net->part == MCD_PART_MLP ? 4e-4 : 2e-3);
}

void mcd_plan_images(struct mcd_steps *s, const struct mcd_tutorial *t)
{
    add_turning(s, t);
    for (int i = 0; i < MCD_NETS; i++)
        add_net(s, t, i);
    for (int i = 0; i < 2; i++)
        add_turned(s, t, &mcd_plan_nets[mcd_plan_turned[i]]);
}
