/*
 * For deliberately wrong plugins: a layer that works, max(x, 0). A file defines what it does
 * differently, BAD_CREATE and BAD_DESTROY or a table BAD_TABLE(X) of parameters, and includes this
 * last.
 */
#ifndef BAD_WORKING_H
#define BAD_WORKING_H

#include <mcdrop/layer.h>

#ifndef BAD_TABLE
#define BAD_TABLE(X)
#endif
#ifndef BAD_DESTROY
#define BAD_DESTROY NULL
#endif

#ifndef BAD_CREATE
#define BAD_CREATE create
static int create(MCD_CREATE_ARGS)
{
    (void)host, (void)error;
    *self = NULL;
    return MCD_OK;
}
#endif

static mcd_val build(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in)
{
    (void)self;
    return n == 1 ? mcd_map(g, MCD_RELU, in[0]) : g->fail(g, "takes one input");
}

static const struct mcd_param params[] = {BAD_TABLE(MCD_ROW) MCD_PARAM_END};
static const struct mcd_layer api = {sizeof api, build};

MCD_EXPORT const struct mcd_plugin mcd_entry = {
    MCD_ABI, sizeof(struct mcd_plugin),  MCD_LAYER,   BAD_NAME, "1.0", "MIT", "wrong on purpose",
    params,  (void (*)(void))BAD_CREATE, BAD_DESTROY, &api,
};

#endif
