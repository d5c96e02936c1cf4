/* What the classifiers' trainings gave. */
#include "core/tutorial/sections.h"

#include <math.h>
#include <stdio.h>

int mcd_section_has(const struct mcd_paper *p, enum mcd_part part)
{
    for (size_t i = 0; i < p->steps->count; i++) {
        const struct mcd_step *step = &p->steps->step[i];
        if (step->part == part && step->state != MCD_STEP_UNWANTED && step->state != MCD_STEP_OPEN)
            return 1;
    }
    return 0;
}

size_t mcd_section_errors(const struct mcd_paper *p, int net, double value[MCD_CLAIM_RUNS])
{
    const struct mcd_plan_net *n = &mcd_plan_nets[net];
    char file[120];
    size_t count = 0;
    for (int run = 0; run < mcd_plan_seeds(p->tutorial, n) && count < MCD_CLAIM_RUNS; run++) {
        snprintf(file, sizeof file, "runs/%s-s%d/history.csv", n->id, run + 1);
        double errors =
            mcd_steps_have(p->steps, file) ? mcd_reading_final_errors(p->tutorial->dir, file) : NAN;
        if (isfinite(errors))
            value[count++] = errors;
    }
    return count;
}

static void final_errors(struct mcd_paper *p, int net)
{
    struct mcd_claim c = {0};
    char kind[40];
    c.runs = mcd_section_errors(p, net, c.seen);
    mcd_claim_judge(&c);
    snprintf(kind, sizeof kind, "sd over %zu seeds", c.runs);
    mcd_paper_cell(p, c.runs ? c.mean : NAN, c.sd, kind);
}

/* By weight averaging, and by passes where there are any. */
static void scores(struct mcd_paper *p, const struct mcd_plan_net *net)
{
    static const char *const name[] = {"errors", "nll", "ece"};
    char file[120];
    snprintf(file, sizeof file, "results/%s-scores.json", net->id);
    json_t *json = mcd_steps_have(p->steps, file) ? mcd_reading_json(p->tutorial->dir, file) : NULL;
    for (int i = 0; i < 3; i++) {
        mcd_paper_cell(p, mcd_reading_at(json, "scores.weight_averaging.%s.value", name[i]),
                       mcd_reading_at(json, "scores.weight_averaging.%s.test_se", name[i]),
                       "over other test images");
        mcd_paper_cell(p, mcd_reading_at(json, "scores.monte_carlo.%s.value", name[i]),
                       mcd_reading_at(json, "scores.monte_carlo.%s.mc_se", name[i]), "Monte-Carlo");
    }
    json_decref(json);
}

static void table(struct mcd_paper *p, enum mcd_part part)
{
    static const struct mcd_paper_column columns[] = {
        {"network", NULL, 0, "with its drop probabilities"},
        {"final errors", NULL, 0,
         "wrong test images by weight averaging, mean over the last tenth of the epochs"},
        {"errors, averaging", NULL, 0, "of the first seed on the images that are scored"},
        {"errors, passes", NULL, 0, "of the mean of the passes, same images"},
        {"NLL, averaging", "nats", 0, "mean negative log likelihood"},
        {"NLL, passes", "nats", 0, NULL},
        {"ECE, averaging", NULL, 0, "expected calibration error"},
        {"ECE, passes", NULL, 0, NULL},
        {NULL, NULL, 0, NULL},
    };
    const struct mcd_scale *s = p->tutorial->scale;
    char note[400], rows[40] = "all";
    if (s->score_rows)
        snprintf(rows, sizeof rows, "the first %d", s->score_rows);
    snprintf(note, sizeof note,
             "Final errors are of all test images, over the seeds. The other columns are of the "
             "first seed and %s test images, the passes %d; without dropout there are none.",
             rows, s->score_passes);
    mcd_paper_table(p, part == MCD_PART_MLP ? "mlp-errors" : "lenet-errors", "Test errors", note,
                    columns);
    for (int i = 0; i < MCD_NETS; i++) {
        if (mcd_plan_nets[i].part != part)
            continue;
        mcd_paper_row(p, mcd_plan_nets[i].label);
        final_errors(p, i);
        scores(p, &mcd_plan_nets[i]);
    }
}

static void describe(struct mcd_paper *p, enum mcd_part part)
{
    const struct mcd_scale *s = p->tutorial->scale;
    int is_mlp = part == MCD_PART_MLP;
    char rows[40] = "all";
    if (s->image_rows)
        snprintf(rows, sizeof rows, "the first %lld", (long long)s->image_rows);
    mcd_paper_text(p,
                   "%s Trained by SGD with learning rate %s, 128 images a step, for %d epochs on "
                   "%s training images of %s, with %d seed%s.",
                   is_mlp ? "Two hidden layers of 800 tanh units; (p0, p1) are the probabilities "
                            "of dropping an input and a hidden unit."
                          : "Two convolutions of 5x5 with pooling, then a dense layer of 500; all "
                            "three are followed by dropout with the given probability.",
                   is_mlp ? "0.1" : "0.01", is_mlp ? s->mlp_epochs : s->lenet_epochs, rows,
                   p->tutorial->images, is_mlp ? s->mlp_seeds : s->lenet_seeds,
                   (is_mlp ? s->mlp_seeds : s->lenet_seeds) == 1 ? "" : "s");
}

void mcd_section_nets(struct mcd_paper *p, enum mcd_part part)
{
    int is_mlp = part == MCD_PART_MLP;
    if (!mcd_section_has(p, part))
        return;
    mcd_paper_section(p, mcd_part_names[part],
                      is_mlp ? "Dropout as regularisation: the mlp" : "The lenet");
    describe(p, part);
    table(p, part);
    if (is_mlp)
        mcd_paper_figure(p, "figure1", "Figure 1", "Ten training images with their labels.");
    mcd_paper_figure(p, is_mlp ? "figure2a" : "figure2b",
                     is_mlp ? "Figure 2"
                            : "Figure 2, with "
                              "the lenet",
                     is_mlp ? "Once the plain network has learnt its training images by heart its "
                              "errors stay; with dropout they go on falling, at first more slowly."
                            : "The lenet's errors lie below all of the mlp's.");
    if (!is_mlp)
        mcd_paper_figure(p, "figure8", "Reliability",
                         "On the diagonal a network that is 80 % sure is right 80 times in 100; "
                         "above it the network is better than it believes.");
    mcd_paper_sources(p, part);
}
