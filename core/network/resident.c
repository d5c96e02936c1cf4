/* Tables in a backend's memory. */
#include "core/network/resident.h"

#include "core/base/error.h"
#include "core/base/reals.h"

/* Rows that are converted at a time: tensors begin at multiples of 64 bytes. */
enum { PIECE = 512 };

static const struct mcd_backend *api(const struct mcd_resident *r)
{
    return r->network->backend->plugin->api;
}

int mcd_resident_is_useful(const struct mcd_network *n)
{
    return n->store->count > 0 && !n->store->entry[0].tensor.buffer->host;
}

static int write(const struct mcd_resident *r, const struct mcd_tensor *to, const void *from,
                 struct mcd_error *error)
{
    const struct mcd_item *backend = r->network->backend;
    return mcd_item_status(backend, api(r)->write(backend->self, to, from, error), error);
}

static int alloc_table(struct mcd_resident *r, uint32_t index, struct mcd_shape shape,
                       uint32_t type, struct mcd_error *error)
{
    const struct mcd_item *backend = r->network->backend;
    struct mcd_tensor *t = &r->table[index];
    *t = (struct mcd_tensor){.type = type, .shape = shape};
    size_t bytes = (size_t)mcd_tensor_count(t) * mcd_type_size(type);
    int status = api(r)->alloc(backend->self, bytes, &r->buffer[index], error);
    t->buffer = r->buffer[index];
    return mcd_item_status(backend, status, error);
}

/* Writes floats into a table of wider numbers, some rows at a time. */
static int write_converted(const struct mcd_resident *r, const struct mcd_tensor *table,
                           const float *from, struct mcd_error *error)
{
    const struct mcd_host *host = r->network->host;
    int64_t rows = table->shape.dim[0], width = table->shape.dim[1];
    size_t size = mcd_type_size(table->type);
    void *piece = host->alloc(host, (size_t)(PIECE * width) * size);
    int status = piece ? MCD_OK : mcd_fail(error, MCD_NOMEM, "data", "out of memory");
    for (int64_t first = 0; !status && first < rows; first += PIECE) {
        struct mcd_tensor part = *table;
        part.offset = (size_t)(first * width) * size;
        part.shape.dim[0] = rows - first < PIECE ? rows - first : PIECE;
        mcd_reals_copy(piece, table->type, from + first * width, MCD_F32,
                       (size_t)mcd_tensor_count(&part));
        status = write(r, &part, piece, error);
    }
    host->release(host, piece);
    return status;
}

static int make_reals(struct mcd_resident *r, uint32_t index, int64_t rows, int64_t width,
                      const float *from, struct mcd_error *error)
{
    uint32_t type = r->network->store->type;
    int status = alloc_table(r, index, mcd_shape2(rows, width), type, error);
    if (status)
        return status;
    return type == MCD_F32 ? write(r, &r->table[index], from, error)
                           : write_converted(r, &r->table[index], from, error);
}

static int make_labels(struct mcd_resident *r, int64_t rows, const int32_t *from,
                       struct mcd_error *error)
{
    int status = alloc_table(r, MCD_TABLE_TARGET, mcd_shape1(rows), MCD_I32, error);
    return status ? status : write(r, &r->table[MCD_TABLE_TARGET], from, error);
}

int mcd_resident_create(const struct mcd_network *n, const struct mcd_examples *data,
                        int64_t places, struct mcd_resident *r, struct mcd_error *error)
{
    *r = (struct mcd_resident){.network = n};
    int status = make_reals(r, MCD_TABLE_X, data->rows, mcd_shape_count(&n->input), data->x, error);
    if (!status && data->label)
        status = make_labels(r, data->rows, data->label, error);
    else if (!status && data->target)
        status = make_reals(r, MCD_TABLE_TARGET, data->rows, n->outputs, data->target, error);
    if (!status)
        status = alloc_table(r, MCD_TABLE_ORDER, mcd_shape1(places), MCD_I32, error);
    if (status)
        mcd_resident_destroy(r);
    return status;
}

void mcd_resident_destroy(struct mcd_resident *r)
{
    for (uint32_t i = 0; i < MCD_TABLES && r->network; i++)
        api(r)->release(r->network->backend->self, r->buffer[i]);
    *r = (struct mcd_resident){0};
}

int mcd_resident_order(struct mcd_resident *r, const uint32_t *order, struct mcd_error *error)
{
    return write(r, &r->table[MCD_TABLE_ORDER], order, error);
}
