/* Named tensors in a backend's memory, their first values, and copies to and from the host. */
#include "core/graph/store.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/base/reals.h"
#include "core/base/word_stream.h"
#include "core/graph/infer.h"

#include <stdio.h>
#include <string.h>

static const struct mcd_backend *api(const struct mcd_store *s)
{
    return s->backend->plugin->api;
}

int mcd_store_create(const struct mcd_host *host, const struct mcd_item *backend,
                     struct mcd_store **store, struct mcd_error *error)
{
    struct mcd_store *s = host->alloc(host, sizeof *s);
    if (!s)
        return mcd_fail(error, MCD_NOMEM, "store", "out of memory");
    struct mcd_backend_info info = {.size = sizeof info};
    *s = (struct mcd_store){.host = host, .backend = backend};
    api(s)->info(backend->self, &info);
    s->type = info.type;
    if (s->type != MCD_F32 && s->type != MCD_F64) {
        host->release(host, s);
        return mcd_fail(error, MCD_UNSUPPORTED, backend->plugin->name,
                        "computes in type %u: expected MCD_F32 or MCD_F64", info.type);
    }
    *store = s;
    return MCD_OK;
}

void mcd_store_destroy(struct mcd_store *s)
{
    if (!s)
        return;
    for (uint32_t i = 0; i < s->count; i++) {
        api(s)->release(s->backend->self, s->entry[i].tensor.buffer);
        s->host->release(s->host, s->entry[i].name);
    }
    s->host->release(s->host, s->entry);
    s->host->release(s->host, s);
}

struct mcd_entry *mcd_store_find(const struct mcd_store *s, const char *name)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (!strcmp(s->entry[i].name, name))
            return &s->entry[i];
    return NULL;
}

static int add(struct mcd_store *s, const char *name, const struct mcd_shape *shape,
               struct mcd_error *error)
{
    struct mcd_entry *grown = mcd_host_grow(s->host, s->entry, s->count, sizeof *grown, error);
    if (!grown)
        return MCD_NOMEM;
    s->entry = grown;
    struct mcd_entry e = {.tensor = {.type = s->type, .shape = *shape}};
    size_t bytes = (size_t)mcd_shape_count(shape) * mcd_type_size(s->type);
    double all = (double)bytes; /* first values are made as doubles, one tensor at a time */
    for (uint32_t i = 0; i < s->count; i++)
        all += (double)mcd_shape_count(&s->entry[i].tensor.shape) * mcd_type_size(s->type);
    all += (double)mcd_shape_count(shape) * sizeof(double);
    if (all > (double)mcd_host_memory())
        return mcd_fail(error, MCD_NOMEM, name,
                        "the parameters need %.3g GB, more than the memory that there is",
                        all / 1e9);
    e.name = s->host->alloc(s->host, strlen(name) + 1);
    if (!e.name)
        return mcd_fail(error, MCD_NOMEM, name, "out of memory");
    memcpy(e.name, name, strlen(name) + 1);
    int status = api(s)->alloc(s->backend->self, bytes, &e.tensor.buffer, error);
    if (mcd_item_status(s->backend, status, error)) {
        s->host->release(s->host, e.name);
        return status;
    }
    s->entry[s->count++] = e;
    return MCD_OK;
}

static void remove_last(struct mcd_store *s)
{
    struct mcd_entry *e = &s->entry[--s->count];
    api(s)->release(s->backend->self, e->tensor.buffer);
    s->host->release(s->host, e->name);
}

void mcd_store_cut(struct mcd_store *s, uint32_t count)
{
    while (s->count > count)
        remove_last(s);
}

static int write_zeros(struct mcd_store *s, const struct mcd_entry *e, struct mcd_error *error)
{
    size_t n = (size_t)mcd_shape_count(&e->tensor.shape);
    double *zero = s->host->alloc(s->host, n * sizeof *zero);
    if (!zero)
        return mcd_fail(error, MCD_NOMEM, e->name, "out of memory");
    memset(zero, 0, n * sizeof *zero);
    int status = mcd_store_write(s, e, zero, error);
    s->host->release(s->host, zero);
    return status;
}

int mcd_store_add(struct mcd_store *s, const char *name, const struct mcd_shape *shape,
                  struct mcd_entry **entry, struct mcd_error *error)
{
    char a[MCD_SHAPE_TEXT], b[MCD_SHAPE_TEXT];
    struct mcd_entry *e = mcd_store_find(s, name);
    if (!e) {
        int status = add(s, name, shape, error);
        if (status)
            return status;
        e = &s->entry[s->count - 1];
        status = write_zeros(s, e, error);
        if (status) {
            remove_last(s);
            return status;
        }
    } else if (!mcd_shape_equal(&e->tensor.shape, shape)) {
        return mcd_fail(error, MCD_INVALID, name, "has shape %s: expected %s",
                        mcd_shape_text(&e->tensor.shape, a), mcd_shape_text(shape, b));
    }
    if (entry)
        *entry = e;
    return MCD_OK;
}

/* Uniform in start +- spread, element i from word i of the parameter's own address. */
static void first_values(const struct mcd_graph_param *p, uint32_t number, uint64_t seed,
                         double *value)
{
    struct mcd_word_stream words = {
        .at = {.seed = seed, .domain = MCD_DOMAIN_INIT, .site = number}};
    int64_t n = mcd_shape_count(&p->shape);
    for (int64_t i = 0; i < n; i++)
        value[i] = p->start + p->spread * (2 * mcd_uniform(mcd_next_word(&words)) - 1);
}

static int init_one(struct mcd_store *s, const struct mcd_graph_param *p, uint32_t number,
                    uint64_t seed, struct mcd_error *error)
{
    struct mcd_entry *e;
    int status = mcd_store_add(s, p->name, &p->shape, &e, error);
    if (status)
        return status;
    double *value = s->host->alloc(s->host, (size_t)mcd_shape_count(&p->shape) * sizeof *value);
    if (!value)
        return mcd_fail(error, MCD_NOMEM, p->name, "out of memory");
    first_values(p, number, seed, value);
    status = mcd_store_write(s, e, value, error);
    s->host->release(s->host, value);
    return status;
}

int mcd_store_init(struct mcd_store *s, const struct mcd_graph_core *g, uint64_t seed,
                   struct mcd_error *error)
{
    for (uint32_t i = 0; i < g->nparams; i++) {
        const struct mcd_graph_param *p = &g->param[i];
        int status = mcd_store_find(s, p->name) ? mcd_store_add(s, p->name, &p->shape, NULL, error)
                                                : init_one(s, p, i, seed, error);
        if (status)
            return status;
    }
    return MCD_OK;
}

static int write_real(struct mcd_store *s, const struct mcd_entry *e, const void *from,
                      struct mcd_error *error)
{
    int status = api(s)->write(s->backend->self, &e->tensor, from, error);
    return mcd_item_status(s->backend, status, error);
}

static int read_real(struct mcd_store *s, const struct mcd_entry *e, void *to,
                     struct mcd_error *error)
{
    int status = api(s)->read(s->backend->self, &e->tensor, to, error);
    return mcd_item_status(s->backend, status, error);
}

int mcd_store_write(struct mcd_store *s, const struct mcd_entry *e, const double *from,
                    struct mcd_error *error)
{
    if (s->type == MCD_F64)
        return write_real(s, e, from, error);
    size_t n = (size_t)mcd_shape_count(&e->tensor.shape);
    float *narrow = s->host->alloc(s->host, n * sizeof *narrow);
    if (!narrow)
        return mcd_fail(error, MCD_NOMEM, e->name, "out of memory");
    mcd_reals_copy(narrow, MCD_F32, from, MCD_F64, n);
    int status = write_real(s, e, narrow, error);
    s->host->release(s->host, narrow);
    return status;
}

int mcd_store_read(struct mcd_store *s, const struct mcd_entry *e, double *to,
                   struct mcd_error *error)
{
    if (s->type == MCD_F64)
        return read_real(s, e, to, error);
    size_t n = (size_t)mcd_shape_count(&e->tensor.shape);
    float *narrow = s->host->alloc(s->host, n * sizeof *narrow);
    if (!narrow)
        return mcd_fail(error, MCD_NOMEM, e->name, "out of memory");
    int status = read_real(s, e, narrow, error);
    if (!status)
        mcd_reals_copy(to, MCD_F64, narrow, MCD_F32, n);
    s->host->release(s->host, narrow);
    return status;
}
