/*
 * Which passes of a group, rows or sites it is that are off, where a mean over many is not what it
 * should be.
 */
#ifndef CORE_SUSPECTS_H
#define CORE_SUSPECTS_H

#include "core/check/asking.h"

enum {
    MCD_SUSPECT_PASSES = 16,
    MCD_SUSPECT_ROWS = 5,
    MCD_SUSPECT_SITES = 3,
    MCD_SUSPECT_KINDS = 3
};

/* One question to a sampler. */
struct mcd_look {
    uint64_t pass, row;
    uint32_t site;                     /* its id */
    uint32_t among[MCD_SUSPECT_KINDS]; /* number of its passes, row and site among the suspects */
};

/*
 * The question to group `group`: any of its passes, the same one every time; rows and sites in turn.
 * Over many groups passes, rows and sites are met in all combinations.
 */
struct mcd_look mcd_suspects_look(const struct mcd_asking *, uint64_t group);

/* Initialise with asking, expected and deviation. */
struct mcd_suspects {
    const struct mcd_asking *asking;
    double expected, deviation; /* of one value, if all is right */
    struct {
        uint64_t count;
        double sum;
    } of[MCD_SUSPECT_KINDS][MCD_SUSPECT_PASSES];
};

void mcd_suspects_add(struct mcd_suspects *, const struct mcd_look *, double value);

/* "row 3 alone is off, with 0.31", or that all are alike. */
void mcd_suspects_tell(const struct mcd_suspects *, char *text, size_t room);

#endif
