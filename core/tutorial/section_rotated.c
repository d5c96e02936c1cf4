/* The image that is turned until it looks like another digit. */
#include "core/tutorial/sections.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Of the network of run 0, which makes passes, or of a further one. */
static json_t *read_turned(const struct mcd_paper *p, int net, int run)
{
    char file[120], which[20] = "";
    if (run > 0)
        snprintf(which, sizeof which, "-s%d", run + 1);
    snprintf(file, sizeof file, "results/rotated-%s%s.json", mcd_plan_nets[net].id, which);
    return mcd_steps_have(p->steps, file) ? mcd_reading_json(p->tutorial->dir, file) : NULL;
}

/* The place of the largest of member[image][...]; -1 where it is not there. */
static int largest(const json_t *json, const char *member, size_t image)
{
    const json_t *row = json_array_get(json_object_get(json, member), image);
    int best = -1;
    for (size_t k = 0; k < json_array_size(row); k++)
        if (best < 0 || json_number_value(json_array_get(row, k)) >
                            json_number_value(json_array_get(row, (size_t)best)))
            best = (int)k;
    return best;
}

int mcd_section_classes(const struct mcd_paper *p, int net, int run, int class[], size_t count)
{
    json_t *json = read_turned(p, net, run);
    int all = json != NULL;
    for (size_t i = 0; json && i < count; i++) {
        class[i] = largest(json, "deterministic", i);
        all &= class[i] >= 0;
    }
    json_decref(json);
    return all;
}

static void table(struct mcd_paper *p, int net, const json_t *json)
{
    static const struct mcd_paper_column columns[] = {
        {"angle", "degrees", 0, NULL},
        {"averaging", NULL, 0, "class by weight averaging"},
        {"passes", NULL, 0, "likeliest class by the mean of the passes"},
        {"probability", NULL, 0, "of that class, mean over the passes"},
        {"predictive entropy", "nats", 0,
         "how unsure the prediction is; ten classes at random: 2.30"},
        {"mutual information", "nats", 0, "the part of it that the passes disagree about"},
        {"other votes", "%", 0, "share of the passes that do not vote for the commonest class"},
        {NULL, NULL, 0, NULL},
    };
    static const char *const figure[] = {"predictive_entropy", "mutual_information",
                                         "variation_ratio"};
    static const double unit[] = {1, 1, 100};
    char id[80], title[120], angle[20];
    snprintf(id, sizeof id, "rotated-%s", mcd_part_names[mcd_plan_nets[net].part]);
    snprintf(title, sizeof title, "%s, %d passes", mcd_plan_nets[net].label,
             p->tutorial->scale->rotated_passes);
    mcd_paper_table(p, id, title, "Errors are Monte-Carlo standard errors.", columns);
    for (size_t i = 0; i < MCD_TURNED_IMAGES; i++) {
        int class = largest(json, "probability_mean", i);
        snprintf(angle, sizeof angle, "%zu", 50 + 7 * i);
        mcd_paper_row(p, angle);
        mcd_paper_words(p, "%d", largest(json, "deterministic", i));
        mcd_paper_words(p, "%d", class);
        mcd_paper_cell(p, mcd_reading_at(json, "probability_mean.%zu.%d", i, class),
                       mcd_reading_at(json, "probability_mcse.%zu.%d", i, class), "Monte-Carlo");
        for (int k = 0; k < 3; k++)
            mcd_paper_cell(p, unit[k] * mcd_reading_at(json, "%s.%zu", figure[k], i),
                           unit[k] * mcd_reading_at(json, "%s_mcse.%zu", figure[k], i),
                           "Monte-Carlo");
    }
}

void mcd_section_rotated(struct mcd_paper *p)
{
    if (!mcd_section_has(p, MCD_PART_ROTATED))
        return;
    int digits = strcmp(p->tutorial->images, "mnist") == 0;
    mcd_paper_section(p, "rotated", "Uncertainty: an image that is turned");
    mcd_paper_text(p,
                   "Test image %d of %s%s, turned by 50, 57, ... 127 degrees, is predicted by the "
                   "mlp (0.2, 0.5) and the lenet (0.5): once by weight averaging, and with its "
                   "dropout on.",
                   MCD_PLAN_INDEX, mcd_section_images(p), digits ? ", a one" : "");
    mcd_paper_figure(p, "figure3", "Figure 3", "The twelve images that are predicted.");
    for (int i = 0; i < 2; i++) {
        int net = mcd_plan_turned[i];
        json_t *json = read_turned(p, net, 0);
        char figure[20], title[120];
        if (json)
            table(p, net, json);
        json_decref(json);
        snprintf(figure, sizeof figure, "figure4%c", 'a' + i);
        snprintf(title, sizeof title, "Figure 4, %s", mcd_plan_nets[net].label);
        mcd_paper_figure(p, figure, title,
                         "Each dot is one pass. Where the clouds of two classes overlap the "
                         "prediction is uncertain, whatever weight averaging's softmax says.");
    }
    mcd_paper_sources(p, MCD_PART_ROTATED);
}
