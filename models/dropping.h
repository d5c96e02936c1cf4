/* For models: the noise layer that stands wherever the network has dropout. */
#ifndef DROPPING_H
#define DROPPING_H

#include <mcdrop/graph.h>
#include <string.h>

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
