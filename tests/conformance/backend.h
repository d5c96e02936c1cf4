/* Backends opened by hand, past the core's loader, for tests of single steps. */
#ifndef TEST_BACKEND_H
#define TEST_BACKEND_H

#include <mcdrop/backend.h>

/* Where a backend comes from; it can be opened several times. */
struct backend_source {
    char path[1024];
    /* Calls plugin->create with the parameters that are wanted. */
    int (*create)(const struct mcd_plugin *, const struct mcd_host *, void **self,
                  struct mcd_error *);
};

struct backend {
    struct mcd_host *host; /* its own, of `threads` */
    void *library;
    const struct mcd_backend *api;
    const struct mcd_plugin *plugin;
    void *self;
    uint32_t type; /* of all its values */
};

int backend_open(const struct backend_source *, uint32_t threads, struct backend *,
                 struct mcd_error *);

/* Returns how many allocations the backend left behind. */
uint64_t backend_close(struct backend *);

/* The reference backend as built, and the broken variant tests/bad/<name>.so of it (in f32). */
struct backend_source backend_reference(uint32_t type);
struct backend_source backend_bad(const char *name);

#endif
