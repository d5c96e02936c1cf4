/*
 * The store: named tensors in a backend's memory - parameters and the optimiser's state - that
 * outlive plans, because several plans work on one store.
 */
#ifndef CORE_STORE_H
#define CORE_STORE_H

#include "core/graph/graph.h"
#include "core/plugin/loader.h"

#include <mcdrop/backend.h>

struct mcd_entry {
    char *name;
    struct mcd_tensor tensor; /* of the backend's real type, no rows */
};

struct mcd_store {
    const struct mcd_host *host;
    const struct mcd_item *backend; /* not owned; must outlive the store */
    uint32_t type;                  /* MCD_F32 or MCD_F64: the backend's real type */
    struct mcd_entry *entry;
    uint32_t count;
};

int mcd_store_create(const struct mcd_host *host, const struct mcd_item *backend,
                     struct mcd_store **store, struct mcd_error *error);
void mcd_store_destroy(struct mcd_store *store);

/* NULL if there is none of that name. Valid until an entry is added. */
struct mcd_entry *mcd_store_find(const struct mcd_store *store, const char *name);

/* Finds, or adds filled with zeros. The shape of an existing one must agree. */
int mcd_store_add(struct mcd_store *store, const char *name, const struct mcd_shape *shape,
                  struct mcd_entry **entry, struct mcd_error *error);

/* Removes what was added last, so that `count` entries stay. */
void mcd_store_cut(struct mcd_store *store, uint32_t count);

/* Adds a graph's parameters and gives those that are new their initial values from `seed`. */
int mcd_store_init(struct mcd_store *store, const struct mcd_graph_core *g, uint64_t seed,
                   struct mcd_error *error);

/* Copies all elements from and to double in host memory, converting to the backend's type. */
int mcd_store_write(struct mcd_store *store, const struct mcd_entry *entry, const double *from,
                    struct mcd_error *error);
int mcd_store_read(struct mcd_store *store, const struct mcd_entry *entry, double *to,
                   struct mcd_error *error);

#endif
