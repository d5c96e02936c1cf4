/*
 * A tiny model on tiny data, trained and asked in a few milliseconds: for tests that run the whole
 * way thousands of times. Files are in the current folder.
 */
#ifndef TESTS_TINY_H
#define TESTS_TINY_H

#include "core/io/dataset.h"
#include "core/network/network.h"
#include "core/predict/predict.h"
#include "core/predict/sample_file.h"
#include "core/result/partial.h"
#include "core/train/checkpoint_meta.h"
#include "core/train/train.h"

enum { TINY_ROWS = 26, TINY_TESTS = 9, TINY_HEIGHT = 2, TINY_WIDTH = 3, TINY_CLASSES = 3 };
enum { TINY_INPUTS = TINY_HEIGHT * TINY_WIDTH };

#define TINY_MODEL   "mlp:hidden=5x4,classes=3"
#define TINY_WEIGHTS "weights.safetensors"

extern const char *tiny_backend; /* "reference" */
extern uint32_t tiny_threads;    /* 1 */

/* Row-major, and as a data set gives them; filled in by tiny_write_data. */
extern float tiny_x[TINY_ROWS * TINY_INPUTS];
extern unsigned char tiny_label[TINY_ROWS];

/* Inputs and labels as IDX in folder set/, one file of them packed, and as x.npy and y.npy. */
void tiny_write_data(void);

/* Makes a host, calls f, and checks that nothing of the host is left: TINY_LEAK if something is. */
enum { TINY_LEAK = 1000 };
int tiny_on_host(int (*f)(struct mcd_host *host, struct mcd_error *e), struct mcd_error *e);

int tiny_open(const struct mcd_host *host, struct mcd_network **network, struct mcd_error *e);

/* A run of training with everything it holds. Initialise with {0}; set checkpoint and optimiser. */
struct tiny_fit {
    struct mcd_dataset data, test;
    struct mcd_network *network;
    struct mcd_train train;
    struct mcd_train_state state;
    const char *history;
};

int tiny_fit_open(struct tiny_fit *f, const struct mcd_host *host, const char *data,
                  const char *labels, struct mcd_error *e);

/* Two epochs unless train.trainer.epochs says otherwise, and the history. */
int tiny_fit_run(struct tiny_fit *f, int resume, struct mcd_error *e);

void tiny_fit_close(struct tiny_fit *f);

/* Momentum, from IDX, into sgd.safetensors and sgd.csv. */
int tiny_train(struct mcd_host *host, struct mcd_error *e);

/* A prediction with everything it holds. Initialise with {0}. */
struct tiny_prediction {
    struct mcd_dataset data;
    struct mcd_safetensors file;
    struct mcd_checkpoint_meta saved;
    struct mcd_network *network;
    struct mcd_item *sampler;
    struct mcd_partial partial;
    struct mcd_sample_file samples;
};

/* With TINY_WEIGHTS, for the test rows. */
int tiny_prediction_open(struct tiny_prediction *p, const struct mcd_host *host,
                         struct mcd_error *e);

/* Weight averaging and passes, their samples kept in samples.npy, into a partial result. */
int tiny_prediction_run(struct tiny_prediction *p, struct mcd_host *host, uint64_t first,
                        uint64_t passes, struct mcd_error *e);

void tiny_prediction_close(struct tiny_prediction *p, const struct mcd_host *host);

#endif
