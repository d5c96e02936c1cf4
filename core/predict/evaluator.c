/* A test set in a backend's memory, and the plan that reads it. */
#include "core/predict/evaluator.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/base/reals.h"
#include "core/graph/plan.h"
#include "core/network/resident.h"
#include "core/predict/geometry.h"

#include <string.h>

struct mcd_evaluator {
    const struct mcd_network *network;
    struct mcd_examples test;
    int is_resident; /* else the rest is zeros */
    struct mcd_resident resident;
    struct mcd_recording recording;
    struct mcd_plan *plan;
    uint32_t block_rows, blocks;
    char *fetched;  /* [blocks][block_rows][outputs] in the backend's type */
    double *output; /* [rows][outputs] */
};

static void leave(struct mcd_evaluator *v)
{
    const struct mcd_host *host = v->network->host;
    mcd_plan_destroy(v->plan);
    mcd_graph_destroy(v->recording.graph);
    mcd_resident_destroy(&v->resident);
    host->release(host, v->fetched);
    host->release(host, v->output);
    *v = (struct mcd_evaluator){.network = v->network, .test = v->test};
}

/* The rows in their order; places beyond the last row, up to a whole block, have the first one. */
static int order_rows(struct mcd_evaluator *v, int64_t places, struct mcd_error *error)
{
    const struct mcd_host *host = v->network->host;
    uint32_t *order = mcd_host_zalloc(host, (size_t)places * sizeof *order, error);
    for (uint32_t i = 0; order && i < v->test.rows; i++)
        order[i] = i;
    int status = order ? mcd_resident_order(&v->resident, order, error) : MCD_NOMEM;
    host->release(host, order);
    return status;
}

static int make_plan(struct mcd_evaluator *v, int64_t places, struct mcd_error *error)
{
    int status =
        mcd_network_record_resident(v->network, v->test.rows, places, &v->recording, error);
    if (status)
        return status;
    struct mcd_plan_spec spec = {
        .graph = v->recording.graph,
        .store = v->network->store,
        .rows = v->block_rows,
        .passes = 1,
        .noutputs = 1,
        .output = &v->recording.y,
        .table = v->resident.table,
    };
    return mcd_plan_create(&spec, &v->plan, error);
}

static int become_resident(struct mcd_evaluator *v, struct mcd_error *error)
{
    const struct mcd_network *n = v->network;
    struct mcd_forward f = {.network = n, .rows = v->test.rows};
    mcd_forward_geometry(&f);
    v->block_rows = f.block_rows;
    v->blocks = (uint32_t)((v->test.rows + f.block_rows - 1) / f.block_rows);
    int64_t places = (int64_t)v->blocks * v->block_rows;
    const struct mcd_examples inputs = {.rows = v->test.rows, .x = v->test.x};
    int status = mcd_resident_create(n, &inputs, places, &v->resident, error);
    if (!status)
        status = order_rows(v, places, error);
    if (!status)
        status = make_plan(v, places, error);
    size_t outputs = (size_t)(places * n->outputs);
    if (!status)
        v->fetched = mcd_host_zalloc(n->host, outputs * mcd_type_size(n->store->type), error);
    if (!status)
        v->output = mcd_host_zalloc(n->host, outputs * sizeof *v->output, error);
    if (!status && (!v->fetched || !v->output))
        status = MCD_NOMEM;
    v->is_resident = !status;
    return status;
}

int mcd_evaluator_create(const struct mcd_network *network, const struct mcd_examples *test,
                         struct mcd_evaluator **evaluator, struct mcd_error *error)
{
    struct mcd_error reason = {0};
    struct mcd_evaluator *v = mcd_host_zalloc(network->host, sizeof *v, error);
    if (!v)
        return MCD_NOMEM;
    *v = (struct mcd_evaluator){.network = network, .test = *test};
    int status = MCD_UNSUPPORTED;
    if (mcd_resident_is_useful(network) && test->rows <= INT32_MAX / 2)
        status = become_resident(v, &reason);
    if (status)
        leave(v);
    if (status == MCD_OK || status == MCD_UNSUPPORTED || status == MCD_NOMEM) {
        *evaluator = v;
        return MCD_OK;
    }
    mcd_evaluator_destroy(v);
    return mcd_fail(error, status, reason.where, "%s", reason.text);
}

void mcd_evaluator_destroy(struct mcd_evaluator *v)
{
    if (!v)
        return;
    leave(v);
    v->network->host->release(v->network->host, v);
}

/* Starts a block, whose outputs are fetched. */
static int start(struct mcd_evaluator *v, uint32_t block, struct mcd_error *error)
{
    uint64_t first = (uint64_t)block * v->block_rows;
    struct mcd_run run = {
        .size = sizeof run,
        .domain = MCD_DOMAIN_PREDICT,
        .first_row = first,
        .passes = 1,
        .rows = v->block_rows,
        .first_place = first,
    };
    size_t row = (size_t)v->network->outputs * mcd_type_size(v->network->store->type);
    int status = mcd_plan_run_prefix(v->plan, &run, error);
    if (!status)
        status = mcd_plan_run_body(v->plan, &run, error);
    return status ? status
                  : mcd_plan_fetch(v->plan, v->recording.y, v->fetched + first * row, error);
}

int mcd_evaluator_run(struct mcd_evaluator *v, double *score, const volatile sig_atomic_t *stop,
                      struct mcd_error *error)
{
    const struct mcd_network *n = v->network;
    int status = MCD_OK;
    if (!v->is_resident)
        return mcd_evaluate(n, &v->test, score, stop, error);
    for (uint32_t b = 0; !status && b < v->blocks; b++)
        status =
            stop && *stop ? mcd_fail(error, MCD_STOPPED, "", "interrupted") : start(v, b, error);
    int done = mcd_plan_sync(v->plan, status ? NULL : error); /* what is fetched arrives here */
    if (status || done)
        return status ? status : done;
    mcd_reals_copy(v->output, MCD_F64, v->fetched, n->store->type,
                   (size_t)(v->test.rows * n->outputs));
    *score = mcd_outputs_score(n, &v->test, v->output);
    return MCD_OK;
}
