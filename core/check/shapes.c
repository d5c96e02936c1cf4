/* Which inputs a layer or model takes, and how it refuses the others. */
#include "core/base/host.h"
#include "core/check/input.h"
#include "core/check/recorders.h"
#include "core/network/network.h"

#include <stdio.h>
#include <string.h>

static const char refusal[] = "an output, or a refusal by g->fail that says what would be right";

struct shapes {
    struct mcd_checking *c;
    struct mcd_host *host;
    uint32_t taken;
    int is_odd;        /* the input is one that few layers take */
    char refused[500]; /* what was said of the others, each text once, with the first such shape */
};

/* Marks y and what it depends on. */
static void mark(const struct mcd_graph_core *g, mcd_val y, char *leads)
{
    leads[y] = 1;
    for (mcd_val v = y; v > 0; v--)
        for (uint32_t i = 0; leads[v] && i < g->node[v].nin; i++)
            leads[g->node[v].in[i]] = 1;
}

/* What comes out has a row for each row that went in, and depends on everything that did. */
static int judge_output(struct shapes *s, const struct mcd_graph_core *g,
                        const struct mcd_input *in, const struct mcd_recorded *r, const char *where)
{
    if (in->count > 0 && !g->node[r->y].has_rows)
        return mcd_check_fail(s->c, where, "an output for each row", "an output without rows");
    char *leads = mcd_host_zalloc(s->host, g->count, NULL);
    int status = 0;
    if (!leads)
        return mcd_check_fail(s->c, where, "memory", "none");
    mark(g, r->y, leads);
    for (uint32_t i = 0; !status && i < in->count; i++)
        if (!leads[r->x[i]])
            status =
                mcd_check_fail(s->c, where, "an output that depends on every input, or a refusal",
                               "input %u of %u changes nothing", i + 1, in->count);
    s->host->release(s->host, leads);
    return status;
}

/* A model's output is logits or values. */
static int judge_vector(struct shapes *s, const struct mcd_graph_core *g,
                        const struct mcd_recorded *r, const char *where)
{
    char text[MCD_SHAPE_TEXT];
    const struct mcd_node *y = &g->node[r->y];
    if (s->c->kind != MCD_MODEL || (y->shape.rank == 1 && y->has_rows))
        return 0;
    return mcd_check_fail(s->c, where, "one vector for each row, of logits or values", "%s%s",
                          mcd_shape_text(&y->shape, text), y->has_rows ? "" : " without rows");
}

static void keep_refusal(struct shapes *s, const char *where, const char *text)
{
    size_t used = strlen(s->refused);
    if (!s->is_odd && !strstr(s->refused, text))
        snprintf(s->refused + used, sizeof s->refused - used, "%s%s: '%s'", used ? "; " : "", where,
                 text);
}

static int judge(struct shapes *s, const struct mcd_graph_core *g, const struct mcd_input *in,
                 const struct mcd_recorded *r, int status, const struct mcd_error *e)
{
    char where[MCD_INPUT_TEXT];
    mcd_input_text(in, where);
    mcd_check_looked(s->c, 1);
    if (status) {
        keep_refusal(s, where, e->text);
        if (status == MCD_INVALID && !g->unanswered)
            return 0;
        return mcd_check_fail(s->c, where, refusal, "status %d, '%s: %s'", status, e->where,
                              e->text);
    }
    s->taken += in->count > 0;
    return judge_vector(s, g, r, where) ? -1 : judge_output(s, g, in, r, where);
}

static int try(struct shapes *s, const struct mcd_input *in)
{
    struct mcd_graph_core *g = mcd_graph_create(s->host, 1);
    struct mcd_recorded r;
    struct mcd_error e = {0};
    if (!g)
        return mcd_check_fail(s->c, "graph", "memory", "none");
    int status = mcd_input_record(s->c, g, in, &r, &e);
    status = judge(s, g, in, &r, status, &e);
    mcd_input_remedy(s->c, in);
    mcd_graph_destroy(g);
    return status;
}

/* Numbers of inputs and dimensions that few have in mind. */
static int try_odd(struct shapes *s, const struct mcd_shape *first)
{
    static const struct mcd_shape odd[] = {
        {0, {0}}, {4, {2, 3, 2, 2}}, {5, {2, 1, 3, 1, 2}}, {6, {1, 2, 1, 2, 1, 2}}};
    int status = 0;
    for (size_t i = 0; !status && i < sizeof odd / sizeof *odd; i++)
        status = try(s, &(struct mcd_input){odd[i], 1});
    for (uint32_t n = 0; !status && s->c->kind == MCD_LAYER && n <= MCD_INPUT_MOST; n++)
        if (n != 1)
            status = try(s, &(struct mcd_input){*first, n});
    return status;
}

static int try_all(struct shapes *s)
{
    struct mcd_inputs list;
    int status = mcd_inputs_list(s->c, &list);
    for (uint32_t i = 0; !status && i < list.count; i++)
        status = try(s, &list.at[i]);
    s->is_odd = 1;
    for (uint32_t i = 0; !status && i < list.count; i++)
        status = try_odd(s, &list.at[i].shape);
    if (status || s->taken)
        return status;
    return mcd_check_fail(
        s->c, "input", "at least one of the shapes that were tried is taken; --input names others",
        "all were refused: %s", s->refused);
}

void mcd_check_shapes(struct mcd_checking *c)
{
    struct mcd_error e = {0};
    struct shapes s = {.c = c, .host = mcd_host_create(1, NULL, NULL, &e)};
    if (s.host)
        try_all(&s);
    else
        mcd_check_status(c, "host", MCD_NOMEM, &e);
    mcd_host_destroy(s.host);
}

/* The recipe, and for a network the shapes that it takes. */
static void check_model(struct shapes *s, const struct mcd_item *model)
{
    struct mcd_recipe recipe;
    struct mcd_error e = {0};
    mcd_check_looked(s->c, 1);
    if (!mcd_check_status(s->c, "recipe", mcd_model_recipe(model, &recipe, &e), &e) &&
        !mcd_model_has_fit(model))
        try_all(s);
}

void mcd_check_build(struct mcd_checking *c)
{
    struct mcd_error e = {0};
    struct mcd_item *model = NULL;
    struct shapes s = {.c = c, .host = mcd_host_create(1, NULL, NULL, &e)};
    int status = s.host ? mcd_item_open(s.host, MCD_MODEL, c->spec, &model, &e) : MCD_NOMEM;
    if (!mcd_check_status(c, "create", status, &e))
        check_model(&s, model);
    mcd_item_close(s.host, model);
    mcd_host_destroy(s.host);
}
