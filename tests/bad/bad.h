/*
 * For deliberately wrong plugins: a layer with nothing wrong in it. A file defines what it does
 * differently, as macros or functions, and includes this last.
 */
#ifndef BAD_H
#define BAD_H

#include <mcdrop/layer.h>

#ifndef BAD_ABI
#define BAD_ABI MCD_ABI
#endif
#ifndef BAD_KIND
#define BAD_KIND MCD_LAYER
#endif
#ifndef BAD_PARAMS
#define BAD_PARAMS                                                                                 \
    {                                                                                              \
        MCD_PARAM_END                                                                              \
    }
#endif
#ifndef BAD_BUILD
#define BAD_BUILD build
#endif

/* Whoever calls a function of a plugin that must be refused hears of it. */
#ifndef BAD_CREATE
#define BAD_CREATE create
static int create(MCD_CREATE_ARGS)
{
    *self = NULL;
    return host->fail(error, MCD_DEVICE, "", "a bad plugin was called");
}
#endif

static inline mcd_val build(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in)
{
    (void)self, (void)n, (void)in;
    return g->fail(g, "a bad plugin was called");
}

static const struct mcd_param params[] = BAD_PARAMS;
static const struct mcd_layer api = {sizeof api, BAD_BUILD};

MCD_EXPORT const struct mcd_plugin mcd_entry = {
    BAD_ABI, sizeof(struct mcd_plugin),  BAD_KIND, BAD_NAME, "1.0", "MIT", "wrong on purpose",
    params,  (void (*)(void))BAD_CREATE, NULL,     &api,
};

#endif
