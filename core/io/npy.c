/* NPY: values between file and array, whole or piece by piece. */
#include "core/io/npy.h"

#include "core/base/error.h"
#include "core/io/endian.h"
#include "core/io/npy_header.h"
#include "core/io/place.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* The bytes of values that the shape asks for are there, no more and no fewer. */
static int check_size(const struct mcd_npy_header *h, size_t size, const char *name,
                      struct mcd_error *e)
{
    size_t have = size - h->start, need = 0;
    int status = mcd_array_bytes(h->type, h->rank, h->dim, &need, mcd_place_file(name).text, e);
    if (status)
        return status;
    if (need != have)
        return mcd_fail(e, MCD_INVALID, mcd_place_byte(name, size).text,
                        "%zu bytes of values: expected %zu, as the shape says%s", have, need,
                        need > have ? " (the file is cut)" : "");
    return MCD_OK;
}

/* Copies values whose first index runs fastest to where they belong when the last one does. */
static void copy_fortran(const struct mcd_array *a, const unsigned char *from)
{
    int64_t index[MCD_MAX_RANK] = {0}, stride[MCD_MAX_RANK], at = 0, n = mcd_array_count(a);
    size_t unit = mcd_type_size(a->type);
    unsigned char *to = a->data;
    for (int64_t i = a->rank, step = 1; i > 0; i--) {
        stride[i - 1] = step;
        step *= a->dim[i - 1];
    }
    for (int64_t k = 0; k < n; k++, from += unit) {
        memcpy(to + (size_t)at * unit, from, unit);
        for (uint32_t i = 0; i < a->rank; i++) {
            at += stride[i];
            if (++index[i] < a->dim[i])
                break;
            at -= stride[i] * a->dim[i];
            index[i] = 0;
        }
    }
}

int mcd_npy_parse(const void *bytes, size_t size, const char *name, struct mcd_array *out,
                  struct mcd_error *e)
{
    struct mcd_npy_header h;
    const unsigned char *p = bytes;
    *out = (struct mcd_array){0};
    int status = mcd_npy_header_parse(p, size, name, &h, e);
    if (status == MCD_OK)
        status = check_size(&h, size, name, e);
    if (status == MCD_OK)
        status = mcd_array_create(out, h.type, h.rank, h.dim, e);
    if (status || !out->data)
        return status;
    if (h.fortran)
        copy_fortran(out, p + h.start);
    else
        memcpy(out->data, p + h.start, size - h.start);
    if (h.little != mcd_host_is_little())
        mcd_swap_bytes(out->data, (size_t)mcd_array_count(out), mcd_type_size(h.type));
    return MCD_OK;
}

int mcd_npy_read(const char *path, struct mcd_array *out, struct mcd_error *e)
{
    struct mcd_bytes b;
    *out = (struct mcd_array){0};
    int status = mcd_file_read(path, MCD_FILE_LIMIT, &b, e);
    if (status == MCD_OK)
        status = mcd_npy_parse(b.data, b.size, path, out, e);
    mcd_bytes_clear(&b);
    return status;
}

int mcd_npy_write(const char *path, const struct mcd_array *a, struct mcd_error *e)
{
    struct mcd_npy_writer w = {0};
    int status = mcd_npy_create(&w, path, a->type, a->rank, a->dim, e);
    if (status == MCD_OK)
        status = mcd_npy_put(&w, 0, mcd_array_count(a), a->data, e);
    if (status == MCD_OK)
        return mcd_npy_finish(&w, e);
    mcd_npy_abort(&w);
    return status;
}

/* The header in front of the values; one that is made again keeps its length. */
static int write_header(struct mcd_npy_writer *w, struct mcd_error *e)
{
    char text[MCD_NPY_HEADER_MAX];
    struct mcd_npy_header h = {.type = w->type, .rank = w->rank};
    memcpy(h.dim, w->dim, sizeof h.dim);
    size_t size = mcd_npy_header_format(&h, text);
    if (w->start > size) {
        memset(text + size - 1, ' ', w->start - size);
        text[w->start - 1] = '\n';
        mcd_store_little((unsigned char *)text + 8, 2, w->start - 10);
        size = w->start;
    }
    w->start = size;
    return mcd_output_write(&w->file, text, size, e);
}

int mcd_npy_create(struct mcd_npy_writer *w, const char *path, uint32_t type, uint32_t rank,
                   const int64_t *dim, struct mcd_error *e)
{
    size_t bytes = 0;
    *w = (struct mcd_npy_writer){.unit = mcd_type_size(type), .type = type, .rank = rank};
    int status = mcd_array_bytes(type, rank, dim, &bytes, mcd_place_file(path).text, e);
    if (status == MCD_OK)
        status = mcd_output_open(&w->file, path, e);
    if (status)
        return status;
    for (uint32_t i = 0; i < rank; i++)
        w->dim[i] = dim[i];
    w->count = (int64_t)(bytes / w->unit);
    status = write_header(w, e);
    if (status)
        mcd_npy_abort(w);
    return status;
}

int mcd_npy_shorten(struct mcd_npy_writer *w, int64_t extent, struct mcd_error *e)
{
    const char *path = w->file.path;
    if (w->rank == 0 || extent < 0 || extent > w->dim[0])
        return mcd_fail(e, MCD_INVALID, mcd_place_file(path).text,
                        "cannot be shortened to %" PRId64 ": expected at most %" PRId64, extent,
                        w->rank > 0 ? w->dim[0] : 0);
    if (extent == w->dim[0])
        return MCD_OK;
    w->count = w->count / w->dim[0] * extent;
    w->dim[0] = extent;
    w->next = -1; /* the stream leaves the values */
    if (fseeko(w->file.stream, 0, SEEK_SET) != 0)
        return mcd_fail(e, MCD_IO, mcd_place_file(path).text, "cannot be written: %s",
                        strerror(errno));
    return write_header(w, e);
}

int mcd_npy_put(struct mcd_npy_writer *w, int64_t first, int64_t count, const void *values,
                struct mcd_error *e)
{
    const char *path = w->file.path;
    if (first < 0 || count < 0 || first > w->count || count > w->count - first)
        return mcd_fail(e, MCD_INVALID, mcd_place_file(path).text,
                        "%" PRId64 " values from value %" PRId64
                        " on do not fit: the shape has %" PRId64,
                        count, first, w->count);
    off_t place = (off_t)w->start + (off_t)first * (off_t)w->unit;
    if (first != w->next && fseeko(w->file.stream, place, SEEK_SET) != 0)
        return mcd_fail(e, MCD_IO, mcd_place_file(path).text, "cannot be written: %s",
                        strerror(errno));
    int status = mcd_output_write(&w->file, values, (size_t)count * w->unit, e);
    if (status)
        return status;
    w->next = first + count;
    w->done += count;
    return MCD_OK;
}

int mcd_npy_finish(struct mcd_npy_writer *w, struct mcd_error *e)
{
    int status = MCD_OK;
    if (w->done != w->count)
        status = mcd_fail(e, MCD_INVALID, mcd_place_file(w->file.path).text,
                          "%" PRId64 " of %" PRId64 " values were written", w->done, w->count);
    if (status == MCD_OK)
        status = mcd_output_commit(&w->file, e);
    mcd_npy_abort(w);
    return status;
}

void mcd_npy_abort(struct mcd_npy_writer *w)
{
    mcd_output_abort(&w->file);
    *w = (struct mcd_npy_writer){0};
}
