/* A backend as checks of single steps use it: an item with a host of its own. */
#ifndef CORE_CHECK_SUBJECT_H
#define CORE_CHECK_SUBJECT_H

#include <mcdrop/backend.h>

struct mcd_subject {
    struct mcd_host *host;
    struct mcd_item *item;
    const struct mcd_backend *api;
    void *self;
    uint32_t type; /* of all its values */
};

/* `spec` as the core's loader reads it: "reference:precision=f64", or with the file's path. */
int mcd_subject_open(const char *spec, uint32_t threads, struct mcd_subject *, struct mcd_error *);

/* Returns how many allocations the backend left behind. */
uint64_t mcd_subject_close(struct mcd_subject *);

#endif
