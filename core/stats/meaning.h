/*
 * What the samples of a regression mean to the user: a sample z of output k is the value
 * offset[k] + scale[k] z, and of its truth this is known.
 */
#ifndef CORE_MEANING_H
#define CORE_MEANING_H

#include <mcdrop/error.h>

#include <stddef.h>
#include <stdint.h>

struct mcd_host;

/* Owned, from the host. All values are in the user's units. */
struct mcd_meaning {
    int64_t rows, outputs;
    double *offset, *scale; /* [outputs] */
    double *noise;          /* [outputs] sd of what no network can know; NULL: not known */
    double *target;         /* [rows][outputs] answers; NULL: none */
};

/* Offset 0 and scale 1; `noise` and `target` are made, with zeros, where they are wanted. */
int mcd_meaning_create(const struct mcd_host *host, int64_t rows, int64_t outputs, int has_noise,
                       int has_target, struct mcd_meaning **meaning, struct mcd_error *e);

/* From samples to values, [rows][outputs] in place. Nothing to do for NULL. */
void mcd_meaning_apply(const struct mcd_meaning *meaning, double *value, int64_t rows);

void mcd_meaning_destroy(const struct mcd_host *host, struct mcd_meaning *meaning); /* or NULL */

/* The same bits, or both NULL. */
int mcd_meaning_equal(const struct mcd_meaning *a, const struct mcd_meaning *b);

/* The precision of the noise in the network's units: that of the first output; 0: not known. */
double mcd_meaning_tau(const struct mcd_meaning *meaning);

#endif
