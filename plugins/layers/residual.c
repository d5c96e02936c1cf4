/*
 * residual: y = x + f(x), where f is a list of layers (He et al.: Deep residual learning, CVPR
 * 2016). They are named 0, 1, ... as in PyTorch's nn.Sequential.
 *
 * A ; within quotes belongs to the layer that is named there, so that blocks nest:
 * residual:layers="linear:out=64;relu;residual:layers=\"linear:out=64;relu\";linear:out=8".
 */
#include <mcdrop/layer.h>
#include <stdio.h>

#define PARAMS(X)                                                                                  \
    X(TEXT, layers, NULL, NULL,                                                                    \
      "what x goes through, in order: \"linear:out=64;relu;linear:out=8\"")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    char *own = mcd_self_create(host, strlen(layers) + 1, self, error);
    if (!own)
        return MCD_NOMEM;
    memcpy(own, layers, strlen(layers) + 1);
    return MCD_OK;
}

/* Where the first specification of the list ends. */
static const char *end_of(const char *list)
{
    int quoted = 0;
    for (; *list && (quoted || *list != ';'); list++) {
        if (*list == '"')
            quoted = !quoted;
        else if (quoted && *list == '\\' && list[1])
            list++;
    }
    return list;
}

static mcd_val go_through(struct mcd_graph *g, mcd_val x, const char *list)
{
    for (int i = 0;; i++) {
        const char *end = end_of(list);
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        x = mcd_layer(g, name, x, "%.*s", (int)(end - list), list);
        if (!*end)
            return x;
        list = end + 1;
    }
}

/* "[20, 14, 14]" */
static const char *show(const struct mcd_shape *s, char *text, size_t room)
{
    int used = snprintf(text, room, "[");
    for (uint32_t i = 0; i < s->rank; i++)
        used +=
            snprintf(text + used, room - (size_t)used, i ? ", %lld" : "%lld", (long long)s->dim[i]);
    snprintf(text + used, room - (size_t)used, "]");
    return text;
}

static mcd_val build(void *self, struct mcd_graph *g, uint32_t n, const mcd_val *in)
{
    if (n != 1)
        return g->fail(g, "takes one input");
    mcd_val y = go_through(g, in[0], self);
    if (!y)
        return 0;
    struct mcd_shape from = mcd_shape_of(g, in[0]), to = mcd_shape_of(g, y);
    char a[160], b[160];
    if (!mcd_shape_equal(&from, &to))
        return g->fail(g, "its layers make %s of %s: expected the input's shape, to be added to it",
                       show(&to, a, sizeof a), show(&from, b, sizeof b));
    return mcd_add(g, in[0], y);
}

static const struct mcd_layer api = {sizeof api, build};
MCD_PLUGIN(MCD_LAYER, "residual", "MIT", "layers with a shortcut, x + f(x)", mcd_self_destroy);
