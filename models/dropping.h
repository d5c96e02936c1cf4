/* For models: layers that the user chooses, and the noise wherever the network has dropout. */
#ifndef DROPPING_H
#define DROPPING_H

#include <mcdrop/graph.h>
#include <mcdrop/plugin.h>
#include <string.h>

/* Bytes of a user's choice, its end included. */
enum { MCD_MAX_CHOICE = 256 };

/* Whether the choice fits: a constructor checks it before it copies it. */
static inline int mcd_choice_check(const struct mcd_host *host, const char *where,
                                   const char *choice, struct mcd_error *error)
{
    if (strlen(choice) < MCD_MAX_CHOICE)
        return MCD_OK;
    return host->fail(error, MCD_INVALID, where, "%zu characters: expected fewer than %d",
                      strlen(choice), MCD_MAX_CHOICE);
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
