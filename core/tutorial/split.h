/*
 * The CO2 series cut for a fair comparison, into two tables x,y in the tutorial's folder.
 *
 * One row in five is for the test, drawn by the seed; nobody sees them before they are judged. The
 * others are what both are given to fit. Of those the commands hold out another fifth (--hold-out,
 * with the same seed, so the same rows): a network needs them for the precision of its noise, tau,
 * which must not be fitted to rows that are trained on, nor to those that are judged.
 */
#ifndef CORE_TUTORIAL_SPLIT_H
#define CORE_TUTORIAL_SPLIT_H

#include <mcdrop/error.h>

#include <stdint.h>

#define MCD_SPLIT_FIT  "data/co2-fit.csv"
#define MCD_SPLIT_TEST "data/co2-test.csv"

/* Writes both, each whole or not at all; the same seed gives the same bytes. */
int mcd_split_write(const char *dir, uint64_t seed, struct mcd_error *e);

#endif
