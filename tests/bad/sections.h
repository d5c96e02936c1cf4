/*
 * The reference backend with sections and late fetches, in their plainest form: a section runs the
 * kernels of its steps, a fetch copies into memory of its own and hands it on in sync. A file may
 * have its own SECTION_RUN(w, run), the run that the steps of a section are given, and
 * FETCH_VALUE(p), what a fetch hands on, NULL for nothing; it ends with BROKEN.
 */
#ifndef TEST_SECTIONS_H
#define TEST_SECTIONS_H

#include <mcdrop/backend.h>

#define BROKEN_SECTION section
#define BROKEN_FETCH   fetch
#define BROKEN_SYNC    sync
#define BROKEN_READ    read_after_fetches
static int section(void *self, uint32_t nsteps, const struct mcd_step *step,
                   const struct mcd_kernel *kernels, struct mcd_kernel *whole,
                   struct mcd_error *error);
static int fetch(void *self, const struct mcd_tensor *from, void *to, struct mcd_error *error);
static int sync(void *self, struct mcd_error *error);
static int read_after_fetches(void *self, const struct mcd_tensor *from, void *to,
                              struct mcd_error *error);

#define BROKEN_KERNEL kernel
#include "broken.h"

#include <pthread.h>
#include <stdlib.h>

/* ---- sections -------------------------------------------------------------------------------- */

struct whole {
    const struct mcd_host *host;
    uint32_t nsteps, runs; /* runs: before this one */
    const struct mcd_step *step;
    const struct mcd_kernel *kernel;
};

#ifdef SECTION_RUN
static const struct mcd_run *SECTION_RUN(const struct whole *w, const struct mcd_run *run);
#else
#define SECTION_RUN(w, run) (run)
#endif

static int run_whole(void *state, const struct mcd_step *step, const struct mcd_run *run,
                     struct mcd_error *error)
{
    struct whole *w = state;
    const struct mcd_run *now = SECTION_RUN(w, run);
    int status = MCD_OK;
    w->runs++;
    for (uint32_t i = 0; i < w->nsteps && !status; i++)
        status = w->kernel[i].run(w->kernel[i].state, step + i, now, error);
    return status;
}

static void release_whole(void *state)
{
    struct whole *w = state;
    w->host->release(w->host, w);
}

static int section(void *self, uint32_t nsteps, const struct mcd_step *step,
                   const struct mcd_kernel *kernels, struct mcd_kernel *whole,
                   struct mcd_error *error)
{
    const struct mcd_host *host = ((struct reference *)self)->host;
    struct whole *w = host->alloc(host, sizeof *w);
    if (!w)
        return host->fail(error, MCD_NOMEM, "sections", "out of memory");
    *w = (struct whole){.host = host, .nsteps = nsteps, .step = step, .kernel = kernels};
    *whole = (struct mcd_kernel){.run = run_whole, .state = w, .release = release_whole};
    return MCD_OK;
}

/* ---- fetches --------------------------------------------------------------------------------- */

/* A fetch that is not complete; the value follows. */
struct pending {
    struct pending *before;
    const void *self;
    void *to;
    const void *from; /* in the backend's memory */
    size_t bytes;
    uint64_t number; /* of all fetches */
    char value[];
};

static struct pending *pending; /* the last one, of all objects */
static uint64_t fetches;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#ifdef FETCH_VALUE
static const void *FETCH_VALUE(const struct pending *p);
#else
#define FETCH_VALUE(p) ((p)->value)
#endif

static int fetch(void *self, const struct mcd_tensor *from, void *to, struct mcd_error *error)
{
    const struct mcd_host *host = ((struct reference *)self)->host;
    size_t bytes = tensor_bytes(from);
    struct pending *p = host->alloc(host, sizeof *p + bytes);
    if (!p)
        return host->fail(error, MCD_NOMEM, "fetch", "out of memory");
    *p = (struct pending){.self = self, .to = to, .from = mcd_host_pointer(from), .bytes = bytes};
    memcpy(p->value, p->from, bytes);
    pthread_mutex_lock(&lock);
    p->before = pending;
    p->number = ++fetches;
    pending = p;
    pthread_mutex_unlock(&lock);
    return MCD_OK;
}

static int sync(void *self, struct mcd_error *error)
{
    const struct mcd_host *host = ((struct reference *)self)->host;
    (void)error;
    pthread_mutex_lock(&lock);
    for (struct pending **at = &pending, *p = pending; p; p = *at) {
        if (p->self != self) {
            at = &p->before;
            continue;
        }
        *at = p->before;
        const void *value = FETCH_VALUE(p);
        if (value)
            memcpy(p->to, value, p->bytes);
        host->release(host, p);
    }
    pthread_mutex_unlock(&lock);
    return MCD_OK;
}

static int read_after_fetches(void *self, const struct mcd_tensor *from, void *to,
                              struct mcd_error *error)
{
    int status = sync(self, error);
    return status ? status : read(self, from, to, error);
}

#endif
