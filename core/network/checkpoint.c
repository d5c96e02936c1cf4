/* A network's tensors to and from a safetensors file. */
#include "core/network/checkpoint.h"

#include "core/base/error.h"
#include "core/base/reals.h"
#include "core/graph/infer.h"
#include "core/network/draws.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int is_slot(const char *name)
{
    return !strncmp(name, MCD_SLOT_PREFIX, strlen(MCD_SLOT_PREFIX));
}

static struct mcd_shape shape_of(const struct mcd_array *a)
{
    struct mcd_shape s = {.rank = a->rank};
    memcpy(s.dim, a->dim, sizeof s.dim);
    return s;
}

/* Scalars travel as [] or [1]. */
static int same_shape(const struct mcd_shape *want, const struct mcd_shape *found)
{
    if (want->rank == 0 && found->rank == 1)
        return found->dim[0] == 1;
    return mcd_shape_equal(want, found);
}

static int check_tensor(const struct mcd_network *n, const struct mcd_safetensor *t,
                        const struct mcd_shape *want, const char *path, struct mcd_error *error)
{
    char a[MCD_SHAPE_TEXT], b[MCD_SHAPE_TEXT];
    struct mcd_shape found = shape_of(&t->value);
    if (!same_shape(want, &found))
        return mcd_fail(error, MCD_INVALID, path, "tensor %s has shape %s: expected %s", t->name,
                        mcd_shape_text(&found, a), mcd_shape_text(want, b));
    if (t->value.type != MCD_F32 && t->value.type != MCD_F64)
        return mcd_fail(error, MCD_INVALID, path, "tensor %s holds integers: expected F32 or F64",
                        t->name);
    for (int64_t i = 0, count = mcd_array_count(&t->value); i < count; i++) {
        double v = mcd_reals_at(t->value.data, t->value.type, (size_t)i);
        if (!isfinite(v))
            return mcd_fail(error, MCD_INVALID, path,
                            "tensor %s, element %lld is %s: expected a finite number", t->name,
                            (long long)i, isnan(v) ? "NaN" : "infinite");
        if (n->store->type == MCD_F32 && !isfinite((float)v))
            return mcd_fail(error, MCD_INVALID, path,
                            "tensor %s, element %lld is %g: expected at most %g in F32", t->name,
                            (long long)i, v, (double)FLT_MAX);
    }
    return MCD_OK;
}

/*
 * Whether it is PyTorch's count of the batches behind a running mean that the network has: nothing
 * here asks for it.
 */
static int is_count_of_batches(const struct mcd_network *n, const char *name)
{
    static const char count[] = "num_batches_tracked", mean[] = "running_mean";
    char sibling[MCD_MAX_SCOPE];
    size_t length = strlen(name), prefix = length - (sizeof count - 1);
    if (length < sizeof count || strcmp(name + prefix, count) != 0 ||
        prefix + sizeof mean > sizeof sibling)
        return 0;
    memcpy(sibling, name, prefix);
    memcpy(sibling + prefix, mean, sizeof mean);
    return mcd_store_find(n->store, sibling) && !mcd_store_find(n->store, name);
}

/* Whether a tensor of the store or the file is to be replaced or read. */
static int is_wanted(const struct mcd_network *n, const char *name, int with_optimiser)
{
    return (with_optimiser || !is_slot(name)) && !is_count_of_batches(n, name);
}

/* All of the network's tensors there, each of its shape, and nothing else. */
static int check_file(const struct mcd_network *n, const struct mcd_safetensors *file,
                      const char *path, int with_optimiser, struct mcd_error *error)
{
    if (mcd_draws_is(file))
        return mcd_fail(error, MCD_INVALID, path,
                        "holds draws of a posterior: expected weights of %s, or their own --model",
                        n->model->plugin->name);
    for (uint32_t i = 0; i < n->store->count; i++) {
        const char *name = n->store->entry[i].name;
        if (is_wanted(n, name, with_optimiser) && !mcd_safetensors_find(file, name))
            return mcd_fail(error, MCD_INVALID, path, "has no tensor %s: %s needs it", name,
                            n->model->plugin->name);
    }
    for (size_t i = 0; i < file->count; i++) {
        const char *name = file->tensor[i].name;
        const struct mcd_entry *e = mcd_store_find(n->store, name);
        if (!is_wanted(n, name, with_optimiser))
            continue;
        if (!e)
            return mcd_fail(error, MCD_INVALID, path,
                            "has a tensor %s that %s does not have: expected its %s alone", name,
                            n->model->plugin->name,
                            with_optimiser ? "parameters and the optimiser's state" : "parameters");
        if (check_tensor(n, &file->tensor[i], &e->tensor.shape, path, error))
            return MCD_INVALID;
    }
    return MCD_OK;
}

/* A tensor's values in the store's type, to be released. */
static int prepare(const struct mcd_network *n, const struct mcd_safetensor *t, void **values,
                   struct mcd_error *error)
{
    size_t count = (size_t)mcd_array_count(&t->value);
    *values = n->host->alloc(n->host, count * mcd_type_size(n->store->type));
    if (!*values)
        return mcd_fail(error, MCD_NOMEM, t->name, "out of memory");
    mcd_reals_copy(*values, n->store->type, t->value.data, t->value.type, count);
    return MCD_OK;
}

static int write(const struct mcd_network *n, const char *name, const void *values,
                 struct mcd_error *error)
{
    const struct mcd_backend *backend = n->backend->plugin->api;
    return backend->write(n->backend->self, &mcd_store_find(n->store, name)->tensor, values, error);
}

/* Writes begin when all that needs memory is done. */
static int replace(const struct mcd_network *n, const struct mcd_safetensors *file,
                   int with_optimiser, void **values, struct mcd_error *error)
{
    int status = MCD_OK;
    for (size_t i = 0; !status && i < file->count; i++)
        if (is_wanted(n, file->tensor[i].name, with_optimiser))
            status = prepare(n, &file->tensor[i], &values[i], error);
    for (size_t i = 0; !status && i < file->count; i++)
        if (values[i])
            status = write(n, file->tensor[i].name, values[i], error);
    return status;
}

int mcd_weights_load(struct mcd_network *n, const struct mcd_safetensors *file, const char *path,
                     int with_optimiser, struct mcd_error *error)
{
    int status = check_file(n, file, path, with_optimiser, error);
    if (status)
        return status;
    void **values = n->host->alloc(n->host, (file->count + 1) * sizeof *values);
    if (!values)
        return mcd_fail(error, MCD_NOMEM, path, "out of memory");
    memset(values, 0, (file->count + 1) * sizeof *values);
    status = replace(n, file, with_optimiser, values, error);
    for (size_t i = 0; i < file->count; i++)
        n->host->release(n->host, values[i]);
    n->host->release(n->host, values);
    return status;
}

/* The values of one entry as an array of the store's type. */
static int take(const struct mcd_network *n, const struct mcd_entry *e, struct mcd_array *a,
                struct mcd_error *error)
{
    const struct mcd_backend *backend = n->backend->plugin->api;
    size_t bytes = (size_t)mcd_shape_count(&e->tensor.shape) * mcd_type_size(n->store->type);
    *a = (struct mcd_array){.type = n->store->type, .rank = e->tensor.shape.rank};
    memcpy(a->dim, e->tensor.shape.dim, sizeof a->dim);
    a->data = malloc(bytes ? bytes : 1); /* freed by mcd_array_clear */
    if (!a->data)
        return mcd_fail(error, MCD_NOMEM, e->name, "out of memory");
    return backend->read(n->backend->self, &e->tensor, a->data, error);
}

int mcd_weights_save(const struct mcd_network *n, const char *path,
                     const struct mcd_metadata *metadata, size_t metadata_count,
                     struct mcd_error *error)
{
    uint32_t count = n->store->count;
    struct mcd_safetensor *t = n->host->alloc(n->host, (count + 1) * sizeof *t);
    if (!t)
        return mcd_fail(error, MCD_NOMEM, path, "out of memory");
    memset(t, 0, (count + 1) * sizeof *t);
    int status = MCD_OK;
    for (uint32_t i = 0; !status && i < count; i++) {
        t[i].name = n->store->entry[i].name;
        status = take(n, &n->store->entry[i], &t[i].value, error);
    }
    struct mcd_safetensors file = {count, metadata_count, t, (struct mcd_metadata *)metadata};
    if (!status)
        status = mcd_safetensors_write(path, &file, error);
    for (uint32_t i = 0; i < count; i++)
        mcd_array_clear(&t[i].value);
    n->host->release(n->host, t);
    return status;
}
