/*
 * Any bytes as a checkpoint of a tiny network: its metadata and tensors are refused, or are what
 * they must be. The backend is memory alone.
 */
#include "core/base/host.h"
#include "core/network/checkpoint.h"
#include "core/train/checkpoint_meta.h"

#include <mcdrop/backend.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void memory_info(void *self, struct mcd_backend_info *info)
{
    (void)self;
    info->type = MCD_F32;
}

static int memory_alloc(void *self, size_t bytes, struct mcd_buffer **buffer, struct mcd_error *e)
{
    (void)self, (void)e;
    struct mcd_buffer *b = malloc(sizeof *b + bytes);
    if (!b)
        abort();
    *b = (struct mcd_buffer){bytes, b + 1};
    *buffer = b;
    return MCD_OK;
}

static void memory_release(void *self, struct mcd_buffer *b)
{
    (void)self;
    free(b);
}

static size_t bytes_of(const struct mcd_tensor *t)
{
    return (size_t)mcd_shape_count(&t->shape) * sizeof(float);
}

static int memory_write(void *self, const struct mcd_tensor *to, const void *from,
                        struct mcd_error *e)
{
    (void)self, (void)e;
    memcpy(mcd_host_pointer(to), from, bytes_of(to));
    return MCD_OK;
}

static int memory_read(void *self, const struct mcd_tensor *from, void *to, struct mcd_error *e)
{
    (void)self, (void)e;
    memcpy(to, mcd_host_pointer(from), bytes_of(from));
    return MCD_OK;
}

static const struct mcd_backend memory = {.size = sizeof memory,
                                          .info = memory_info,
                                          .alloc = memory_alloc,
                                          .release = memory_release,
                                          .write = memory_write,
                                          .read = memory_read};
static const struct mcd_plugin memory_plugin = {.name = "memory", .api = &memory};
static const struct mcd_plugin model_plugin = {.name = "tiny"};

/* Two parameters, one of them with a velocity. */
static void make_store(struct mcd_network *n)
{
    const struct mcd_shape weight = mcd_shape2(2, 3), bias = mcd_shape1(2);
    if (mcd_store_create(n->host, n->backend, &n->store, NULL) ||
        mcd_store_add(n->store, "weight", &weight, NULL, NULL) ||
        mcd_store_add(n->store, "bias", &bias, NULL, NULL) ||
        mcd_store_add(n->store, "optimiser.first.bias", &bias, NULL, NULL))
        abort();
}

/* All tensors are replaced by finite values, or none. */
static void load(struct mcd_network *n, const struct mcd_safetensors *file, int with_optimiser)
{
    make_store(n);
    int status = mcd_weights_load(n, file, "fuzz", with_optimiser, NULL);
    for (uint32_t i = 0; i < n->store->count; i++) {
        double x[6];
        if (mcd_store_read(n->store, &n->store->entry[i], x, NULL))
            abort();
        for (int64_t k = 0; k < mcd_shape_count(&n->store->entry[i].tensor.shape); k++)
            if (!isfinite(x[k]) || (status && x[k] != 0))
                abort();
    }
    mcd_store_destroy(n->store);
}

/* What was read is written and read again as it was. */
static void read_meta(const struct mcd_safetensors *file)
{
    struct mcd_checkpoint_meta m, again;
    if (mcd_checkpoint_meta_read(file, "fuzz", &m, NULL) || !m.present)
        return;
    char *text = mcd_checkpoint_meta_text(&m);
    struct mcd_metadata metadata = {MCD_METADATA_KEY, text};
    struct mcd_safetensors written = {.metadata_count = 1, .metadata = &metadata};
    if (!text || mcd_checkpoint_meta_read(&written, "again", &again, NULL) ||
        mcd_checkpoint_meta_same_run(&m, &again, "again", NULL) ||
        m.state.update != again.state.update || m.state.epochs != again.state.epochs)
        abort();
    free(text);
    mcd_checkpoint_meta_clear(&m);
    mcd_checkpoint_meta_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mcd_host *host;
    struct mcd_safetensors file;
    if (!host && !(host = mcd_host_create(1, NULL, NULL, NULL)))
        return 0;
    struct mcd_item backend = {.plugin = &memory_plugin}, model = {.plugin = &model_plugin};
    struct mcd_network n = {.host = host, .backend = &backend, .model = &model};
    if (mcd_safetensors_parse(data, size, "fuzz", &file, NULL))
        return 0;
    read_meta(&file);
    load(&n, &file, 0);
    load(&n, &file, 1);
    mcd_safetensors_clear(&file);
    if (mcd_host_live(host) != 0)
        abort();
    return 0;
}
