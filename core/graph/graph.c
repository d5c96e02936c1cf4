/* Recording: appends nodes, names parameters and sites, keeps the first failure. */
#include "core/graph/graph.h"
#include "core/base/error.h"
#include "core/base/host.h"
#include "core/base/number.h"
#include "core/graph/infer.h"

#include <mcdrop/layer.h>
#include <mcdrop/random.h>
#include <stdio.h>
#include <string.h>

enum { MAX_DEPTH = 16, MAX_SPEC = 1024 };

static struct mcd_graph_core *core(struct mcd_graph *g)
{
    return (struct mcd_graph_core *)g;
}

static mcd_val append(struct mcd_graph_core *g, const struct mcd_node *node)
{
    if (g->error.code)
        return 0;
    struct mcd_node *grown = mcd_host_grow(g->host, g->node, g->count, sizeof *grown, &g->error);
    if (!grown)
        return 0;
    g->node = grown;
    g->node[g->count] = *node;
    return g->count++;
}

/* Numbers a place that draws random numbers and remembers it for the samplers. */
static int add_site(struct mcd_graph_core *g, struct mcd_node *node)
{
    if (g->nsites >= MCD_MAX_SITES) {
        mcd_fail(&g->error, MCD_INVALID, g->scope, "more than %u places that draw random numbers",
                 MCD_MAX_SITES);
        return 0;
    }
    struct mcd_site *grown = mcd_host_grow(g->host, g->site, g->nsites, sizeof *grown, &g->error);
    if (!grown)
        return 0;
    g->site = grown;
    struct mcd_attr_drop *drop = &node->attr.u.drop;
    drop->site = g->nsites;
    g->site[g->nsites++] = (struct mcd_site){
        .size = sizeof *g->site,
        .id = (uint32_t)drop->site,
        .law = (uint32_t)drop->law,
        .units = (uint32_t)drop->units,
        .p = drop->p,
    };
    return 1;
}

mcd_val mcd_graph_op(struct mcd_graph_core *g, uint32_t op, uint32_t n, const mcd_val *in,
                     const struct mcd_attr *attr)
{
    struct mcd_node node = {.op = op, .nin = n};
    if (g->error.code)
        return 0;
    if (n > MCD_MAX_INPUTS) {
        mcd_fail(&g->error, MCD_INVALID, g->scope, "%u inputs: expected at most %d", n,
                 MCD_MAX_INPUTS);
        return 0;
    }
    if (attr)
        node.attr = *attr;
    for (uint32_t i = 0; i < n; i++) {
        if (in[i] == 0 || in[i] >= g->count) {
            mcd_fail(&g->error, MCD_INVALID, g->scope,
                     "input %u of %s is not a value of this graph", i, mcd_op_name(op));
            return 0;
        }
        node.in[i] = in[i];
    }
    if (mcd_infer(g->node, &node, g->scope, &g->error))
        return 0;
    return append(g, &node);
}

static mcd_val record_op(struct mcd_graph *graph, uint32_t op, uint32_t n, const mcd_val *in,
                         const struct mcd_attr *attr)
{
    struct mcd_graph_core *g = core(graph);
    if (op >= MCD_OP_LINEAR_DX) {
        mcd_fail(&g->error, MCD_INVALID, g->scope, "op %u is the core's own: see enum mcd_op", op);
        return 0;
    }
    if ((op == MCD_OP_DROP || op == MCD_OP_NOISE) && !graph->stochastic) {
        mcd_fail(&g->error, MCD_INVALID, g->scope,
                 "%s while weight averaging: record noise only if the graph is stochastic",
                 mcd_op_name(op));
        return 0;
    }
    mcd_val v = mcd_graph_op(g, op, n, in, attr);
    if (v && (op == MCD_OP_DROP || op == MCD_OP_NOISE) && !add_site(g, &g->node[v]))
        return 0;
    if (op == MCD_OP_CUSTOM)
        g->has_custom = 1;
    return v;
}

static mcd_val leaf(struct mcd_graph_core *g, uint32_t source, uint32_t index,
                    const struct mcd_shape *shape, uint32_t has_rows)
{
    if (g->error.code || mcd_shape_check(shape, g->scope, &g->error))
        return 0;
    struct mcd_node node = {.source = source, .leaf = index, .shape = *shape, .has_rows = has_rows};
    return append(g, &node);
}

/* Full name of something that the current layer names; 0 if it would be too long. */
static int full_name(struct mcd_graph_core *g, const char *name, char out[MCD_MAX_SCOPE])
{
    int n = snprintf(out, MCD_MAX_SCOPE, "%s%s%s", g->scope, *g->scope ? "." : "", name);
    if (n > 0 && n < MCD_MAX_SCOPE && *name)
        return 1;
    mcd_fail(&g->error, MCD_INVALID, g->scope, "name '%.40s': expected 1 to %d characters in all",
             name, MCD_MAX_SCOPE - 1);
    return 0;
}

static mcd_val reuse_param(struct mcd_graph_core *g, const struct mcd_graph_param *p,
                           const struct mcd_shape *shape, uint32_t is_state)
{
    char a[MCD_SHAPE_TEXT], b[MCD_SHAPE_TEXT];
    if (p->is_state != is_state) {
        mcd_fail(&g->error, MCD_INVALID, p->name,
                 "recorded as a parameter and as a state: expected one of them");
        return 0;
    }
    if (mcd_shape_equal(&p->shape, shape))
        return p->value;
    mcd_fail(&g->error, MCD_INVALID, p->name, "recorded as %s and as %s: expected one shape",
             mcd_shape_text(&p->shape, a), mcd_shape_text(shape, b));
    return 0;
}

static int is_recordable(struct mcd_graph_core *g, const char *full, const struct mcd_shape *shape)
{
    if (g->nparams >= MCD_MAX_SITES)
        mcd_fail(&g->error, MCD_INVALID, full, "more than %u parameters", MCD_MAX_SITES);
    else if (!strncmp(full, MCD_SLOT_PREFIX, strlen(MCD_SLOT_PREFIX)))
        mcd_fail(&g->error, MCD_INVALID, full,
                 "is a name for the optimiser's state: expected another");
    else
        mcd_shape_check(shape, full, &g->error);
    return !g->error.code;
}

/* Names `p`, which says all but its name and value. */
static mcd_val add_param(struct mcd_graph_core *g, const char *name, struct mcd_graph_param p)
{
    char full[MCD_MAX_SCOPE];
    const struct mcd_shape *shape = &p.shape;
    if (g->error.code || !full_name(g, name, full))
        return 0;
    for (uint32_t i = 0; i < g->nparams; i++)
        if (!strcmp(g->param[i].name, full))
            return reuse_param(g, &g->param[i], shape, p.is_state);
    if (!is_recordable(g, full, shape))
        return 0;
    struct mcd_graph_param *grown =
        mcd_host_grow(g->host, g->param, g->nparams, sizeof *grown, &g->error);
    if (!grown)
        return 0;
    g->param = grown;
    p.name = g->host->alloc(g->host, strlen(full) + 1);
    p.value = p.name ? leaf(g, MCD_FROM_PARAM, g->nparams, shape, 0) : 0;
    if (!p.value) {
        g->host->release(g->host, p.name);
        mcd_fail(&g->error, MCD_NOMEM, full, "out of memory");
        return 0;
    }
    memcpy(p.name, full, strlen(full) + 1);
    g->param[g->nparams++] = p;
    return p.value;
}

static mcd_val record_param(struct mcd_graph *graph, const char *name,
                            const struct mcd_shape *shape, double start, double spread)
{
    return add_param(core(graph), name,
                     (struct mcd_graph_param){.shape = *shape, .start = start, .spread = spread});
}

static mcd_val record_state(struct mcd_graph *graph, const char *name,
                            const struct mcd_shape *shape, double start)
{
    return add_param(core(graph), name,
                     (struct mcd_graph_param){.shape = *shape, .start = start, .is_state = 1});
}

/* Builds an opened layer under its own scope, and prefixes what goes wrong with nothing else. */
static mcd_val build_layer(struct mcd_graph_core *g, const char *full, const struct mcd_item *item,
                           uint32_t n, const mcd_val *in)
{
    const struct mcd_layer *layer = item->plugin->api;
    char outer[MCD_MAX_SCOPE];
    memcpy(outer, g->scope, sizeof outer);
    memcpy(g->scope, full, sizeof g->scope);
    g->depth++;
    mcd_val v = layer->build(item->self, &g->base, n, in);
    if (!g->error.code)
        g->unanswered = v == 0 || v >= g->count;
    if (!v)
        mcd_fail(&g->error, MCD_INVALID, full, "layer %s failed without saying why",
                 item->plugin->name);
    else if (v >= g->count)
        mcd_fail(&g->error, MCD_INVALID, full,
                 "layer %s returned what is not a value of this graph", item->plugin->name);
    g->depth--;
    memcpy(g->scope, outer, sizeof outer);
    return g->error.code ? 0 : v;
}

/* Closes a layer, unless it has functions that plans will call. */
static void close_layer(struct mcd_graph_core *g, struct mcd_item *item)
{
    struct mcd_item **grown = NULL;
    if (g->has_custom && !g->error.code)
        grown = mcd_host_grow(g->host, g->kept, g->nkept, sizeof(struct mcd_item *), &g->error);
    if (!grown) {
        mcd_item_close(g->host, item);
        return;
    }
    g->kept = grown;
    g->kept[g->nkept++] = item;
}

__attribute__((format(printf, 5, 0))) static mcd_val record_layer(struct mcd_graph *graph,
                                                                  const char *name, uint32_t n,
                                                                  const mcd_val *in,
                                                                  const char *format, va_list args)
{
    struct mcd_graph_core *g = core(graph);
    char full[MCD_MAX_SCOPE], spec[MAX_SPEC];
    if (g->error.code || !full_name(g, name, full))
        return 0;
    for (uint32_t i = 0; i < n; i++)
        if (in[i] == 0)
            return 0;
    int length = mcd_number_format(spec, sizeof spec, format, args);
    if (length < 0 || length >= MAX_SPEC || g->depth >= MAX_DEPTH) {
        mcd_fail(&g->error, MCD_INVALID, full,
                 "expected a specification below %d characters, layers at most %d deep", MAX_SPEC,
                 MAX_DEPTH);
        return 0;
    }
    struct mcd_item *item;
    int status = mcd_item_open(g->host, MCD_LAYER, spec, &item, &g->error);
    if (status) {
        g->misnamed = status == MCD_INVALID;
        return 0;
    }
    int outer = g->has_custom;
    g->has_custom = 0;
    mcd_val v = build_layer(g, full, item, n, in);
    close_layer(g, item);
    g->has_custom = outer;
    return g->error.code ? 0 : v;
}

static void record_penalty(struct mcd_graph *graph, mcd_val scalar)
{
    struct mcd_graph_core *g = core(graph);
    if (g->error.code || scalar == 0)
        return;
    if (scalar >= g->count || g->node[scalar].has_rows || g->node[scalar].shape.rank != 0)
        mcd_fail(&g->error, MCD_INVALID, g->scope, "a penalty is a scalar [] without rows");
    else
        g->penalty = g->penalty ? mcd_add(graph, g->penalty, scalar) : scalar;
}

static struct mcd_shape shape_of(const struct mcd_graph *graph, mcd_val v)
{
    const struct mcd_graph_core *g = (const struct mcd_graph_core *)graph;
    return v && v < g->count ? g->node[v].shape : mcd_shape0();
}

__attribute__((format(printf, 2, 3))) static mcd_val record_failure(struct mcd_graph *graph,
                                                                    const char *format, ...)
{
    struct mcd_graph_core *g = core(graph);
    char text[sizeof g->error.text];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    mcd_fail(&g->error, MCD_INVALID, g->scope, "%s", text);
    return 0;
}

struct mcd_graph_core *mcd_graph_create(const struct mcd_host *host, int stochastic)
{
    struct mcd_graph_core *g = host->alloc(host, sizeof *g);
    if (!g)
        return NULL;
    *g = (struct mcd_graph_core){
        .base = {.size = sizeof g->base,
                 .stochastic = stochastic != 0,
                 .op = record_op,
                 .param = record_param,
                 .layer = record_layer,
                 .penalty = record_penalty,
                 .shape = shape_of,
                 .fail = record_failure,
                 .state = record_state,
                 .track = mcd_graph_track},
        .host = host,
    };
    append(g, &(struct mcd_node){0}); /* value 0 */
    if (g->error.code) {
        mcd_graph_destroy(g);
        return NULL;
    }
    return g;
}

void mcd_graph_destroy(struct mcd_graph_core *g)
{
    if (!g)
        return;
    for (uint32_t i = 0; i < g->nparams; i++)
        g->host->release(g->host, g->param[i].name);
    for (uint32_t i = 0; i < g->nkept; i++)
        mcd_item_close(g->host, g->kept[i]);
    g->host->release(g->host, g->kept);
    g->host->release(g->host, g->param);
    g->host->release(g->host, g->site);
    g->host->release(g->host, g->tracking);
    g->host->release(g->host, g->node);
    g->host->release(g->host, g);
}

mcd_val mcd_graph_input(struct mcd_graph_core *g, uint32_t index, struct mcd_shape shape,
                        int is_label)
{
    mcd_val v = leaf(g, MCD_FROM_INPUT, index, &shape, 1);
    if (v)
        g->node[v].type = is_label ? MCD_I32 : 0;
    return v;
}

mcd_val mcd_graph_table(struct mcd_graph_core *g, uint32_t index, struct mcd_shape shape,
                        int is_label)
{
    mcd_val v = leaf(g, MCD_FROM_TABLE, index, &shape, 0);
    if (v)
        g->node[v].type = is_label ? MCD_I32 : 0;
    return v;
}

mcd_val mcd_graph_memory(struct mcd_graph_core *g, struct mcd_shape shape, uint32_t type)
{
    mcd_val v = leaf(g, MCD_FROM_RUN, 0, &shape, 1);
    if (v)
        g->node[v].type = type;
    return v;
}

mcd_val mcd_graph_constant(struct mcd_graph_core *g, double value)
{
    struct mcd_node node = {.source = MCD_FROM_CONSTANT};
    node.attr.u.affine.shift = value;
    return append(g, &node);
}

void mcd_slot_name(const char *param, uint32_t slot, char name[MCD_SLOT_NAME])
{
    snprintf(name, MCD_SLOT_NAME, MCD_SLOT_PREFIX "%s.%s", slot ? "second" : "first", param);
}

mcd_val mcd_graph_slot(struct mcd_graph_core *g, uint32_t param, uint32_t slot)
{
    return leaf(g, MCD_FROM_SLOT, 2 * param + slot, &g->param[param].shape, 0);
}

int mcd_graph_status(const struct mcd_graph_core *g, struct mcd_error *error)
{
    if (g->error.code && error && !error->code)
        *error = g->error;
    return g->error.code;
}
