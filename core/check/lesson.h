/*
 * A lesson: a network on the reference backend, and a few made-up rows with answers for it to learn
 * by heart.
 */
#ifndef CORE_CHECK_LESSON_H
#define CORE_CHECK_LESSON_H

#include "core/network/examples.h"
#include "core/network/network.h"

enum { MCD_LESSON_ROWS = 16 };

struct mcd_lesson {
    uint64_t seed;
    struct mcd_network *network;
    struct mcd_examples data; /* label or target, by the recipe's task */
    float *x, *target;
    int32_t *label;
    double *output; /* of the mean network, [rows][outputs] */
};

/* First values of parameters and noise follow from the seed. Closed in any case. */
int mcd_lesson_open(struct mcd_lesson *l, const struct mcd_host *host, const char *model,
                    const struct mcd_shape *in, uint64_t seed, struct mcd_error *e);
void mcd_lesson_close(struct mcd_lesson *l);

/* Updates on all rows as the recipe says, at `factor` times its rate. */
int mcd_lesson_train(struct mcd_lesson *l, double factor, uint32_t updates, struct mcd_error *e);

/* The loss of the mean network: mean cross entropy or squared error. */
int mcd_lesson_loss(struct mcd_lesson *l, double *loss, struct mcd_error *e);

#endif
