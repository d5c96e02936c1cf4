/*
 * The reference backend with one thing broken, to prove that a check notices. A file
 * says how it is broken by a function `broken(step)`, which names the kernel that replaces the
 * right one (`refused`: there is none), or NULL, and ends with BROKEN("file's name", "what is
 * wrong").
 */
#ifndef TEST_BROKEN_H
#define TEST_BROKEN_H

#include <mcdrop/plugin.h>

#define mcd_entry right_entry /* the descriptor of the backend that works */
#include "backends/reference/reference.c"
#undef mcd_entry

#ifndef BROKEN_KERNEL /* a file may have its own, and then no `broken` */
#define BROKEN_KERNEL broken_kernel
static mcd_kernel_run broken(const struct mcd_step *step);

static inline int refused(void *state, const struct mcd_step *step, const struct mcd_run *run,
                          struct mcd_error *error)
{
    (void)state;
    (void)step;
    (void)run;
    (void)error;
    return MCD_UNSUPPORTED;
}

static int broken_kernel(void *self, const struct mcd_step *step, struct mcd_kernel *k,
                         struct mcd_error *error)
{
    int status = kernel(self, step, k, error);
    mcd_kernel_run instead = status ? NULL : broken(step);
    if (instead == refused)
        return ((struct reference *)self)->host->fail(error, MCD_UNSUPPORTED, "", "not today");
    if (instead)
        k->run = instead;
    return status;
}

#endif

/* What the host of a kernel's backend is, given the kernel's state. */
static inline const struct mcd_host *host_of(void *state)
{
    return ((struct offer *)state)->backend->host;
}

/* A file may have its own. */
#ifndef BROKEN_WRITE
#define BROKEN_WRITE write
#endif
#ifndef BROKEN_READ
#define BROKEN_READ read
#endif
#ifndef BROKEN_PARAMS /* with a BROKEN_CREATE of its own */
#define BROKEN_PARAMS params
#define BROKEN_CREATE create
#endif
#ifndef BROKEN_LINALG
#define BROKEN_LINALG NULL
#endif
#ifndef BROKEN_SYNC
#define BROKEN_SYNC NULL
#endif
#ifndef BROKEN_SECTION
#define BROKEN_SECTION NULL
#endif
#ifndef BROKEN_FETCH
#define BROKEN_FETCH NULL
#endif
#ifndef BROKEN_INFO
#define BROKEN_INFO info
#endif
#ifndef BROKEN_DEVICE
#define BROKEN_DEVICE NULL
#endif
#ifndef BROKEN_DESCRIBE
#define BROKEN_DESCRIBE NULL
#endif

static const struct mcd_backend broken_api = {.size = sizeof broken_api,
                                              .info = BROKEN_INFO,
                                              .alloc = alloc,
                                              .release = release,
                                              .write = BROKEN_WRITE,
                                              .read = BROKEN_READ,
                                              .kernel = BROKEN_KERNEL,
                                              .sync = BROKEN_SYNC,
                                              .linalg = BROKEN_LINALG,
                                              .section = BROKEN_SECTION,
                                              .fetch = BROKEN_FETCH,
                                              .device = BROKEN_DEVICE,
                                              .describe = BROKEN_DESCRIBE};

#define BROKEN(name, what)                                                                         \
    MCD_EXPORT const struct mcd_plugin mcd_entry = {MCD_ABI,                                       \
                                                    sizeof(struct mcd_plugin),                     \
                                                    MCD_BACKEND,                                   \
                                                    name,                                          \
                                                    MCD_PLUGIN_VERSION,                            \
                                                    "MIT",                                         \
                                                    what,                                          \
                                                    BROKEN_PARAMS,                                 \
                                                    (void (*)(void))BROKEN_CREATE,                 \
                                                    mcd_self_destroy,                              \
                                                    &broken_api}

#endif
