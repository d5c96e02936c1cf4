/* A backend as tests of single steps use it: an item with a host of its own. */
#ifndef TEST_BACKEND_H
#define TEST_BACKEND_H

#include <mcdrop/backend.h>

struct backend {
    struct mcd_host *host;
    struct mcd_item *item;
    const struct mcd_backend *api;
    void *self;
    uint32_t type; /* of all its values */
};

/* `spec` as the core's loader reads it: "reference:precision=f64", or with the file's path. */
int backend_open(const char *spec, uint32_t threads, struct backend *, struct mcd_error *);

/* Returns how many allocations the backend left behind. */
uint64_t backend_close(struct backend *);

#endif
