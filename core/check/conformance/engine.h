/* A backend as checks of single steps use it: an item with a host of its own. */
#ifndef CORE_CHECK_ENGINE_H
#define CORE_CHECK_ENGINE_H

#include <mcdrop/backend.h>

struct mcd_engine {
    struct mcd_host *host;
    struct mcd_item *item;
    const struct mcd_backend *api;
    void *self;
    uint32_t type; /* of all its values */
};

/* `spec` as the core's loader reads it: "reference:precision=f64", or with the file's path. */
int mcd_engine_open(const char *spec, uint32_t threads, struct mcd_engine *, struct mcd_error *);

/* Returns how many allocations the backend left behind. */
uint64_t mcd_engine_close(struct mcd_engine *);

#endif
