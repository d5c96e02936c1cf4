/* A layer that is made of itself. */
#include <mcdrop/layer.h>

#define PARAMS(X) X(TEXT, path, NULL, NULL, "this file")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

enum { MAX_PATH = 4096 };

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    if (strlen(path) >= MAX_PATH)
        return host->fail(error, MCD_INVALID, "endless:path", "longer than %d bytes", MAX_PATH);
    char *own = mcd_self_create(host, MAX_PATH, self, error);
    if (!own)
        return MCD_NOMEM;
    memcpy(own, path, strlen(path) + 1);
    return MCD_OK;
}

static mcd_val build(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in)
{
    const char *path = self;
    (void)n;
    return mcd_layer(g, "a", in[0], "%s:path=\"%s\"", path, path);
}

static const struct mcd_layer api = {sizeof api, build};
MCD_PLUGIN(MCD_LAYER, "endless", "MIT", "wrong on purpose", mcd_self_destroy);
