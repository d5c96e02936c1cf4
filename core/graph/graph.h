/*
 * The graph behind the recording vtable of mcdrop/graph.h: nodes in recording order, parameters,
 * sites of randomness and penalties.
 *
 * A node's inputs always come before it, so the order of recording is an order of execution.
 */
#ifndef CORE_GRAPH_H
#define CORE_GRAPH_H

#include "core/plugin/loader.h"

#include <mcdrop/graph.h>
#include <mcdrop/plugin.h>
#include <mcdrop/sampler.h>

enum { MCD_MAX_INPUTS = 4, MCD_MAX_SCOPE = 120 };

/* Where the value of a node comes from. */
enum mcd_source {
    MCD_FROM_OP = 0,
    MCD_FROM_INPUT, /* given for every run: index in `leaf` (0 the input, 1 the label or target) */
    MCD_FROM_PARAM, /* a parameter of the store: index in `leaf` */
    MCD_FROM_SLOT,  /* state of the optimiser: 2 x parameter + slot in `leaf` */
    MCD_FROM_CONSTANT, /* attr.affine.shift, without rows */
    MCD_FROM_TABLE,    /* given for a plan's life, without rows: index in `leaf` */
    MCD_FROM_RUN       /* what a plan's own runs left there, for each input row */
};

struct mcd_node {
    uint32_t op, source, leaf;
    uint32_t nin;
    mcd_val in[MCD_MAX_INPUTS];
    struct mcd_attr attr;
    struct mcd_shape shape;
    uint32_t type;      /* of the elements: enum mcd_type, 0 for the backend's real type */
    uint32_t has_rows;  /* whether the value has the row dimension */
    uint32_t per_row;   /* AFFINE: the planner divides the scale by the number of rows */
    uint32_t scheduled; /* SGD and ADAM: see mcd_step */
};

struct mcd_graph_param {
    char *name;
    struct mcd_shape shape;
    double start, spread; /* initially uniform in start +- spread */
    uint32_t is_state;    /* not trained */
    mcd_val value;
};

/* What `track` recorded. */
struct mcd_tracking {
    mcd_val state, value;
    double rate;
};

struct mcd_graph_core {
    struct mcd_graph base; /* first, so that plugins' pointer is this one */
    const struct mcd_host *host;
    struct mcd_error error;
    char scope[MCD_MAX_SCOPE]; /* name of the layer that records, "" at the top */
    uint32_t depth;            /* layers within layers */
    int misnamed; /* the failure: a layer's specification is wrong, whatever the data */

    struct mcd_node *node; /* [1 .. count - 1]; node 0 is the failure */
    uint32_t count;
    struct mcd_graph_param *param;
    uint32_t nparams;
    struct mcd_site *site;
    uint32_t nsites;
    mcd_val penalty; /* sum of all penalties, or 0 */
    struct mcd_tracking *tracking;
    uint32_t ntrackings;

    uint32_t scheduled; /* 1: updates of parameters that are appended are */

    int unanswered;         /* the failure: neither a value nor a reason, or no value of this */
    int has_custom;         /* the layer that records has recorded a function of its own */
    struct mcd_item **kept; /* layers that did: open while the graph lives */
    uint32_t nkept;
};

/*
 * NULL if memory is short. `stochastic` as in struct mcd_graph; for training, the caller sets
 * base.batch and base.nat before anything is recorded.
 */
struct mcd_graph_core *mcd_graph_create(const struct mcd_host *host, int stochastic);
void mcd_graph_destroy(struct mcd_graph_core *g);

/* A value given for every run, with rows: the input (index 0) or the target (1). */
mcd_val mcd_graph_input(struct mcd_graph_core *g, uint32_t index, struct mcd_shape shape,
                        int is_label);

/* What stays in a backend's memory from run to run: struct mcd_plan_spec says where. */
mcd_val mcd_graph_table(struct mcd_graph_core *g, uint32_t index, struct mcd_shape shape,
                        int is_label);
mcd_val mcd_graph_constant(struct mcd_graph_core *g, double value);

/* What runs of a prediction leave to the next ones, with input rows: undefined before the first. */
mcd_val mcd_graph_memory(struct mcd_graph_core *g, struct mcd_shape shape, uint32_t type);

/* The optimiser's state of a parameter; `slot` 0 is velocity or first moment, 1 second moment. */
mcd_val mcd_graph_slot(struct mcd_graph_core *g, uint32_t param, uint32_t slot);

/*
 * Name of such state in stores and files: "optimiser.first.<parameter>", or second. No layer may
 * name its parameters so.
 */
#define MCD_SLOT_PREFIX "optimiser."
enum { MCD_SLOT_NAME = MCD_MAX_SCOPE + 32 };
void mcd_slot_name(const char *param, uint32_t slot, char name[MCD_SLOT_NAME]);

/* Like the vtable's op, for the core's own ops too. */
mcd_val mcd_graph_op(struct mcd_graph_core *g, uint32_t op, uint32_t n, const mcd_val *in,
                     const struct mcd_attr *attr);

/* The vtable's track. */
void mcd_graph_track(struct mcd_graph *graph, mcd_val state, mcd_val value, double rate);

/* Copies the graph's failure to `error`; MCD_OK if there is none. */
int mcd_graph_status(const struct mcd_graph_core *g, struct mcd_error *error);

#endif
