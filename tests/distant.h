/*
 * A backend whose memory is not the host's, as a device's is not: it hands everything on to another
 * one, in host memory, and hides where that memory is. What is fetched arrives with the next sync
 * or read, as late as it may. It counts what goes each way, and has less memory on demand.
 */
#ifndef TESTS_DISTANT_H
#define TESTS_DISTANT_H

#include "core/network/network.h"

#include <mcdrop/backend.h>
#include <pthread.h>

enum { DISTANT_OPS = 96 };

struct distant {
    struct mcd_item item; /* the backend to hand on */
    struct mcd_plugin plugin;
    struct mcd_backend api; /* its members may be cleared before the backend is used */
    const struct mcd_item *inner;
    pthread_mutex_t lock; /* of what follows, which several threads may change */

    /* Counted. Calls, and the bytes that they moved. */
    uint64_t writes, written, reads, read, fetches, fetched, syncs;
    uint64_t runs[DISTANT_OPS]; /* kernels run, by op */
    uint64_t bytes, most_bytes; /* allocated now, and at most until now */
    uint64_t most_pending;      /* values fetched and not there yet, at most */

    /* Set as needed. */
    uint32_t rows;      /* what info says of rows */
    uint32_t refuse_op; /* an op that is refused: MCD_UNSUPPORTED */
    uint32_t nothers;   /* devices beside this one */
    struct distant *others;
    uint64_t room;      /* bytes of memory in all; 0: no limit */
    uint64_t fail_sync; /* this sync from now on fails (1: the next), once: MCD_DEVICE */

    struct distant_fetch *pending; /* in the order of the calls */
};

/* The inner item must outlive the backend, the backend everything that computes with its item. */
void distant_create(struct distant *d, const struct mcd_item *inner);
void distant_destroy(struct distant *d);

/* Nothing has been counted. */
void distant_forget(struct distant *d);

/* A network on such a backend around a backend plugin, as mcd_network_open makes one. */
struct distant_network {
    struct distant distant;
    struct mcd_item *inner;
    struct mcd_network network;
};
void distant_network_open(struct distant_network *n, struct mcd_host *host, const char *model,
                          const char *inner, struct mcd_shape input, uint64_t seed);
void distant_network_close(struct distant_network *n); /* asserts that nothing is allocated */

#endif
