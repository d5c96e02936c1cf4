/*
 * Samplers: plugins that couple the passes of a Monte-Carlo prediction.
 *
 * What noise there is belongs to the layers; a sampler only decides, for every site and pass, whose
 * random numbers are read. With independent streams the passes are independent; with shared ones
 * they can be made to cancel (antithetic, balanced). Training does not use samplers: there every
 * update reads a stream of its own, and every row its own numbers.
 *
 * `seed` is that of the prediction, one for all; passes are counted from 0 over the whole
 * prediction, whichever part of it a process computes.
 */
#ifndef MCDROP_SAMPLER_H
#define MCDROP_SAMPLER_H

#include <mcdrop/graph.h>
#include <mcdrop/plugin.h>
#include <mcdrop/random.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One place of a network that draws random numbers: a DROP or NOISE op, in recording order. */
struct mcd_site {
    uint32_t size;
    uint32_t id;    /* 0, 1, ...: mcd_attr_drop.site */
    uint32_t law;   /* enum mcd_law */
    uint32_t units; /* random numbers of one row, to MCD_MAX_UNITS */
    double p;       /* DROP: probability of dropping, or the variance's p / (1 - p) */
};

/* How a pass draws at a site. */
struct mcd_draw {
    uint64_t stream;  /* below MCD_MAX_STREAM, others are refused: stream of mcd_address */
    uint32_t flip;    /* 1: read u as 1 - u, a normal as its negative */
    uint32_t shared;  /* 1: every row reads row 0's numbers, one mask per pass */
    uint64_t room[2]; /* 0: for later versions */
};

/* api of a MCD_SAMPLER plugin. All functions may be called from several threads at once. */
struct mcd_sampler {
    uint32_t size;

    /*
     * Passes come in groups of this many, 1 to 65536, the same at every call; pass / group is the
     * group's number. Passes of a group may depend on each other, groups are independent and alike.
     * Standard errors are taken over groups; for one that is cut, as if any two of its passes
     * depended on each other as any other two do.
     */
    uint32_t (*group)(void *self);

    /*
     * How pass number `pass` (absolute, from 0) draws at a site. Sets every field of *draw, best
     * by assigning a whole struct. The answer depends on the arguments alone, so that any pass can
     * be replayed; a sampler with randomness of its own takes it from `seed` in MCD_DOMAIN_SAMPLER.
     * MCD_INVALID if the sampler cannot serve the site's law. NULL is allowed beside fill, if only
     * Bernoulli sites are served: networks with others are then refused with MCD_UNSUPPORTED.
     *
     * Estimates are right if, at every site, a pass picked at random from its group has the
     * distribution of an independent one.
     */
    int (*draw)(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass,
                struct mcd_draw *draw, struct mcd_error *error);

    /*
     * NULL, or fills the dropped units of one row at a Bernoulli site itself, instead of draw: bit
     * b of word w is unit 32 w + b, 1 for dropped. Sets all (units + 31) / 32 words, whose contents
     * are undefined before; bits beyond `units` are ignored. `row` is the absolute number that
     * mcd_address.row has. As with draw, the answer depends on the arguments alone.
     */
    int (*fill)(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass, uint64_t row,
                uint32_t *words, struct mcd_error *error);
};

#ifdef __cplusplus
}
#endif
#endif
