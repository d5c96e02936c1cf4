/* What the classifiers' trainings gave. */
#include "core/tutorial/sections.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TEST_IMAGES = 10000 }; /* of MNIST and of Fashion-MNIST */

int mcd_section_has(const struct mcd_paper *p, enum mcd_part part)
{
    for (size_t i = 0; i < p->steps->count; i++) {
        const struct mcd_step *step = &p->steps->step[i];
        if (step->part == part && step->state != MCD_STEP_UNWANTED && step->state != MCD_STEP_OPEN)
            return 1;
    }
    return 0;
}

const char *mcd_section_images(const struct mcd_paper *p)
{
    return strcmp(p->tutorial->images, "mnist") == 0 ? "MNIST" : "Fashion-MNIST";
}

const char *mcd_section_rows(const struct mcd_scale *s, char text[40])
{
    if (!s->image_rows)
        return "all";
    snprintf(text, 40, "the first %lld", (long long)s->image_rows);
    return text;
}

size_t mcd_section_errors(const struct mcd_paper *p, int net, int epochs,
                          struct mcd_reading_errors errors[MCD_CLAIM_RUNS])
{
    const struct mcd_plan_net *n = &mcd_plan_nets[net];
    char file[120];
    size_t count = 0;
    for (int run = 0; run < mcd_plan_seeds(p->tutorial, n) && count < MCD_CLAIM_RUNS; run++) {
        snprintf(file, sizeof file, "runs/%s-s%d/history.csv", n->id, run + 1);
        if (!mcd_steps_have(p->steps, file))
            continue;
        errors[count] = mcd_reading_errors(p->tutorial->dir, file, epochs);
        count += isfinite(errors[count].final) != 0;
    }
    return count;
}

struct mcd_claim mcd_section_final(const struct mcd_paper *p, int net)
{
    struct mcd_reading_errors errors[MCD_CLAIM_RUNS];
    struct mcd_claim c = {.runs = mcd_section_errors(p, net, 0, errors)};
    for (size_t i = 0; i < c.runs; i++)
        c.seen[i] = errors[i].final;
    mcd_claim_judge(&c);
    return c;
}

static void final_errors(struct mcd_paper *p, int net)
{
    struct mcd_claim c = mcd_section_final(p, net);
    char kind[40];
    snprintf(kind, sizeof kind, "sd over %zu seeds", c.runs);
    if (c.runs == 1) /* as many wrong as a binomial law of this mean gives */
        mcd_paper_cell(p, c.mean, sqrt(c.mean * (1 - c.mean / TEST_IMAGES)),
                       "over other test images");
    else
        mcd_paper_cell(p, c.runs ? c.mean : NAN, c.sd, kind);
}

static void errors_table(struct mcd_paper *p, enum mcd_part part)
{
    static const struct mcd_paper_column columns[] = {
        {"network", NULL, 0, "with its drop probabilities"},
        {"final errors", NULL, 0, "wrong test images, mean over the last tenth of the epochs"},
        {NULL, NULL, 0, NULL},
    };
    mcd_paper_table(p, part == MCD_PART_MLP ? "mlp-errors" : "lenet-errors", "Final errors",
                    "Of all 10000 test images, by weight averaging.", columns);
    for (int i = 0; i < MCD_NETS; i++) {
        if (mcd_plan_nets[i].part != part)
            continue;
        mcd_paper_row(p, mcd_plan_nets[i].label);
        final_errors(p, i);
    }
}

/* A row for weight averaging, and one for passes where there are any. */
static void scores(struct mcd_paper *p, const struct mcd_plan_net *net, const json_t *json)
{
    static const char *const how[][4] = {
        {"weight_averaging", "averaging", "test_se", "over other test images"},
        {"monte_carlo", "passes", "mc_se", "Monte-Carlo"},
    };
    static const char *const name[] = {"errors", "nll", "ece", "auroc"};
    for (int k = 0; k < 2; k++) {
        if (!isfinite(mcd_reading_at(json, "scores.%s.nll.value", how[k][0])))
            continue;
        mcd_paper_row(p, net->label);
        mcd_paper_words(p, "%s", how[k][1]);
        for (int i = 0; i < 4; i++)
            mcd_paper_cell(p, mcd_reading_at(json, "scores.%s.%s.value", how[k][0], name[i]),
                           mcd_reading_at(json, "scores.%s.%s.%s", how[k][0], name[i], how[k][2]),
                           how[k][3]);
    }
}

static void scores_table(struct mcd_paper *p, enum mcd_part part)
{
    static const struct mcd_paper_column columns[] = {
        {"network", NULL, 0, NULL},
        {"prediction", NULL, 0, "by weight averaging, or by the mean of the passes"},
        {"errors", NULL, 0, NULL},
        {"NLL", "nats", 0, "mean negative log likelihood"},
        {"ECE", NULL, 0, "expected calibration error"},
        {"AUROC", NULL, 0, "how well the entropy finds errors: 0.5 not at all, 1 without fail"},
        {NULL, NULL, 0, NULL},
    };
    const struct mcd_scale *s = p->tutorial->scale;
    char note[300], rows[40] = "all", file[120];
    if (s->score_rows)
        snprintf(rows, sizeof rows, "the first %d", s->score_rows);
    snprintf(note, sizeof note, "The first seed's network, %s test images, %d passes.", rows,
             s->score_passes);
    mcd_paper_table(p, part == MCD_PART_MLP ? "mlp-scores" : "lenet-scores", "Scores", note,
                    columns);
    for (int i = 0; i < MCD_NETS; i++) {
        snprintf(file, sizeof file, "results/%s-scores.json", mcd_plan_nets[i].id);
        if (mcd_plan_nets[i].part != part || !mcd_steps_have(p->steps, file))
            continue;
        json_t *json = mcd_reading_json(p->tutorial->dir, file);
        scores(p, &mcd_plan_nets[i], json);
        json_decref(json);
    }
}

static void describe(struct mcd_paper *p, enum mcd_part part)
{
    const struct mcd_scale *s = p->tutorial->scale;
    int is_mlp = part == MCD_PART_MLP;
    char rows[40];
    mcd_paper_text(p,
                   "%s Trained by SGD with learning rate %s, 128 images a step, for %d epochs on "
                   "%s training images of %s, with %d seed%s.",
                   is_mlp ? "Two hidden layers of 800 tanh units; (p0, p1) are the probabilities "
                            "of dropping an input and a hidden unit."
                          : "Two convolutions of 5x5 with pooling, then a dense layer of 500; all "
                            "three are followed by dropout with the given probability.",
                   is_mlp ? "0.1" : "0.01", is_mlp ? s->mlp_epochs : s->lenet_epochs,
                   mcd_section_rows(s, rows), mcd_section_images(p),
                   is_mlp ? s->mlp_seeds : s->lenet_seeds,
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
    errors_table(p, part);
    scores_table(p, part);
    if (is_mlp)
        mcd_paper_figure(p, "figure1", "Figure 1", "Ten training images with their labels.");
    mcd_paper_figure(p, is_mlp ? "figure2a" : "figure2b",
                     is_mlp ? "Figure 2"
                            : "Figure 2, with "
                              "the lenet",
                     is_mlp ? "Whether the plain network's errors stay once it has learnt its "
                              "images by heart, while those with dropout go on falling."
                            : "Whether the lenet's curves lie below those of the mlp, and with "
                              "dropout below those without.");
    if (!is_mlp)
        mcd_paper_figure(p, "figure8", "Reliability",
                         "On the diagonal a network that is 80 % sure is right 80 times in 100; "
                         "above it the network is better than it believes.");
    mcd_paper_sources(p, part);
}
