/*
 * Sections: the steps of a prefix or body captured as one CUDA graph, which is replayed in every
 * further run. Kernels in it find what changes from run to run in a record of the section's own.
 * All masks are drawn before the first step; steps that one launch can do are done together.
 *
 * The first run goes step by step, because libraries and kernels that are used for the first time
 * may do what a capture forbids; the second one is captured.
 */
#include "cuda.h"
#include "masks.h"
#include "run.h"

#include <string.h>

struct section {
    struct mcd_cuda *cuda;
    uint32_t nsteps, sites;
    const struct mcd_step *step; /* the plan's, as their kernels */
    const struct mcd_kernel *kernel;
    struct mcd_cuda_run *run;
    uint32_t *units; /* by site: see mcd_cuda_run_sites */
    struct mcd_buffer *masks;
    const uint32_t **drawn; /* by site: where its mask is */
    cudaGraphExec_t graph;  /* NULL: none yet */

    /* What the host decided by when the steps were last enqueued; passes 0: they never were. */
    const struct mcd_run *where;
    uint32_t passes, rows;
    uint8_t *filled; /* by site */
};

/* ---- what a graph is good for ---------------------------------------------------------------- */

static int is_filled(const struct section *s, uint32_t site)
{
    const uint8_t *filled = mcd_cuda_run_filled(s->run);
    return filled && filled[site];
}

/* Whether the host would decide as it did the last time. */
static int is_as_before(const struct section *s, const struct mcd_run *run)
{
    int same =
        s->where == mcd_cuda_run_device(s->run) && s->passes == run->passes && s->rows == run->rows;
    for (uint32_t site = 0; same && site < s->sites; site++)
        same = s->filled[site] == is_filled(s, site);
    return same;
}

static void remember(struct section *s, const struct mcd_run *run)
{
    s->where = mcd_cuda_run_device(s->run);
    s->passes = run->passes;
    s->rows = run->rows;
    for (uint32_t site = 0; site < s->sites; site++)
        s->filled[site] = (uint8_t)is_filled(s, site);
}

static void forget(struct section *s)
{
    if (s->graph)
        cudaGraphExecDestroy(s->graph); /* one that still runs is freed when it is done */
    s->graph = NULL;
    s->passes = 0;
}

/* ---- enqueuing, capturing -------------------------------------------------------------------- */

/* Before the first step. */
static int draw_masks(const struct section *s, struct mcd_cuda_call *call)
{
    const struct mcd_tensor masks = {.buffer = s->masks};
    if (!s->masks)
        return MCD_OK;
    memset(s->drawn, 0, s->sites * sizeof *s->drawn);
    call->drawn = s->drawn;
    return mcd_cuda_masks_draw(call, s->nsteps, s->step, mcd_cuda_pointer(&masks), s->drawn);
}

static int enqueue(const struct section *s, const struct mcd_run *run, cudaStream_t stream,
                   struct mcd_error *error)
{
    struct mcd_cuda_call call = {
        .cuda = s->cuda,
        .run = mcd_cuda_run_device(s->run),
        .passes = run->passes,
        .rows = run->rows,
        .filled = mcd_cuda_run_filled(s->run),
        .stream = stream,
        .error = error,
    };
    int status = draw_masks(s, &call);
    for (uint32_t i = 0; status == MCD_OK && i < s->nsteps; i += call.nsteps) {
        const struct mcd_cuda_op *op = s->kernel[i].state;
        call.step = &s->step[i];
        call.nsteps = mcd_cuda_together(call.step, s->nsteps - i);
        status = op->enqueue(op, &call);
    }
    return status;
}

/* A capture has to be ended whatever went wrong in it. */
static int capture_on(const struct section *s, const struct mcd_run *run, cudaStream_t stream,
                      cudaGraph_t *graph, struct mcd_error *error)
{
    /* Other threads may allocate and wait meanwhile: this one's calls alone are held to rules. */
    int status =
        mcd_cuda_status(s->cuda, cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal),
                        "beginning to capture a plan's steps", error);
    if (status)
        return status;
    status = enqueue(s, run, stream, error);
    int ended = mcd_cuda_status(s->cuda, cudaStreamEndCapture(stream, graph),
                                "capturing a plan's steps", status ? NULL : error);
    return status ? status : ended;
}

static int instantiate(struct section *s, cudaGraph_t graph, struct mcd_error *error)
{
    cudaError_t result = cudaGraphInstantiate(&s->graph, graph, 0);
    if (result != cudaSuccess)
        s->graph = NULL;
    return mcd_cuda_status(s->cuda, result, "making a graph of a plan's steps", error);
}

/* Not on the backend's own stream, which other threads may wait for meanwhile. */
static int capture(struct section *s, const struct mcd_run *run, struct mcd_error *error)
{
    cudaGraph_t graph = NULL;
    int status = capture_on(s, run, s->cuda->capturing, &graph, error);
    if (status == MCD_OK)
        status = instantiate(s, graph, error);
    if (graph)
        cudaGraphDestroy(graph);
    return status;
}

/* ---- running --------------------------------------------------------------------------------- */

static int run_first(struct section *s, const struct mcd_run *run, struct mcd_error *error)
{
    forget(s);
    int status = enqueue(s, run, s->cuda->stream, error);
    if (status == MCD_OK)
        remember(s, run);
    return status;
}

static int replay(struct section *s, const struct mcd_run *run, struct mcd_error *error)
{
    int status = s->graph ? MCD_OK : capture(s, run, error);
    if (status)
        return status;
    return mcd_cuda_status(s->cuda, cudaGraphLaunch(s->graph, s->cuda->stream),
                           "starting the graph of a plan's steps", error);
}

static int run_section(void *state, const struct mcd_step *step, const struct mcd_run *run,
                       struct mcd_error *error)
{
    struct section *s = state;
    (void)step;
    int status = mcd_cuda_enter(s->cuda, error);
    if (status)
        return status;
    status = mcd_cuda_run_upload(s->run, run, s->sites, s->units, error);
    if (status == MCD_OK)
        status = is_as_before(s, run) ? replay(s, run, error) : run_first(s, run, error);
    mcd_cuda_leave(s->cuda);
    return status;
}

/* ---- making ---------------------------------------------------------------------------------- */

/* Its record may still be on its way to the card. */
static void release(void *state)
{
    struct section *s = state;
    struct mcd_cuda *cuda = s->cuda;
    mcd_cuda_enter_anyway(cuda);
    cudaStreamSynchronize(cuda->stream);
    forget(s);
    mcd_cuda_run_destroy(s->run);
    mcd_cuda_leave(cuda);
    mcd_cuda_release(cuda, s->masks);
    cuda->host->release(cuda->host, s->units);
    cuda->host->release(cuda->host, s->drawn);
    cuda->host->release(cuda->host, s->filled);
    cuda->host->release(cuda->host, s);
}

/* What is known by site. */
static int note_sites(struct section *s, struct mcd_error *error)
{
    const struct mcd_host *host = s->cuda->host;
    s->units = host->alloc(host, MCD_MAX_SITES * sizeof *s->units);
    if (s->units)
        s->sites = mcd_cuda_run_sites(s->nsteps, s->step, s->units);
    s->drawn = host->alloc(host, s->sites * sizeof *s->drawn);
    s->filled = host->alloc(host, s->sites);
    if (!s->units || !s->drawn || !s->filled)
        return host->fail(error, MCD_NOMEM, "memory", "no room for what is known of sites");
    return MCD_OK;
}

static int make(struct section *s, struct mcd_error *error)
{
    size_t bytes = mcd_cuda_masks_bytes(s->nsteps, s->step);
    int status = note_sites(s, error);
    if (status == MCD_OK && bytes)
        status = mcd_cuda_alloc(s->cuda, bytes, &s->masks, error);
    if (status)
        return status;
    s->run = mcd_cuda_run_create(s->cuda, error);
    return s->run ? MCD_OK : MCD_NOMEM;
}

int mcd_cuda_section(void *self, uint32_t nsteps, const struct mcd_step *step,
                     const struct mcd_kernel *kernel, struct mcd_kernel *whole,
                     struct mcd_error *error)
{
    struct mcd_cuda *cuda = self;
    const struct mcd_host *host = cuda->host;
    struct section *s = host->alloc(host, sizeof *s);
    if (!s)
        return host->fail(error, MCD_NOMEM, "memory", "%zu bytes are not to be had", sizeof *s);
    *s = (struct section){.cuda = cuda, .nsteps = nsteps, .step = step, .kernel = kernel};
    int status = make(s, error);
    if (status)
        release(s);
    else
        *whole = (struct mcd_kernel){.run = run_section, .state = s, .release = release};
    return status;
}
