/* The networks of tests/fixtures/README.md, with the formula's weights. */
#ifndef TESTS_NETS_H
#define TESTS_NETS_H

#include "tests/rig.h"

#include "core/io/safetensors.h"

struct net {
    const char *name;  /* as in the fixtures */
    const char *model; /* the plugin's specification */
    struct mcd_shape in;
    uint32_t task;
};

enum { NETS = 6 };
extern const struct net nets[NETS];

const struct net *net_find(const char *name);

/*
 * Input number 100 of the formula as the fixtures scale it, `count` elements; the caller frees it.
 */
double *net_input(const struct net *net, size_t count);

/* A network with the formula's weights; mcd_network_close. */
struct mcd_network *net_open(const struct net *net, struct mcd_host *host, const char *backend);

/* A file of tests/fixtures/. */
void fixture_open(struct mcd_safetensors *file, const char *name);

/* The tensor "RUN/NAME"; it must be there. */
const struct mcd_array *fixture_find(const struct mcd_safetensors *file, const char *run,
                                     const char *name);

/* Largest |a - b| over the largest |b|; infinite if there is a NaN. */
double fixture_distance(const double *a, const double *b, size_t n);

#endif
