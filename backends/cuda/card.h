/* Which card there is, or why there is none. */
#ifndef MCD_CUDA_CARD_H
#define MCD_CUDA_CARD_H

#include <cuda_runtime_api.h>
#include <mcdrop/backend.h>

struct mcd_cuda_card {
    char name[48];
    size_t memory;     /* bytes */
    int number, count; /* its own, from 0, and that of all cards */
    int capability;    /* 75 for 7.5 */
    int multiprocessors;
};

/*
 * Fills in what is known of card `number`. MCD_DEVICE where the driver is missing or too old, no
 * card has that number, or this build has no code for it.
 */
int mcd_cuda_card_find(const struct mcd_host *host, int64_t number, struct mcd_cuda_card *card,
                       struct mcd_error *error);

/* describe of struct mcd_backend. */
int mcd_cuda_card_describe(const struct mcd_host *host, uint32_t i, struct mcd_device_info *device);

#endif
