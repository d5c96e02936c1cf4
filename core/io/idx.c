/* IDX, a header of 4 + 4 * rank bytes and the values. */
#include "core/io/idx.h"

#include "core/base/error.h"
#include "core/io/endian.h"
#include "core/io/file.h"
#include "core/io/place.h"

#include <inttypes.h>
#include <string.h>

static uint32_t type_of_code(unsigned code)
{
    switch (code) {
    case 0x08:
        return MCD_U8;
    case 0x0c:
        return MCD_I32;
    case 0x0d:
        return MCD_F32;
    case 0x0e:
        return MCD_F64;
    default:
        return 0;
    }
}

/* The first four bytes. */
static int parse_magic(const unsigned char *p, size_t size, const char *name, struct mcd_array *a,
                       struct mcd_error *e)
{
    if (size < 4)
        return mcd_fail(e, MCD_INVALID, mcd_place_byte(name, size).text,
                        "the file ends in the magic number of an IDX file: expected 4 bytes");
    if (p[0] != 0 || p[1] != 0)
        return mcd_fail(e, MCD_INVALID, mcd_place_byte(name, 0).text,
                        "not an IDX file: it begins with %02x %02x, expected 00 00", p[0], p[1]);
    a->type = type_of_code(p[2]);
    if (!a->type)
        return mcd_fail(e, MCD_INVALID, mcd_place_byte(name, 2).text,
                        "IDX type %02x is not supported: expected 08 (unsigned byte), 0c (int), 0d "
                        "(float) or 0e (double)",
                        p[2]);
    a->rank = p[3];
    if (a->rank < 1 || a->rank > MCD_MAX_RANK)
        return mcd_fail(e, MCD_INVALID, mcd_place_byte(name, 3).text,
                        "%" PRIu32 " dimensions: expected 1 to %d", a->rank, MCD_MAX_RANK);
    return MCD_OK;
}

/* The extents; their product is never beyond the bytes that follow. */
static int parse_extents(const unsigned char *p, size_t size, const char *name, struct mcd_array *a,
                         struct mcd_error *e)
{
    size_t start = 4 + 4 * (size_t)a->rank;
    if (size < start)
        return mcd_fail(e, MCD_INVALID, mcd_place_byte(name, size).text,
                        "the file ends in the header: expected %zu bytes for %" PRIu32
                        " dimensions",
                        start, a->rank);
    for (uint32_t i = 0; i < a->rank; i++)
        a->dim[i] = (int64_t)mcd_load_big(p + 4 + 4 * i, 4);
    size_t need = 0;
    int status = mcd_array_bytes(a->type, a->rank, a->dim, &need, mcd_place_byte(name, 4).text, e);
    if (status)
        return status;
    if (need != size - start)
        return mcd_fail(e, MCD_INVALID, mcd_place_byte(name, size).text,
                        "%zu bytes of values: expected %zu, as the extents say%s", size - start,
                        need, need > size - start ? " (the file is cut)" : "");
    return MCD_OK;
}

int mcd_idx_parse(const void *bytes, size_t size, const char *name, struct mcd_array *out,
                  struct mcd_error *e)
{
    const unsigned char *p = bytes;
    struct mcd_array head = {0};
    *out = head;
    int status = parse_magic(p, size, name, &head, e);
    if (status == MCD_OK)
        status = parse_extents(p, size, name, &head, e);
    if (status == MCD_OK)
        status = mcd_array_create(out, head.type, head.rank, head.dim, e);
    if (status || !out->data)
        return status;
    size_t unit = mcd_type_size(out->type), start = 4 + 4 * (size_t)out->rank;
    memcpy(out->data, p + start, size - start);
    if (mcd_host_is_little())
        mcd_swap_bytes(out->data, (size - start) / unit, unit);
    return MCD_OK;
}

int mcd_idx_read(const char *path, struct mcd_array *out, struct mcd_error *e)
{
    struct mcd_bytes b;
    *out = (struct mcd_array){0};
    int status = mcd_file_read(path, MCD_FILE_LIMIT, &b, e);
    if (status == MCD_OK)
        status = mcd_idx_parse(b.data, b.size, path, out, e);
    mcd_bytes_clear(&b);
    return status;
}
