/* The tiny model: see tiny.h. */
#include "core/base/host.h"
#include "core/network/checkpoint.h"
#include "core/predict/evaluate.h"
#include "core/train/train_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tiny.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

const char *tiny_backend = "reference";
uint32_t tiny_threads = 1;
float tiny_x[TINY_ROWS * TINY_INPUTS];
unsigned char tiny_label[TINY_ROWS];

static unsigned char pixels[TINY_ROWS * TINY_INPUTS];

static void write_idx(const char *name, uint32_t rank, const uint32_t *dim, const void *values,
                      size_t size)
{
    unsigned char file[16 + sizeof pixels] = {0, 0, 8, (unsigned char)rank};
    size_t start = 4 + 4 * (size_t)rank;
    for (uint32_t i = 0; i < rank; i++)
        file[7 + 4 * i] = (unsigned char)dim[i];
    memcpy(file + start, values, size);
    gzFile zip = gzopen(name, strstr(name, ".gz") ? "wb" : "wbT"); /* T: as it is */
    assert_non_null(zip);
    assert_int_equal(gzwrite(zip, file, (unsigned)(start + size)), start + size);
    assert_int_equal(gzclose(zip), Z_OK);
}

void tiny_write_data(void)
{
    const uint32_t all[] = {TINY_ROWS, TINY_HEIGHT, TINY_WIDTH},
                   few[] = {TINY_TESTS, TINY_HEIGHT, TINY_WIDTH};
    for (int i = 0; i < TINY_ROWS * TINY_INPUTS; i++)
        pixels[i] = (unsigned char)(i * 7919 % 251);
    for (int i = 0; i < TINY_ROWS; i++)
        tiny_label[i] = (unsigned char)(i * i % TINY_CLASSES);
    assert_int_equal(mkdir("./set", 0777), 0);
    write_idx("set/train-images-idx3-ubyte", 3, all, pixels, sizeof pixels);
    write_idx("set/train-labels-idx1-ubyte", 1, all, tiny_label, sizeof tiny_label);
    write_idx("set/t10k-images-idx3-ubyte.gz", 3, few, pixels, TINY_TESTS * TINY_INPUTS);
    write_idx("set/t10k-labels-idx1-ubyte", 1, few, tiny_label, TINY_TESTS);
    for (int i = 0; i < TINY_ROWS * TINY_INPUTS; i++)
        tiny_x[i] = (float)pixels[i] / 255;
    struct mcd_array inputs = {MCD_F32, 3, {TINY_ROWS, TINY_HEIGHT, TINY_WIDTH}, tiny_x};
    struct mcd_array answers = {MCD_U8, 1, {TINY_ROWS}, tiny_label};
    assert_int_equal(mcd_npy_write("x.npy", &inputs, NULL), 0);
    assert_int_equal(mcd_npy_write("y.npy", &answers, NULL), 0);
}

int tiny_on_host(int (*f)(struct mcd_host *host, struct mcd_error *e), struct mcd_error *e)
{
    struct mcd_host *host = mcd_host_create(tiny_threads, NULL, NULL, e);
    if (!host)
        return e->code;
    int status = f(host, e);
    if (mcd_host_live(host) != 0)
        status = TINY_LEAK;
    mcd_host_destroy(host);
    return status;
}

int tiny_open(const struct mcd_host *host, struct mcd_network **n, struct mcd_error *e)
{
    struct mcd_shape shape = mcd_shape2(TINY_HEIGHT, TINY_WIDTH);
    return mcd_network_open(host, TINY_MODEL, tiny_backend, &shape, 7, n, e);
}

int tiny_fit_open(struct tiny_fit *f, const struct mcd_host *host, const char *data,
                  const char *answers, struct mcd_error *e)
{
    struct mcd_dataset_request request = {.data = data, .labels = answers, .classes = TINY_CLASSES};
    int status = mcd_dataset_load(&f->data, &request, e);
    request = (struct mcd_dataset_request){.data = "./set", .split = MCD_TEST};
    if (!status)
        status = mcd_dataset_load(&f->test, &request, e);
    return status ? status : tiny_open(host, &f->network, e);
}

static struct mcd_examples examples(const struct mcd_dataset *d)
{
    return (struct mcd_examples){d->x.dim[0], d->x.data, d->y.data, NULL};
}

int tiny_fit_run(struct tiny_fit *f, int resume, struct mcd_error *e)
{
    struct mcd_train *t = &f->train;
    t->trainer.network = f->network;
    t->trainer.data = examples(&f->data);
    t->trainer.batch = 10;
    t->trainer.shuffle = 1;
    t->trainer.seed = 3;
    t->test = examples(&f->test);
    t->trainer.epochs = t->trainer.epochs ? t->trainer.epochs : 2;
    t->data = "tiny";
    t->data_checksum = mcd_train_data_checksum(&t->trainer);
    t->interval = 1e9;
    int status = resume ? mcd_train_resume(t, &f->state, e) : MCD_OK;
    if (!status)
        status = mcd_train_run(t, &f->state, e);
    return status ? status : mcd_train_history_save(t, &f->state, f->history, e);
}

void tiny_fit_close(struct tiny_fit *f)
{
    mcd_train_state_clear(&f->state);
    mcd_network_close(f->network);
    mcd_dataset_clear(&f->data);
    mcd_dataset_clear(&f->test);
}

int tiny_train(struct mcd_host *host, struct mcd_error *e)
{
    struct tiny_fit f = {.history = "sgd.csv"};
    f.train.checkpoint = "sgd.safetensors";
    f.train.trainer.update =
        (struct mcd_update){.optimiser = MCD_SGD, .rate = 0.1, .momentum = 0.9, .decay = 1e-4};
    int status = tiny_fit_open(&f, host, "./set", NULL, e);
    if (!status)
        status = tiny_fit_run(&f, 0, e);
    tiny_fit_close(&f);
    return status;
}

int tiny_prediction_open(struct tiny_prediction *p, const struct mcd_host *host,
                         struct mcd_error *e)
{
    struct mcd_dataset_request request = {.data = "./set", .split = MCD_TEST};
    int status = mcd_dataset_load(&p->data, &request, e);
    if (!status)
        status = mcd_safetensors_read(TINY_WEIGHTS, &p->file, e);
    if (!status)
        status = mcd_checkpoint_meta_read(&p->file, TINY_WEIGHTS, &p->saved, e);
    if (!status)
        status = tiny_open(host, &p->network, e);
    if (!status)
        status = mcd_weights_load(p->network, &p->file, TINY_WEIGHTS, 0, e);
    return status ? status
                  : mcd_item_open(host, MCD_SAMPLER, "bernoulli:scope=row", &p->sampler, e);
}

void tiny_prediction_close(struct tiny_prediction *p, const struct mcd_host *host)
{
    mcd_sample_file_abort(&p->samples);
    mcd_partial_clear(&p->partial);
    mcd_item_close(host, p->sampler);
    mcd_network_close(p->network);
    mcd_checkpoint_meta_clear(&p->saved);
    mcd_safetensors_clear(&p->file);
    mcd_dataset_clear(&p->data);
}

static int describe(struct mcd_partial *p, const struct mcd_network *n, struct mcd_error *e)
{
    int status = mcd_origin_set(p->host, &p->origin.model, n->model->spec, e);
    return status ? status : mcd_origin_set(p->host, &p->origin.backend, n->backend->spec, e);
}

int tiny_prediction_run(struct tiny_prediction *p, struct mcd_host *host, uint64_t first,
                        uint64_t passes, struct mcd_error *e)
{
    struct mcd_predict predict = {.network = p->network,
                                  .sampler = p->sampler,
                                  .x = p->data.x.data,
                                  .rows = TINY_TESTS,
                                  .seed = 5,
                                  .first_pass = first,
                                  .passes = passes,
                                  .keep_pieces = 1,
                                  .samples = mcd_sample_file_put,
                                  .samples_arg = &p->samples};
    p->partial.host = host;
    p->partial.deterministic = mcd_host_zalloc(host, TINY_TESTS * TINY_CLASSES * sizeof(double), e);
    int status = p->partial.deterministic ? describe(&p->partial, p->network, e) : MCD_NOMEM;
    if (!status)
        status = mcd_average(p->network, predict.x, TINY_TESTS, p->partial.deterministic, NULL, e);
    if (!status)
        status = mcd_sample_file_create(&p->samples, "samples.npy", MCD_F32, first, passes,
                                        TINY_TESTS, TINY_CLASSES, e);
    if (!status)
        status = mcd_predict_run(&predict, &p->partial.moments, e);
    if (!status)
        status = mcd_sample_file_finish(&p->samples, passes, e);
    return status;
}
