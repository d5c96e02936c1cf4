/*
 * The figures that mcdrop draws, a file each. Each reads its input, and writes data and a script
 * through a drawing (drawing.h); failures name the file, the place in it and what was expected.
 *
 * `d` is set by the caller with {0}; finished on success, to be cleared in any case.
 */
#ifndef CORE_FIGURE_FIGURE_H
#define CORE_FIGURE_FIGURE_H

#include "core/figure/drawing.h"

#include <mcdrop/plugin.h>

#include <stdint.h>

/* A file of a figure and what it is called there. */
struct mcd_labelled {
    const char *label, *file;
};

/* lo < hi; both 0: chosen from the data. */
struct mcd_extent {
    double lo, hi;
};

/* Images in a row, with a caption each. */
struct mcd_digits_request {
    const char *data;     /* a data set, of which the training images are shown with their labels */
    const char *file;     /* or an array [n, height, width] */
    const char *captions; /* of the array's images, separated by commas; or NULL */
    int64_t rows;         /* the first so many; 0: ten of a data set, all of an array */
};
int mcd_figure_digits(struct mcd_drawing *d, const char *out, const struct mcd_digits_request *,
                      struct mcd_error *e);

/* Test errors against epoch, from history.csv; runs of one label as their median and range. */
int mcd_figure_errors(struct mcd_drawing *d, const char *out, const struct mcd_labelled *,
                      size_t files, struct mcd_extent y, struct mcd_error *e);

/* Logits of kept samples, and what softmax makes of them, by image. */
struct mcd_samples_request {
    const char *file;    /* an array [passes, rows, classes] of logits */
    const char *classes; /* separated by commas; NULL: the three that the mean holds likeliest */
    int64_t rows;        /* the first so many; 0: all */
};
int mcd_figure_samples(struct mcd_drawing *d, const char *out, const struct mcd_samples_request *,
                       struct mcd_error *e);

/* The CO2 series as measured and as networks see it. `data`: co2, or a file of its form. */
int mcd_figure_series(struct mcd_drawing *d, const char *out, const char *data,
                      struct mcd_error *e);

/* Regressions over a grid of inputs: mean and two standard deviations, a panel each. */
struct mcd_bands_request {
    const struct mcd_labelled *from; /* the JSON of predictions; without passes there is no band */
    size_t files;
    double first, step; /* the grid's inputs */
    int64_t points;
    const char *data; /* the series: co2, or a file of its form */
    struct mcd_extent y;
};
int mcd_figure_bands(struct mcd_drawing *d, const char *out, const struct mcd_bands_request *,
                     struct mcd_error *e);

/* Whether the chains of a posterior agree, from a file of draws (network/draws.h). */
int mcd_figure_chains(const struct mcd_host *, struct mcd_drawing *d, const char *out,
                      const char *file, struct mcd_error *e);

/* How often a classifier is right against how sure it is, from the JSON of evaluate. */
int mcd_figure_reliability(struct mcd_drawing *d, const char *out, const struct mcd_labelled *,
                           size_t files, struct mcd_error *e);

#endif
