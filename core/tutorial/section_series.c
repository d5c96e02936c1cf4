/* The CO2 series under dropout: what the bands do away from the data. */
#include "core/tutorial/sections.h"

#include <math.h>
#include <stdio.h>

/* A place on the grid -1.72, -1.71, ... */
static size_t place(double x)
{
    return (size_t)lround((x + 1.72) / 0.01);
}

static json_t *read_grid(const struct mcd_paper *p, int fit)
{
    char file[120];
    snprintf(file, sizeof file, "results/%s%s-grid.json", fit == MCD_FIT_GP ? "" : "mlp2-",
             mcd_plan_fits[fit].id);
    return mcd_steps_have(p->steps, file) ? mcd_reading_json(p->tutorial->dir, file) : NULL;
}

/* The sd between passes and its error: as the result has it, else that of about normal passes. */
static double band(const json_t *json, size_t at, double *error)
{
    double sd = mcd_reading_at(json, "output_std.%zu.0", at);
    double passes = mcd_reading_at(json, "passes");
    *error = mcd_reading_at(json, "output_std_mcse.%zu.0", at);
    if (!isfinite(*error))
        *error = sd / sqrt(2 * (passes - 1));
    return sd;
}

double mcd_section_band_ratio(const struct mcd_paper *p, int fit, double *error)
{
    double inside_error, outside_error;
    json_t *json = read_grid(p, fit);
    double inside = band(json, place(1.7), &inside_error);
    double outside = band(json, place(3.5), &outside_error);
    json_decref(json);
    *error = outside / inside * hypot(inside_error / inside, outside_error / outside);
    return outside / inside;
}

static void table(struct mcd_paper *p)
{
    static const struct mcd_paper_column columns[] = {
        {"model", NULL, 0, NULL},
        {"x", NULL, 3, "in standard deviations of time; the data end at 1.73"},
        {"mean", NULL, 0, "of the passes, or of the posterior, in standard deviations of CO2"},
        {"sd", NULL, 0, "between passes, or of the posterior: what the model does not know"},
        {"sd with noise", NULL, 0, "where the noise is known"},
        {NULL, NULL, 0, NULL},
    };
    static const double x[] = {0, 1.7, 2.5, 3.5};
    mcd_paper_table(p, "bands", "Inside and beyond the data",
                    "Errors are Monte-Carlo standard errors; those of a network's sd take the "
                    "passes for about normal.",
                    columns);
    for (int fit = 0; fit < MCD_FITS; fit++) {
        json_t *json = read_grid(p, fit);
        for (size_t i = 0; json && i < sizeof x / sizeof *x; i++) {
            size_t at = place(x[i]);
            double error, sd = band(json, at, &error);
            mcd_paper_row(p, mcd_plan_fits[fit].label);
            mcd_paper_words(p, "%.1f", x[i]);
            mcd_paper_cell(p, mcd_reading_at(json, "output_mean.%zu.0", at),
                           mcd_reading_at(json, "output_mcse.%zu.0", at), "Monte-Carlo");
            mcd_paper_cell(p, sd, error, "Monte-Carlo");
            mcd_paper_cell(p, mcd_reading_at(json, "total_std.%zu.0", at),
                           mcd_reading_at(json, "total_std_mcse.%zu.0", at), "Monte-Carlo");
        }
        json_decref(json);
    }
}

void mcd_section_series(struct mcd_paper *p)
{
    if (!mcd_section_has(p, MCD_PART_MLP2))
        return;
    mcd_paper_section(p, "mlp2", "Regression: carbon dioxide at Mauna Loa");
    mcd_paper_text(p,
                   "Five hidden layers of 1024 units with dropout 0.2 between them, once with relu "
                   "and once with tanh, trained on the whole series by Adam (learning rate 1e-4, "
                   "decay 1e-6) for %d epochs; then %d stochastic passes at x = -1.72, -1.71, ... "
                   "3.50.",
                   p->tutorial->scale->mlp2_epochs, p->tutorial->scale->grid_passes);
    mcd_paper_figure(p, "figure5", "Figure 5",
                     "The series as measured, and as the models see it: without its trend.");
    table(p);
    mcd_paper_figure(
        p, "figure7", "Figure 7",
        "Beyond the dashed line there are no data: the bands of relu and of the Gaussian "
        "process should open there, that of tanh does not.");
    mcd_paper_sources(p, MCD_PART_MLP2);
}
