/*
 * What a Monte-Carlo prediction was made with: the part of its description that results show and
 * that decides which partial results belong together.
 */
#ifndef CORE_ORIGIN_H
#define CORE_ORIGIN_H

#include <mcdrop/plugin.h>

#include <stdint.h>

/*
 * Every text of the description: X(name, same), where parts of one run must have the `same`, or
 * may differ (0). Specifications are in full, as struct mcd_item has them.
 */
#define MCD_ORIGIN_TEXTS(X)                                                                        \
    X(model, 1)   /* specification */                                                              \
    X(weights, 1) /* fingerprint of the parameters */                                              \
    X(data, 1)    /* fingerprint of the inputs and labels */                                       \
    X(sampler, 1) /* specification */                                                              \
    X(scope, 1)   /* "row" or "pass": which rows share a mask; "" if the sampler has no such */    \
    X(backend, 0) /* specification; equal to rounding, so parts may come from several */           \
    X(version, 0) /* mcdrop's */

/* Initialise with {0}. Texts are owned, NULL where unknown. */
struct mcd_origin {
    uint64_t seed; /* parts have the same */
#define MCD_ORIGIN_MEMBER(name, same) char *name;
    MCD_ORIGIN_TEXTS(MCD_ORIGIN_MEMBER)
#undef MCD_ORIGIN_MEMBER
};

/* Replaces one text by a copy (NULL: by nothing). */
int mcd_origin_set(const struct mcd_host *host, char **text, const char *value,
                   struct mcd_error *e);

void mcd_origin_clear(const struct mcd_host *host, struct mcd_origin *origin);

/* MCD_INVALID if parts of one run cannot be so described; `a` and `b` are their files. */
int mcd_origin_match(const struct mcd_origin *a, const char *a_name, const struct mcd_origin *b,
                     const char *b_name, struct mcd_error *e);

/*
 * A fingerprint of bytes, to tell different ones apart (not against forgery): 64-bit FNV-1a,
 * Fowler, Noll, Vo. Start with MCD_FINGERPRINT and add piece by piece.
 */
#define MCD_FINGERPRINT UINT64_C(0xcbf29ce484222325)
uint64_t mcd_fingerprint_add(uint64_t fingerprint, const void *bytes, size_t size);

struct mcd_fingerprint_text {
    char text[17]; /* 16 hexadecimal digits */
};
struct mcd_fingerprint_text mcd_fingerprint_show(uint64_t fingerprint);

#endif
