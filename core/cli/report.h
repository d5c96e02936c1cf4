/*
 * Reports: what a partial result says, computed once and printed in the three formats.
 *
 * Failures are printed here; what comes back is an exit status.
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "core/cli/options.h"
#include "core/cli/table.h"
#include "core/result/partial.h"
#include "core/result/result.h"

/* Initialise with {0}; mcd_report_clear before the partial result goes. */
struct mcd_report {
    const struct mcd_host *host;
    const struct mcd_partial *partial;
    struct mcd_summary summary;
    struct mcd_scores average, monte_carlo;
    double *average_probability; /* [rows][outputs] of weight averaging; NULL: regression */
    double *total_sd;            /* [rows][outputs]: core/result/result.h */
    struct mcd_value_scores *value_average, *value_monte_carlo; /* [outputs]; NULL: no targets */
    struct mcd_range grid; /* the rows' inputs, for the caller to set; count 0: they are no grid */
    struct mcd_result result;
};

/* `outputs` and `rows` are told because weight averaging alone has no moments that know them. */
int mcd_report_open(struct mcd_report *, const struct mcd_partial *partial, uint32_t task,
                    int64_t rows, int64_t outputs);

void mcd_report_clear(struct mcd_report *);

/*
 * What predict prints: text has a line for each row, the figures that tell most; CSV all figures of
 * a row in columns; JSON the whole document.
 */
int mcd_report_print(const struct mcd_report *, enum mcd_format format);

/* What evaluate prints: scores both ways with their standard errors, and in JSON what made them. */
int mcd_report_print_scores(const struct mcd_report *, enum mcd_format format);

/* The few of them that a glance is for, as text. */
int mcd_report_print_brief(const struct mcd_report *);

/* A regression's scores, all of them or a few: what the two above are made of. */
int mcd_report_print_values(const struct mcd_report *, int all, enum mcd_format format,
                            struct mcd_error *e);

/*
 * A regression of one output over a grid as a plot of text, where stdout is a terminal: a table of
 * hundreds of rows says little to the eye, and a program that reads it needs no plot.
 */
void mcd_report_print_band(const struct mcd_report *);

/* The input of a row of a grid; --rows may have cut it. */
double mcd_report_grid_input(const struct mcd_report *, int64_t row);

/* Fills in what a regression adds to the figures: sd with noise, scores. */
int mcd_report_judge_values(struct mcd_report *, struct mcd_error *e);

/* The text lines of some rows. */
int mcd_report_print_rows(const struct mcd_report *, const int64_t *row, int64_t count);

/*
 * The rows of which the model is most certain (1) or least (0), at most `count`, as text: by
 * predictive entropy, or by the standard deviation between passes of the first output.
 */
int mcd_report_print_extremes(const struct mcd_report *, int most_certain, int64_t count);

/* The whole document into a file, whole or not at all. */
int mcd_report_save(const struct mcd_report *, const char *path);

#endif
