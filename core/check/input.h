/*
 * What a layer or model is tried on: inputs of shapes that the user names, or of the usual ones, as
 * far as the plugin takes them.
 */
#ifndef CORE_CHECK_INPUT_H
#define CORE_CHECK_INPUT_H

#include "core/check/check.h"
#include "core/graph/graph.h"
#include "core/graph/infer.h"

enum { MCD_INPUT_MOST = 3, MCD_INPUTS_MOST = 16, MCD_INPUT_TEXT = MCD_SHAPE_TEXT + 32 };

/* `count` inputs of one shape; a model has one. */
struct mcd_input {
    struct mcd_shape shape;
    uint32_t count;
};

struct mcd_inputs {
    uint32_t count;
    struct mcd_input at[MCD_INPUTS_MOST];
};

/*
 * "[3, 8, 6]", "2 inputs [3, 8, 6]", into a buffer of at least MCD_INPUT_TEXT bytes, which is
 * returned.
 */
char *mcd_input_text(const struct mcd_input *, char *text);

/*
 * The shapes to try, each as one input: those of c->input, or else the usual ones. -1 with a
 * failure recorded if one of the user's cannot be read.
 */
int mcd_inputs_list(struct mcd_checking *c, struct mcd_inputs *list);

/*
 * Those that the plugin takes, with the least number of inputs that it takes them with; the first
 * two alone if the check is quick. If there is none, or the plugin is a model that brings a
 * posterior of its own and records nothing, the check is skipped and -1 returned.
 */
int mcd_inputs_find(struct mcd_checking *c, struct mcd_inputs *list);

/*
 * Calls `check` for each of those that mcd_inputs_find finds until it returns other than 0, and
 * says of a failure how to look at that input alone. The plugin stays loaded meanwhile, so that
 * what it keeps in static variables lasts.
 */
void mcd_inputs_each(struct mcd_checking *c,
                     int (*check)(struct mcd_checking *c, const struct mcd_input *, void *arg),
                     void *arg);

/* How to repeat a failure, if there is one: with that input alone. */
void mcd_input_remedy(struct mcd_checking *c, const struct mcd_input *);

/*
 * Makes of a graph that is still empty one for updates on `rows` rows, a tenth of what is trained
 * on.
 */
void mcd_input_train(struct mcd_graph_core *g, uint32_t rows);

/* What a recording begins and ends with. */
struct mcd_recorded {
    mcd_val x[MCD_INPUT_MOST], y;
};

/*
 * Records the plugin, a layer under the name "layer". Returns the graph's status; g->unanswered
 * tells a plugin that failed and did not say why from one that refused.
 */
int mcd_input_record(const struct mcd_checking *c, struct mcd_graph_core *g,
                     const struct mcd_input *in, struct mcd_recorded *r, struct mcd_error *e);

#endif
