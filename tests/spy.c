/* A backend that hands everything on to another one, and watches: see spy.h. */
#include "tests/spy.h"

#include "core/base/error.h"

#include <stdlib.h>
#include <string.h>

/* State of one kernel: the inner one and whose it is. */
struct watched {
    struct spy *spy;
    struct mcd_kernel inner;
};

static const struct mcd_backend *inner_api(const struct spy *spy)
{
    return spy->inner->plugin->api;
}

static void info(void *self, struct mcd_backend_info *i)
{
    struct spy *spy = self;
    inner_api(spy)->info(spy->inner->self, i);
}

static int alloc(void *self, size_t bytes, struct mcd_buffer **buffer, struct mcd_error *error)
{
    struct spy *spy = self;
    if (bytes > spy->bytes)
        spy->bytes = bytes;
    return inner_api(spy)->alloc(spy->inner->self, bytes, buffer, error);
}

static void release(void *self, struct mcd_buffer *buffer)
{
    struct spy *spy = self;
    inner_api(spy)->release(spy->inner->self, buffer);
}

static int put(void *self, const struct mcd_tensor *to, const void *from, struct mcd_error *error)
{
    struct spy *spy = self;
    return inner_api(spy)->write(spy->inner->self, to, from, error);
}

static int take(void *self, const struct mcd_tensor *from, void *to, struct mcd_error *error)
{
    struct spy *spy = self;
    return inner_api(spy)->read(spy->inner->self, from, to, error);
}

static void spoil(const struct spy *spy, const struct mcd_tensor *t)
{
    int64_t n = mcd_tensor_count(t);
    int64_t first = spy->spoil == SPY_ONE ? n / 2 : 0, end = spy->spoil == SPY_ONE ? n / 2 + 1 : n;
    for (int64_t i = first; i < end; i++) {
        double *wide = (double *)mcd_host_pointer(t) + i;
        float *narrow = (float *)mcd_host_pointer(t) + i;
        double x = t->type == MCD_F64 ? *wide : (double)*narrow;
        x = spy->spoil == SPY_NEGATE ? -x : spy->spoil == SPY_SCALE ? 1.001 * x : x + 0.01;
        if (t->type == MCD_F64)
            *wide = x;
        else
            *narrow = (float)x;
    }
}

static int run_watched(void *state, const struct mcd_step *step, const struct mcd_run *run,
                       struct mcd_error *error)
{
    struct watched *w = state;
    struct spy *spy = w->spy;
    spy->runs[step->op]++;
    if (spy->logged < SPY_LOG)
        spy->log[spy->logged++] = step->op;
    if (spy->fail_run && --spy->fail_run == 0)
        return mcd_fail(error, MCD_DEVICE, "spy", "failed by request");
    int status = w->inner.run(w->inner.state, step, run, error);
    if (!status && spy->spoil && step->op == spy->spoil_op)
        spoil(spy, &step->out);
    return status;
}

static void release_watched(void *state)
{
    struct watched *w = state;
    w->spy->released++;
    if (w->inner.release)
        w->inner.release(w->inner.state);
    free(w);
}

static int kernel(void *self, const struct mcd_step *step, struct mcd_kernel *k,
                  struct mcd_error *error)
{
    struct spy *spy = self;
    int longer = spy->most_parts && step->nparts > spy->most_parts;
    spy->unclean += k->run || k->state || k->release || k->workspace;
    if (longer) /* leaves behind what nobody should look at */
        *k = (struct mcd_kernel){.run = run_watched, .release = release_watched, .workspace = 64};
    if (longer || (spy->refuse_op && step->op == spy->refuse_op))
        return mcd_fail(error, MCD_UNSUPPORTED, "spy", "by request");
    struct watched *w = malloc(sizeof *w);
    if (!w)
        return mcd_fail(error, MCD_NOMEM, "spy", "out of memory");
    *w = (struct watched){.spy = spy};
    int status = inner_api(spy)->kernel(spy->inner->self, step, &w->inner, error);
    if (status) {
        free(w);
        return status;
    }
    spy->kernels++;
    *k = (struct mcd_kernel){.run = run_watched,
                             .state = w,
                             .release = release_watched,
                             .workspace = w->inner.workspace};
    return MCD_OK;
}

/* ---- sections -------------------------------------------------------------------------------- */

struct watched_section {
    struct spy *spy;
    uint32_t number;
    const struct mcd_kernel *kernel; /* of its steps */
    uint32_t released;               /* the spy's, when it was made */
};

static int run_section(void *state, const struct mcd_step *step, const struct mcd_run *run,
                       struct mcd_error *error)
{
    const struct watched_section *w = state;
    struct spy_section *section = &w->spy->section[w->number];
    int status = step == section->first ? MCD_OK : mcd_fail(error, MCD_INVALID, "spy", "astray");
    section->runs++;
    for (uint32_t i = 0; !status && i < section->nsteps; i++)
        status = w->kernel[i].run(w->kernel[i].state, step + i, run, error);
    return status;
}

static void release_section(void *state)
{
    struct watched_section *w = state;
    w->spy->sections_released++;
    w->spy->orphaned += w->spy->released != w->released;
    free(w);
}

static int is_placed(const struct mcd_step *step)
{
    int placed = step->out.buffer && step->workspace.buffer;
    for (uint32_t i = 0; i < step->nin; i++)
        placed = placed && step->in[i].buffer;
    return placed;
}

static int section(void *self, uint32_t nsteps, const struct mcd_step *step,
                   const struct mcd_kernel *kernels, struct mcd_kernel *whole,
                   struct mcd_error *error)
{
    struct spy *spy = self;
    struct spy_section *s = &spy->section[spy->nsections % SPY_SECTIONS];
    *s = (struct spy_section){.first = step, .nsteps = nsteps};
    for (uint32_t i = 0; i < nsteps; i++)
        s->unplaced += !is_placed(&step[i]);
    struct watched_section *w = malloc(sizeof *w);
    if (!w)
        return mcd_fail(error, MCD_NOMEM, "spy", "out of memory");
    *w = (struct watched_section){spy, spy->nsections++, kernels, spy->released};
    *whole = (struct mcd_kernel){.run = run_section, .state = w, .release = release_section};
    if (spy->sections == SPY_ACCEPTS || spy->nsections < spy->break_section) {
        spy->sections_made++;
        return MCD_OK;
    }
    free(w); /* and leaves behind what nobody should look at */
    if (spy->sections == SPY_REFUSES)
        return mcd_fail(error, MCD_UNSUPPORTED, "spy", "by request");
    return spy->sections == SPY_BREAKS ? mcd_fail(error, MCD_DEVICE, "spy", "by request")
                                       : MCD_DEVICE;
}

void spy_create(struct spy *spy, const struct mcd_item *inner)
{
    static const struct mcd_backend api = {.size = sizeof api,
                                           .info = info,
                                           .alloc = alloc,
                                           .release = release,
                                           .write = put,
                                           .read = take,
                                           .kernel = kernel,
                                           .section = section};
    *spy = (struct spy){.inner = inner, .plugin = *inner->plugin};
    spy->plugin.name = "spy";
    spy->plugin.api = &api;
    spy->item = (struct mcd_item){.plugin = &spy->plugin, .self = spy, .spec = "spy"};
}
