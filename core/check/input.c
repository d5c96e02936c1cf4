/* Shapes to try, and recording a layer or a model on them: see input.h. */
#include "core/check/input.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/network/network.h"
#include "core/plugin/loader.h"
#include "core/plugin/value.h"

#include <mcdrop/model.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const usual_layer[] = {"7", "3x8x6", "1", "4x6", "1x12x12", NULL};
static const char *const usual_model[] = {"7", "12x12", "1", "1x28x28", "3x16x16", NULL};

char *mcd_input_text(const struct mcd_input *in, char *text)
{
    char shape[MCD_SHAPE_TEXT];
    mcd_shape_text(&in->shape, shape);
    if (in->count == 1)
        snprintf(text, MCD_INPUT_TEXT, "%s", shape);
    else
        snprintf(text, MCD_INPUT_TEXT, "%u inputs %s", in->count, shape);
    return text;
}

/* ---- shapes to try --------------------------------------------------------------------------- */

/* "3x8x6" is written like a list of whole numbers, a parameter's kind. */
static int parse(const struct mcd_host *host, const char *text, struct mcd_shape *shape,
                 struct mcd_error *e)
{
    static const struct mcd_param kind = {"input", NULL, "[1, 2147483647]", "shape", MCD_INTS};
    union mcd_value v;
    int status = mcd_value_parse(host, "input", &kind, text, &v, e);
    if (status)
        return status;
    if (v.ints.count > MCD_MAX_RANK)
        status = mcd_fail(e, MCD_INVALID, "input", "'%s' has %u dimensions: expected at most %d",
                          text, v.ints.count, MCD_MAX_RANK);
    shape->rank = status ? 0 : v.ints.count;
    memcpy(shape->dim, v.ints.value, shape->rank * sizeof *shape->dim);
    mcd_value_clear(host, &kind, &v);
    return status;
}

static int list_shapes(struct mcd_checking *c, const struct mcd_host *host, struct mcd_inputs *list)
{
    const char *const *text = c->kind == MCD_MODEL ? usual_model : usual_layer;
    if (c->input && *c->input)
        text = c->input;
    *list = (struct mcd_inputs){0};
    for (; *text && list->count < MCD_INPUTS_MOST; text++) {
        struct mcd_error e = {0};
        struct mcd_input *in = &list->at[list->count++];
        *in = (struct mcd_input){.count = 1};
        if (mcd_check_status(c, "input", parse(host, *text, &in->shape, &e), &e))
            return -1;
    }
    return 0;
}

int mcd_inputs_list(struct mcd_checking *c, struct mcd_inputs *list)
{
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    if (!host)
        return mcd_check_status(c, "host", MCD_NOMEM, &e);
    int status = list_shapes(c, host, list);
    mcd_host_destroy(host);
    return status;
}

/* ---- recording ------------------------------------------------------------------------------- */

void mcd_input_train(struct mcd_graph_core *g, uint32_t rows)
{
    g->base.batch = rows;
    g->base.nat = 1 / (10.0 * rows);
}

/* Values behind the last input are none of this graph, so that whoever reads them fails. */
static void make_inputs(struct mcd_graph_core *g, const struct mcd_input *in,
                        struct mcd_recorded *r)
{
    for (uint32_t i = 0; i < MCD_INPUT_MOST; i++)
        r->x[i] = i < in->count ? mcd_graph_input(g, i, in->shape, 0) : UINT32_MAX - 1;
}

__attribute__((format(printf, 4, 5))) static mcd_val
record_layer(struct mcd_graph_core *g, uint32_t n, const mcd_val *x, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    mcd_val y = g->base.layer(&g->base, "layer", n, x, format, args);
    va_end(args);
    return y;
}

/*
 * Open as long as the graph, as a network's model is: it may have recorded a function of its own.
 */
static int keep(struct mcd_graph_core *g, struct mcd_item *item)
{
    struct mcd_item **grown = mcd_host_grow(g->host, g->kept, g->nkept, sizeof *grown, &g->error);
    if (!grown) {
        mcd_item_close(g->host, item);
        return MCD_NOMEM;
    }
    g->kept = grown;
    g->kept[g->nkept++] = item;
    return MCD_OK;
}

static mcd_val record_model(struct mcd_graph_core *g, const char *spec, mcd_val x)
{
    struct mcd_item *item;
    if (g->error.code || mcd_item_open(g->host, MCD_MODEL, spec, &item, &g->error) || keep(g, item))
        return 0;
    const struct mcd_model *model = item->plugin->api;
    mcd_val y = model->build(item->self, &g->base, x);
    if (g->error.code)
        return 0;
    g->unanswered = y == 0 || y >= g->count;
    if (y == 0)
        mcd_fail(&g->error, MCD_INVALID, item->plugin->name, "failed without saying why");
    else if (y >= g->count)
        mcd_fail(&g->error, MCD_INVALID, item->plugin->name,
                 "returned what is not a value of this graph");
    return y;
}

int mcd_input_record(const struct mcd_checking *c, struct mcd_graph_core *g,
                     const struct mcd_input *in, struct mcd_recorded *r, struct mcd_error *e)
{
    *r = (struct mcd_recorded){0};
    make_inputs(g, in, r);
    if (c->kind == MCD_MODEL)
        r->y = record_model(g, c->spec, r->x[0]);
    else
        r->y = record_layer(g, in->count, r->x, "%s", c->spec);
    return mcd_graph_status(g, e);
}

/* ---- what the plugin takes ------------------------------------------------------------------- */

static int takes(const struct mcd_checking *c, const struct mcd_host *host,
                 const struct mcd_input *in)
{
    struct mcd_graph_core *g = mcd_graph_create(host, 1);
    struct mcd_recorded r;
    struct mcd_error e = {0};
    int is = g && !mcd_input_record(c, g, in, &r, &e);
    mcd_graph_destroy(g);
    return is;
}

/* Keeps of `list` what is taken, each with its number of inputs. */
static void keep_taken(const struct mcd_checking *c, const struct mcd_host *host,
                       struct mcd_inputs *list)
{
    uint32_t most = c->kind == MCD_MODEL ? 1 : MCD_INPUT_MOST, wanted = c->quick ? 2 : list->count;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < list->count && kept < wanted; i++)
        for (uint32_t n = 1; n <= most; n++) {
            struct mcd_input in = {list->at[i].shape, n};
            if (!takes(c, host, &in))
                continue;
            list->at[kept++] = in;
            break;
        }
    list->count = kept;
}

static int is_posterior(const struct mcd_checking *c, const struct mcd_host *host)
{
    struct mcd_error e = {0};
    struct mcd_item *item;
    if (c->kind != MCD_MODEL || mcd_item_open(host, c->kind, c->spec, &item, &e))
        return 0;
    int is = mcd_model_has_fit(item);
    mcd_item_close(host, item);
    return is;
}

static int find(struct mcd_checking *c, const struct mcd_host *host, struct mcd_inputs *list)
{
    if (is_posterior(c, host)) {
        mcd_check_skip(c, "it is no network: it brings a posterior of its own");
        return -1;
    }
    if (list_shapes(c, host, list))
        return -1;
    keep_taken(c, host, list);
    if (list->count == 0)
        mcd_check_skip(c, "it takes none of the shapes that were tried");
    return list->count ? 0 : -1;
}

int mcd_inputs_find(struct mcd_checking *c, struct mcd_inputs *list)
{
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    if (!host)
        return mcd_check_status(c, "host", MCD_NOMEM, &e);
    int status = find(c, host, list);
    mcd_host_destroy(host);
    return status;
}

void mcd_input_remedy(struct mcd_checking *c, const struct mcd_input *in)
{
    char shape[MCD_SHAPE_TEXT] = "";
    size_t used = 0;
    if (c->verdict != MCD_CHECK_FAILED || in->shape.rank == 0)
        return;
    for (uint32_t i = 0; i < in->shape.rank && used < sizeof shape; i++)
        used += (size_t)snprintf(shape + used, sizeof shape - used, "%s%lld", i ? "x" : "",
                                 (long long)in->shape.dim[i]);
    mcd_check_remedy(c, "this input alone: --input %s", shape);
}

void mcd_inputs_each(struct mcd_checking *c,
                     int (*check)(struct mcd_checking *c, const struct mcd_input *, void *arg),
                     void *arg)
{
    struct mcd_inputs list;
    struct mcd_error e = {0};
    struct mcd_item *held = NULL;
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    int status = host ? mcd_item_open(host, c->kind, c->spec, &held, &e) : MCD_NOMEM;
    if (!mcd_check_status(c, "create", status, &e) && !mcd_inputs_find(c, &list))
        for (uint32_t i = 0; i < list.count && !status; i++) {
            status = check(c, &list.at[i], arg);
            mcd_input_remedy(c, &list.at[i]);
        }
    mcd_item_close(host, held);
    mcd_host_destroy(host);
}
