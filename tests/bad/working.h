/*
 * For deliberately wrong plugins: a layer that works, max(x, 0), or with BAD_SAMPLER a sampler of
 * independent passes. A file defines what it does differently, BAD_CREATE and BAD_DESTROY or a
 * table BAD_TABLE(X) of parameters, and includes this last.
 */
#ifndef BAD_WORKING_H
#define BAD_WORKING_H

#include <mcdrop/layer.h>
#include <mcdrop/sampler.h>

#ifndef BAD_TABLE
#define BAD_TABLE(X)
#endif
#ifndef BAD_LICENCE
#define BAD_LICENCE "MIT"
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

#ifdef BAD_SAMPLER
#define BAD_KIND MCD_SAMPLER

static uint32_t group(void *self)
{
    (void)self;
    return 1;
}

static int draw(void *self, const struct mcd_site *site, uint64_t seed, uint64_t pass,
                struct mcd_draw *d, struct mcd_error *error)
{
    (void)self, (void)site, (void)seed, (void)error;
    *d = (struct mcd_draw){.stream = pass};
    return MCD_OK;
}

static const struct mcd_sampler api = {sizeof api, group, draw, NULL};
#else
#define BAD_KIND MCD_LAYER

static mcd_val build(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in)
{
    (void)self;
    return n == 1 ? mcd_map(g, MCD_RELU, in[0]) : g->fail(g, "takes one input");
}

static const struct mcd_layer api = {sizeof api, build};
#endif

static const struct mcd_param params[] = {BAD_TABLE(MCD_ROW) MCD_PARAM_END};

MCD_EXPORT const struct mcd_plugin mcd_entry = {
    MCD_ABI,
    sizeof(struct mcd_plugin),
    BAD_KIND,
    BAD_NAME,
    "1.0",
    BAD_LICENCE,
    "wrong on purpose",
    params,
    (void (*)(void))BAD_CREATE,
    BAD_DESTROY,
    &api,
};

#endif
