/*
 * A network for checks of samplers, recorded by the check itself, so that no layer or model plugin
 * has a part in it: dropout, then a linear map, on the reference backend in double precision.
 */
#ifndef CORE_NOISY_NET_H
#define CORE_NOISY_NET_H

#include "core/network/network.h"

#include <mcdrop/model.h>

/* Used as one of mcd_network_open: network.model and what it points to are in here. */
struct mcd_noisy_net {
    struct mcd_network network;
    struct mcd_item model;
    struct mcd_plugin plugin;
    struct mcd_model api;
    double p;
    uint32_t deep; /* 1: a second dropout and linear map follow, after relu */
};

enum { MCD_NOISY_INPUTS = 12, MCD_NOISY_OUTPUTS = 2 };

/* Returns an enum mcd_status; on failure there is nothing to close. Not to be moved while open. */
int mcd_noisy_net_open(struct mcd_noisy_net *, const struct mcd_host *, double p, int deep,
                       struct mcd_error *);
void mcd_noisy_net_close(struct mcd_noisy_net *);

/* Reproducible rows of input, [rows][MCD_NOISY_INPUTS], between -1 and 2. */
void mcd_noisy_net_input(float *x, int64_t rows);

#endif
