/*
 * A result: what a prediction found, as named figures of every row and as one JSON document.
 *
 * Keys are those that users of such results know: deterministic, output_mean, output_std, ...; a
 * figure's Monte-Carlo standard error has its name and _mcse. NaN and infinity are null.
 */
#ifndef CORE_RESULT_H
#define CORE_RESULT_H

#include "core/result/origin.h"
#include "core/result/posterior.h"
#include "core/stats/score.h"
#include "core/stats/summary.h"
#include "core/stats/value_score.h"

#include <jansson.h>
#include <stdint.h>

/* Everything is borrowed. */
struct mcd_result {
    const struct mcd_origin *origin;
    uint32_t task; /* enum mcd_task */
    int64_t rows, outputs;
    const double *deterministic;          /* [rows][outputs] of weight averaging, or NULL */
    const struct mcd_summary *summary;    /* NULL: weight averaging alone */
    const struct mcd_scores *average;     /* of weight averaging; NULL: no labels */
    const struct mcd_scores *monte_carlo; /* NULL: no labels or no summary */

    /* Regression, else NULL. */
    const struct mcd_meaning *meaning;
    const double *total_sd; /* [rows][outputs] with the noise; NULL: no noise or no summary */
    const struct mcd_value_scores *value_average, *value_monte_carlo; /* [outputs]; NULL as above */

    /* Of a model with its own posterior, else NULL. */
    const struct mcd_posterior *posterior;
    const double *output_sd_mcse, *total_sd_mcse; /* [rows] */
    uint32_t batches;                             /* of passes, that the errors are from */
};

/* One figure: values[row * width + k], in one of the two arrays. */
struct mcd_figure {
    const char *name;
    uint32_t shape; /* enum mcd_figure_shape */
    int64_t width;
    const double *real;
    const int64_t *whole;
};

enum { MCD_MAX_FIGURES = 23 };

/* Lists the figures that the result has, in the order of reports; returns how many. */
size_t mcd_result_figures(const struct mcd_result *r, struct mcd_figure figure[MCD_MAX_FIGURES]);

/*
 * The whole document: how it was made, every figure as an array by row (of arrays by output), and
 * `scores` with value, mc_se, test_se each, for weight averaging and for the passes: of a
 * regression an array by output. A model with its own posterior adds what core/result/posterior.h
 * says, and `predictive` with the figures as plain arrays. *json is a new reference.
 */
int mcd_result_json(const struct mcd_result *r, json_t **json, struct mcd_error *e);

#endif
