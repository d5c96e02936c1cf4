/* Dropout and Gaussian process, judged on the same rows that neither has seen. */
#include "core/tutorial/sections.h"

#include <math.h>
#include <stdio.h>

static void row(struct mcd_paper *p, json_t *const json[MCD_FITS], const char *score,
                const char *label)
{
    mcd_paper_row(p, label);
    for (int fit = 0; fit < MCD_FITS; fit++) {
        double mc = mcd_reading_at(json[fit], "scores.monte_carlo.0.%s.mc_se", score);
        double value = mcd_reading_at(json[fit], "scores.monte_carlo.0.%s.value", score);
        mcd_paper_cell(p, value,
                       mcd_reading_at(json[fit], "scores.monte_carlo.0.%s.test_se", score),
                       "over other test rows");
        mcd_paper_cell(p, isfinite(value) ? mc : NAN, NAN, NULL);
    }
}

static void table(struct mcd_paper *p, json_t *const json[MCD_FITS])
{
    static const struct mcd_paper_column columns[] = {
        {"score", NULL, 0, NULL},
        {"dropout, relu", NULL, 0, NULL},
        {"its Monte-Carlo error", NULL, 2, NULL},
        {"dropout, tanh", NULL, 0, NULL},
        {"its Monte-Carlo error", NULL, 2, NULL},
        {"Gaussian process", NULL, 0, NULL},
        {"its Monte-Carlo error", NULL, 2, NULL},
        {NULL, NULL, 0, NULL},
    };
    static const char *const scores[][2] = {
        {"rmse", "RMSE"},
        {"log_likelihood", "log likelihood per row, nats"},
        {"crps", "CRPS"},
        {"coverage_50", "within the 50 % interval"},
        {"width_50", "its width"},
        {"coverage_80", "within the 80 % interval"},
        {"width_80", "its width"},
        {"coverage_90", "within the 90 % interval"},
        {"width_90", "its width"},
        {"coverage_95", "within the 95 % interval"},
        {"width_95", "its width"},
        {"epistemic_sd", "sd without noise"},
        {"total_sd", "sd with noise"},
    };
    mcd_paper_table(p, "comparison", "On the same held-out rows",
                    "Errors behind +- are over other test rows; the Monte-Carlo error is over "
                    "other passes or draws. Lower is better for RMSE, CRPS and widths, higher for "
                    "the log likelihood; coverage should be what its interval says. Values are in "
                    "standard deviations of CO2.",
                    columns);
    for (size_t i = 0; i < sizeof scores / sizeof *scores; i++)
        row(p, json, scores[i][0], scores[i][1]);
}

static void describe(struct mcd_paper *p)
{
    mcd_paper_text(p,
                   "Each fits the same rows of the series and is judged on the same others. One "
                   "row in five is the test, drawn by the seed; no fit and no choice has seen "
                   "it. Of the rest each command holds out another fifth (--hold-out %s, the "
                   "same seed: the same rows). The networks need these for tau, the precision "
                   "of their noise, which fits to neither the rows that they learn nor those "
                   "that are judged; the Gaussian process has its noise from the posterior and "
                   "makes no use of them.",
                   MCD_PLAN_HOLD_OUT);
    mcd_paper_text(p,
                   "The test rows lie between rows that were learnt, so this compares how well "
                   "both fill gaps, not what they say beyond the data: that is Figure 7. The "
                   "networks train for %d epochs and make %d passes.",
                   p->tutorial->scale->compare_epochs, p->tutorial->scale->compare_passes);
}

void mcd_section_compare(struct mcd_paper *p)
{
    json_t *json[MCD_FITS];
    char file[120];
    if (!mcd_section_has(p, MCD_PART_COMPARE))
        return;
    mcd_paper_section(p, "compare", "Dropout and Gaussian process compared");
    describe(p);
    json_t *posterior = mcd_section_posterior(p, MCD_COMPARE_POSTERIOR);
    if (posterior)
        mcd_section_verdict(p, posterior);
    json_decref(posterior);
    for (int fit = 0; fit < MCD_FITS; fit++) {
        snprintf(file, sizeof file, "results/compare-%s-scores.json", mcd_plan_fits[fit].id);
        json[fit] =
            mcd_steps_have(p->steps, file) ? mcd_reading_json(p->tutorial->dir, file) : NULL;
    }
    if (json[MCD_FIT_RELU] || json[MCD_FIT_TANH] || json[MCD_FIT_GP])
        table(p, json);
    for (int fit = 0; fit < MCD_FITS; fit++)
        json_decref(json[fit]);
    mcd_paper_sources(p, MCD_PART_COMPARE);
}

void mcd_section_report(struct mcd_paper *p)
{
    if (!mcd_section_has(p, MCD_PART_REPORT))
        return;
    mcd_paper_section(p, "commands", "Figures of several parts");
    mcd_paper_text(p,
                   "Every number and figure here is the outcome of an mcdrop command that stands "
                   "in its section and can be repeated; these drew the figures that belong to "
                   "more than one.");
    mcd_paper_sources(p, MCD_PART_REPORT);
}
