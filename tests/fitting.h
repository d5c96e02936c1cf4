/* The runs of tests/fixtures/training.safetensors: 20 updates and PyTorch's loss of each. */
#ifndef TESTS_FITTING_H
#define TESTS_FITTING_H

#include "tests/nets.h"

#include "core/train/trainer.h"

enum { FITTING_UPDATES = 20, FITTING_SEED = 2016 };

struct fitting {
    const char *name, *net, *data; /* data: in the fixture, or "mnist" */
    struct mcd_update update;
    uint32_t batch;
};

enum { FITTINGS = 8 };
extern const struct fitting fittings[FITTINGS];

/* What a run gives. */
struct fitted {
    double loss[FITTING_UPDATES];
    uint32_t rows[FITTING_UPDATES];
    struct mcd_network *network; /* trained; the caller closes it */
};

/*
 * Makes the first `updates` updates. `mnist` has the training images, for the runs that need them:
 * updates x 128 rows. `seed` is FITTING_SEED for PyTorch's masks.
 */
void fitting_run(const struct fitting *f, struct mcd_host *host, const char *backend,
                 const struct mcd_safetensors *fixture, const struct mcd_examples *mnist,
                 uint32_t updates, uint64_t seed, struct fitted *result);

/* Largest relative distance of the losses from those of the fixture. */
double fitting_distance(const struct fitting *f, const struct mcd_safetensors *fixture,
                        const struct fitted *result, uint32_t updates);

#endif
