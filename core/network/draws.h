/*
 * Draws of a posterior in a file: what a model that brings its own fit leaves in the place of
 * weights, in weights.safetensors.
 *
 * Tensors, for C chains of D draws of P quantities:
 *
 *   draws                         f64 [C, D, P]  the quantities, as users know them
 *   log_density, energy, accept   f64 [C, D]     what the sampler reports of each transition
 *   steps, depth, divergent       i32 [C, D]     (struct mcd_transition); all six or none
 *   x, y                          f64 [rows, columns], [rows]  what was fitted, in the fit's units
 *
 * Metadata `mcdrop_draws` is JSON: {"format": 1, "names": [P texts], "max_depth": 10, "exact":
 * [["quadrature", "l", "mean", 0.03], ...]}, where an exact value that is not finite is null and a
 * statistic may be. The run that made it stands in `mcdrop`, as in every file of weights
 * (core/train/checkpoint_meta.h).
 */
#ifndef CORE_DRAWS_H
#define CORE_DRAWS_H

#include "core/io/safetensors.h"

#include <mcdrop/chain.h>
#include <mcdrop/plugin.h>

#include <stdint.h>

#define MCD_DRAWS_KEY "mcdrop_draws"

enum {
    MCD_MAX_CHAINS = 1024,
    MCD_LEAST_DRAWS = 8, /* of a chain: fewer have no diagnosis */
    MCD_MAX_QUANTITIES = 1024
};

/* A value that is known without sampling: mcdrop/model.h. */
struct mcd_exact {
    char *method, *quantity, *statistic; /* statistic may be NULL */
    double value;
};

/* Owned, from the host. Initialise with {0}. */
struct mcd_draws_file {
    const struct mcd_host *host;
    uint32_t chains, draws, dim, max_depth;
    char **names;                /* [dim] */
    double *q;                   /* [chains][draws][dim] */
    struct mcd_transition *each; /* [chains][draws], or NULL */
    int64_t rows, columns;
    double *x, *y;
    uint32_t exacts;
    struct mcd_exact *exact;
};

/* Whether the file claims to hold draws. */
int mcd_draws_is(const struct mcd_safetensors *file);

/*
 * Everything is checked: shapes, that values are finite, names, and that nothing else is there.
 * `path` stands in messages. On failure `d` is zeroed; the caller clears it.
 */
int mcd_draws_parse(const struct mcd_host *, const struct mcd_safetensors *file, const char *path,
                    struct mcd_draws_file *d, struct mcd_error *e);

/* The same from a file. MCD_INVALID for weights that are no draws. */
int mcd_draws_read(const struct mcd_host *, const char *path, struct mcd_draws_file *d,
                   struct mcd_error *e);

/* The values of one quantity, [chains][draws], in the order of the draws. */
void mcd_draws_take(const struct mcd_draws_file *d, uint32_t quantity, double *values);

/* `run` is the text of the metadata `mcdrop`, NULL for none. The file appears whole or not. */
int mcd_draws_write(const char *path, const struct mcd_draws_file *d, const char *run,
                    struct mcd_error *e);

void mcd_draws_forget_exact(struct mcd_draws_file *d);
void mcd_draws_clear(struct mcd_draws_file *d); /* harmless on zeros */

#endif
