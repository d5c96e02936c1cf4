/* What states of layers follow: checked, and kept until the update is appended. */
#include "core/base/error.h"
#include "core/base/host.h"
#include "core/graph/graph.h"
#include "core/graph/infer.h"

/* The state that a value is, or NULL. */
static const struct mcd_graph_param *state_of(const struct mcd_graph_core *g, mcd_val v)
{
    if (v >= g->count || g->node[v].source != MCD_FROM_PARAM)
        return NULL;
    const struct mcd_graph_param *p = &g->param[g->node[v].leaf];
    return p->is_state ? p : NULL;
}

static int is_trackable(struct mcd_graph_core *g, mcd_val state, mcd_val value, double rate)
{
    char text[MCD_SHAPE_TEXT];
    const struct mcd_graph_param *p = state_of(g, state);
    if (!p)
        mcd_fail(&g->error, MCD_INVALID, g->scope, "tracks what is no state of a layer");
    else if (value >= g->count || g->node[value].has_rows ||
             !mcd_shape_equal(&g->node[value].shape, &p->shape))
        mcd_fail(&g->error, MCD_INVALID, p->name,
                 "tracks a value of another kind: expected %s without rows",
                 mcd_shape_text(&p->shape, text));
    else if (!(rate >= 0 && rate <= 1))
        mcd_fail(&g->error, MCD_INVALID, p->name, "is tracked at a rate of %g: expected 0 to 1",
                 rate);
    return !g->error.code;
}

void mcd_graph_track(struct mcd_graph *graph, mcd_val state, mcd_val value, double rate)
{
    struct mcd_graph_core *g = (struct mcd_graph_core *)graph;
    if (g->error.code || !state || !value || !is_trackable(g, state, value, rate))
        return;
    struct mcd_tracking *grown =
        mcd_host_grow(g->host, g->tracking, g->ntrackings, sizeof *grown, &g->error);
    if (!grown)
        return;
    g->tracking = grown;
    g->tracking[g->ntrackings++] = (struct mcd_tracking){state, value, rate};
}
