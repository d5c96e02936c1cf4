/*
 * Partial results: a prediction over some of its passes, in a file, so that others can be joined.
 *
 * The file is safetensors. Metadata: format "mcdrop partial 1", the numbers of struct
 * mcd_moments_spec, and struct mcd_origin. Tensors, with N rows and K outputs:
 *
 *   moments.FIRST.PASSES   f64 [N, width]           a piece of values (stats/leaf.h), whole blocks
 *   samples.FIRST.PASSES   f32, f64 [PASSES, N, K]  a piece of samples: part of a block
 *   sums                   i64 [N, 16, 2 K + 1]     of the pieces of values; classification only
 *   deterministic          f64 [N, K]               outputs of weight averaging
 *   labels                 i64 [N]                  optional
 *
 * and of a regression, in the user's units (core/stats/meaning.h):
 *
 *   offset, scale          f64 [K]
 *   noise                  f64 [K]                  optional
 *   target                 f64 [N, K]               optional
 */
#ifndef CORE_PARTIAL_H
#define CORE_PARTIAL_H

#include "core/result/origin.h"
#include "core/stats/moments.h"

#include <stddef.h>
#include <stdint.h>

/* Arrays and texts are owned and come from the host. Initialise with {0}. */
struct mcd_partial {
    const struct mcd_host *host;
    struct mcd_moments *moments; /* with spec.keep_pieces; loaded ones are one row block */
    struct mcd_meaning *meaning; /* of a regression: the moments' own; NULL: values as they are */
    struct mcd_origin origin;
    double *deterministic; /* [rows][outputs], in the user's units */
    int64_t *labels;       /* [rows], or NULL */
};

/* The passes added so far; the file appears whole or not at all. */
int mcd_partial_save(const char *path, const struct mcd_partial *p, struct mcd_error *e);

/* Everything is checked: shapes, ranges, that pieces follow each other, that sums are possible. */
int mcd_partial_load(const struct mcd_host *host, const char *path, struct mcd_partial *p,
                     struct mcd_error *e);

/* The same from memory; `name` stands in messages. On failure `p` is zeroed. */
int mcd_partial_parse(const struct mcd_host *host, const void *bytes, size_t size, const char *name,
                      struct mcd_partial *p, struct mcd_error *e);

void mcd_partial_clear(struct mcd_partial *p); /* harmless on zeros */

/* The names that writing and reading share. */
#define MCD_PARTIAL_FORMAT "mcdrop partial 1"

/* The whole numbers in the metadata: X(name, type of the member of struct mcd_moments_spec). */
#define MCD_PARTIAL_NUMBERS(X)                                                                     \
    X(task, uint32_t)                                                                              \
    X(type, uint32_t)                                                                              \
    X(rows, int64_t)                                                                               \
    X(outputs, int64_t)                                                                            \
    X(group, uint32_t)                                                                             \
    X(block_passes, uint32_t)                                                                      \
    X(first_pass, uint64_t)                                                                        \
    X(passes, uint64_t)

#endif
