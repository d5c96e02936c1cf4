/* The Gaussian process: posterior, diagnostics, and quadrature beside them. */
#include "core/tutorial/sections.h"

#include <math.h>
#include <stdio.h>

static const char *const quantity[] = {"l", "eta", "sigma"};
static const char *const meaning[] = {"length scale", "sd of the signal", "sd of the noise"};

json_t *mcd_section_posterior(const struct mcd_paper *p, const char *file)
{
    return mcd_steps_have(p->steps, file) ? mcd_reading_json(p->tutorial->dir, file) : NULL;
}

double mcd_section_worst_z(const json_t *json)
{
    double worst = 0;
    for (int i = 0; i < 3; i++) {
        double z = fabs(mcd_reading_at(json, "posterior.%s.mean", quantity[i]) -
                        mcd_reading_at(json, "exact.quadrature.%s.mean", quantity[i])) /
                   mcd_reading_at(json, "posterior.%s.mcse_mean", quantity[i]);
        worst = isnan(z) || z > worst ? z : worst;
        if (isnan(worst))
            return NAN;
    }
    return worst;
}

static void table(struct mcd_paper *p, const json_t *json)
{
    static const struct mcd_paper_column columns[] = {
        {"parameter", NULL, 0, NULL},
        {"mean", NULL, 0, "of the draws"},
        {"by quadrature", NULL, 6, "the same without sampling"},
        {"sd", NULL, 0, "of the draws"},
        {"sd by quadrature", NULL, 6, NULL},
        {"5 %", NULL, 0, "quantile"},
        {"95 %", NULL, 0, "quantile"},
        {"R-hat", NULL, 5, "1 where the chains agree; below 1.01 is good"},
        {"bulk ESS", NULL, 5, "independent draws that the chains are worth, for means"},
        {"tail ESS", NULL, 5, "the same for 5 and 95 % quantiles"},
        {NULL, NULL, 0, NULL},
    };
    static const char *const drawn[][2] = {
        {"mean", "mcse_mean"}, {"sd", "mcse_sd"}, {"q05", "mcse_q05"}, {"q95", "mcse_q95"}};
    char name[60];
    mcd_paper_table(p, "posterior", "Posterior",
                    "Errors are Monte-Carlo standard errors of the draws; quadrature has none.",
                    columns);
    for (int i = 0; i < 3; i++) {
        const char *q = quantity[i];
        snprintf(name, sizeof name, "%s, %s", q, meaning[i]);
        mcd_paper_row(p, name);
        for (int k = 0; k < 4; k++) {
            mcd_paper_cell(p, mcd_reading_at(json, "posterior.%s.%s", q, drawn[k][0]),
                           mcd_reading_at(json, "posterior.%s.%s", q, drawn[k][1]), "Monte-Carlo");
            if (k < 2)
                mcd_paper_cell(p, mcd_reading_at(json, "exact.quadrature.%s.%s", q, drawn[k][0]),
                               NAN, NULL);
        }
        mcd_paper_cell(p, mcd_reading_at(json, "posterior.%s.rhat", q), NAN, NULL);
        mcd_paper_cell(p, mcd_reading_at(json, "posterior.%s.ess_bulk", q), NAN, NULL);
        mcd_paper_cell(p, mcd_reading_at(json, "posterior.%s.ess_tail", q), NAN, NULL);
    }
}

void mcd_section_verdict(struct mcd_paper *p, const json_t *json)
{
    const json_t *good = mcd_reading_value(json, "verdict.good");
    const char *said = json_string_value(mcd_reading_value(json, "verdict.text"));
    char text[400];
    double worst = 0, divergences = 0;
    for (int i = 0; i < 3; i++)
        worst = fmax(worst, mcd_reading_at(json, "posterior.%s.rhat", quantity[i]));
    for (int i = 0; i < 2; i++)
        divergences += mcd_reading_at(json, "sampler.by_chain.%d.divergences", i);
    snprintf(text, sizeof text, "The chains: %s. Largest R-hat %.4f, %.0f divergences.",
             said ? said : "no verdict", worst, divergences);
    mcd_paper_verdict(p, json_is_true(good), text);
}

void mcd_section_gp(struct mcd_paper *p)
{
    if (!mcd_section_has(p, MCD_PART_GP))
        return;
    json_t *json = mcd_section_posterior(p, MCD_POSTERIOR);
    mcd_paper_section(p, "gp", "The Gaussian process");
    mcd_paper_text(
        p,
        "Squared exponential covariance with noise; half-Cauchy priors of scale 0.05 for "
        "the length scale, 1 for the signal and 0.1 for the noise. NUTS with target "
        "acceptance 0.95, two chains of %d tuning and %d kept draws each.",
        p->tutorial->scale->gp_tune, p->tutorial->scale->gp_draws);
    if (json) {
        mcd_section_verdict(p, json);
        table(p, json);
    }
    json_decref(json);
    mcd_paper_figure(
        p, "figure6", "Figure 6",
        "Chains that have converged have an autocorrelation that falls to zero, traces "
        "and densities that lie over each other, and an R-hat close to one.");
    mcd_paper_sources(p, MCD_PART_GP);
}
