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
 * Records `noise`, a user's choice such as "gaussian" or "./mine.so:rate=2", with p added to its
 * parameters; `standard` if the user chose none ("").
 */
static inline mcd_val mcd_dropping(struct mcd_graph *g, const char *name, mcd_val x,
                                   const char *noise, const char *standard, double p)
{
    const char *layer = *noise ? noise : standard;
    return mcd_layer(g, name, x, "%s%cp=%.17g", layer, strchr(layer, ':') ? ',' : ':', p);
}

/* The same of `linear` for mcd_dropped_linear, which drops in the place of noise. */
static inline int mcd_linear_check(const struct mcd_host *host, const char *where,
                                   const char *linear, const char *noise, struct mcd_error *error)
{
    if (*noise && *linear)
        return host->fail(error, MCD_INVALID, where,
                          "drops by itself, but there is a noise, too: expected one of them");
    return mcd_choice_check(host, where, linear, error);
}

/*
 * Records dropout, or `noise`, as `drop` and a linear layer as `name`; or as `name` alone what the
 * user chose in the place of both, `linear` such as "concrete:tau=4", given p and out. Where
 * nothing is dropped, linear layers are plain.
 */
static inline mcd_val mcd_dropped_linear(struct mcd_graph *g, const char *drop, const char *name,
                                         mcd_val x, const char *noise, const char *linear, double p,
                                         int64_t out)
{
    if (*linear && p > 0)
        return mcd_layer(g, name, x, "%s%cp=%.17g,out=%lld", linear,
                         strchr(linear, ':') ? ',' : ':', p, (long long)out);
    x = mcd_dropping(g, drop, x, noise, "dropout", p);
    return mcd_layer(g, name, x, "linear:out=%lld", (long long)out);
}

#endif
