/* For models: the noise layer that stands wherever the network has dropout. */
#ifndef DROPPING_H
#define DROPPING_H

#include <mcdrop/graph.h>
#include <mcdrop/plugin.h>
#include <string.h>

/* Bytes of a user's choice, its end included. */
enum { MCD_MAX_NOISE = 256 };

/* Whether the choice fits: a constructor checks it before it copies it. */
static inline int mcd_noise_check(const struct mcd_host *host, const char *where, const char *noise,
                                  struct mcd_error *error)
{
    if (strlen(noise) < MCD_MAX_NOISE)
        return MCD_OK;
    return host->fail(error, MCD_INVALID, where, "%zu characters: expected fewer than %d",
                      strlen(noise), MCD_MAX_NOISE);
}

/*
 * Records `noise`, a user's choice such as "gaussian" or "concrete:t=0.1", with p added to its
 * parameters; `standard` if the user chose none ("").
 */
static inline mcd_val mcd_dropping(struct mcd_graph *g, const char *name, mcd_val x,
                                   const char *noise, const char *standard, double p)
{
    const char *layer = *noise ? noise : standard;
    return mcd_layer(g, name, x, "%s%cp=%.17g", layer, strchr(layer, ':') ? ',' : ':', p);
}

#endif
