/* The sections of the tutorial's report, a file each, from what the steps have left. */
#ifndef CORE_TUTORIAL_SECTIONS_H
#define CORE_TUTORIAL_SECTIONS_H

#include "core/tutorial/claim.h"
#include "core/tutorial/paper.h"
#include "core/tutorial/reading.h"

/* Each is left out where nothing of its part is there. */
void mcd_section_claims(struct mcd_paper *p);
void mcd_section_nets(struct mcd_paper *p, enum mcd_part part); /* mlp or lenet */
void mcd_section_rotated(struct mcd_paper *p);
void mcd_section_series(struct mcd_paper *p);
void mcd_section_gp(struct mcd_paper *p);
void mcd_section_compare(struct mcd_paper *p);
void mcd_section_report(struct mcd_paper *p); /* how the rest was made */

/* Whether the report has anything of this part to say: a step that was not left out. */
int mcd_section_has(const struct mcd_paper *p, enum mcd_part part);

/* "MNIST" or "Fashion-MNIST". */
const char *mcd_section_images(const struct mcd_paper *p);

/* "all" or "the first 1000" of the training images, for text that goes on about them. */
const char *mcd_section_rows(const struct mcd_scale *s, char text[40]);

/*
 * Final errors of a network's first so many epochs (0: of all), seed by seed. How many there are.
 */
size_t mcd_section_errors(const struct mcd_paper *p, int net, int epochs,
                          struct mcd_reading_errors errors[MCD_CLAIM_RUNS]);

/* The mean of the final errors over seeds, and its spread, in a claim that says nothing. */
struct mcd_claim mcd_section_final(const struct mcd_paper *p, int net);

/* The classes that weight averaging finds, by a run's network; 0 where they are not there. */
int mcd_section_classes(const struct mcd_paper *p, int net, int run, int class[], size_t count);

/* How much wider the band is at x = 3.5 than at 1.7, with its Monte-Carlo error; NaN: not there. */
double mcd_section_band_ratio(const struct mcd_paper *p, int fit, double *error);

#define MCD_POSTERIOR         "results/gp-posterior.json"
#define MCD_COMPARE_POSTERIOR "results/compare-gp-posterior.json"

/* A posterior that was sampled, to be released; NULL: not there. */
json_t *mcd_section_posterior(const struct mcd_paper *p, const char *file);

/* What its chains say of themselves. */
void mcd_section_verdict(struct mcd_paper *p, const json_t *posterior);

/* The largest distance of its means from quadrature, in Monte-Carlo errors; NaN: not there. */
double mcd_section_worst_z(const json_t *posterior);

enum { MCD_TURNED_IMAGES = 12 };

#endif
