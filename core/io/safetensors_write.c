/* Writing safetensors: the header is made first, since it holds every offset. */
#include "core/io/safetensors.h"

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/io/endian.h"
#include "core/io/file.h"
#include "core/io/place.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Widest first: then every tensor begins at a multiple of its own element size. */
static const size_t widths[] = {8, 4, 1};

enum { WIDTHS = sizeof widths / sizeof widths[0] };

/* An unknown type counts as the first width, so that it is seen and refused. */
static size_t width(const struct mcd_safetensor *t)
{
    size_t size = mcd_type_size(t->value.type);
    return size ? size : widths[0];
}

static const char *dtype_name(uint32_t type)
{
    switch (type) {
    case MCD_F32:
        return "F32";
    case MCD_F64:
        return "F64";
    case MCD_I32:
        return "I32";
    case MCD_I64:
        return "I64";
    default:
        return "U8";
    }
}

/* {"dtype": ..., "shape": [...], "data_offsets": [begin, end]}, or NULL for lack of memory. */
static json_t *describe(const struct mcd_array *a, size_t begin, size_t end)
{
    json_t *shape = json_array();
    for (uint32_t i = 0; i < a->rank; i++)
        if (json_array_append_new(shape, json_integer(a->dim[i])) != 0) {
            json_decref(shape);
            return NULL;
        }
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", dtype_name(a->type), "shape", shape,
                     "data_offsets", (json_int_t)begin, (json_int_t)end);
}

/* Adds an entry whose key is new. Takes over `value`, which is NULL for lack of memory. */
static int add(json_t *object, const char *key, json_t *value, const char *path,
               struct mcd_error *e)
{
    struct mcd_place place = mcd_place_item(path, key);
    if (json_object_get(object, key)) {
        json_decref(value);
        return mcd_fail(e, MCD_INVALID, place.text, "cannot be written: the name occurs twice");
    }
    if (!mcd_json_is_text(key)) {
        json_decref(value);
        return mcd_fail(e, MCD_INVALID, place.text, "cannot be written: the name is not UTF-8");
    }
    if (json_object_set_new(object, key, value) == 0)
        return MCD_OK;
    return mcd_fail(e, MCD_NOMEM, place.text, "no memory to write it");
}

static int add_metadata(json_t *header, const struct mcd_safetensors *s, const char *path,
                        struct mcd_error *e)
{
    json_t *metadata = json_object();
    int status = add(header, "__metadata__", metadata, path, e);
    for (size_t i = 0; i < s->metadata_count && status == MCD_OK; i++) {
        const struct mcd_metadata *m = &s->metadata[i];
        if (!mcd_json_is_text(m->value))
            status = mcd_fail(e, MCD_INVALID, mcd_place_item(path, m->key).text,
                              "cannot be written: the value is not UTF-8");
        else
            status = add(metadata, m->key, json_string(m->value), path, e);
    }
    return status;
}

/* Adds one tensor whose values begin at *at, and moves *at to their end. */
static int add_tensor(json_t *header, const struct mcd_safetensor *t, size_t *at, const char *path,
                      struct mcd_error *e)
{
    struct mcd_place place = mcd_place_item(path, t->name);
    size_t size = 0, begin = *at;
    int status = mcd_array_bytes(t->value.type, t->value.rank, t->value.dim, &size, place.text, e);
    if (status)
        return status;
    if (strcmp(t->name, "__metadata__") == 0)
        return mcd_fail(e, MCD_INVALID, place.text, "cannot be written: the name is reserved");
    if (__builtin_add_overflow(begin, size, at))
        return mcd_fail(e, MCD_INVALID, place.text, "cannot be written: the file is too large");
    return add(header, t->name, describe(&t->value, begin, *at), path, e);
}

static int add_tensors(json_t *header, const struct mcd_safetensors *s, const char *path,
                       struct mcd_error *e)
{
    size_t at = 0;
    int status = MCD_OK;
    for (size_t w = 0; w < WIDTHS; w++)
        for (size_t i = 0; i < s->count && status == MCD_OK; i++)
            if (width(&s->tensor[i]) == widths[w])
                status = add_tensor(header, &s->tensor[i], &at, path, e);
    return status;
}

/* The JSON as text of *size bytes, padded; to be freed. */
static char *dump(const json_t *header, size_t *size)
{
    size_t length;
    char *text = mcd_json_text(header, JSON_COMPACT, &length);
    if (!text)
        return NULL;
    *size = (length + 7) / 8 * 8;
    memset(text + length, ' ', *size - length);
    return text;
}

static int make_header(const struct mcd_safetensors *s, const char *path, char **text, size_t *size,
                       struct mcd_error *e)
{
    json_t *header = json_object();
    int status = MCD_OK;
    if (s->metadata_count > 0)
        status = add_metadata(header, s, path, e);
    if (status == MCD_OK)
        status = add_tensors(header, s, path, e);
    if (status == MCD_OK && !(*text = dump(header, size)))
        status = mcd_fail(e, MCD_NOMEM, mcd_place_file(path).text, "no memory for the header");
    json_decref(header);
    return status;
}

static int write_header(struct mcd_output *o, const char *text, size_t size, struct mcd_error *e)
{
    unsigned char length[8];
    mcd_store_little(length, 8, size);
    int status = mcd_output_write(o, length, 8, e);
    return status ? status : mcd_output_write(o, text, size, e);
}

/* Little-endian, through a block on the stack where the host is not. */
static int write_values(struct mcd_output *o, const struct mcd_array *a, struct mcd_error *e)
{
    unsigned char block[4096];
    const unsigned char *from = a->data;
    size_t unit = mcd_type_size(a->type), left = (size_t)mcd_array_count(a) * unit;
    if (mcd_host_is_little())
        return mcd_output_write(o, from, left, e);
    for (size_t n; left > 0; left -= n, from += n) {
        n = left < sizeof block ? left : sizeof block;
        memcpy(block, from, n);
        mcd_swap_bytes(block, n / unit, unit);
        int status = mcd_output_write(o, block, n, e);
        if (status)
            return status;
    }
    return MCD_OK;
}

static int write_tensors(struct mcd_output *o, const struct mcd_safetensors *s, struct mcd_error *e)
{
    int status = MCD_OK;
    for (size_t w = 0; w < WIDTHS; w++)
        for (size_t i = 0; i < s->count && status == MCD_OK; i++)
            if (width(&s->tensor[i]) == widths[w])
                status = write_values(o, &s->tensor[i].value, e);
    return status;
}

int mcd_safetensors_write(const char *path, const struct mcd_safetensors *s, struct mcd_error *e)
{
    struct mcd_output o = {0};
    char *text = NULL;
    size_t size = 0;
    int status = make_header(s, path, &text, &size, e);
    if (status == MCD_OK)
        status = mcd_output_open(&o, path, e);
    if (status == MCD_OK)
        status = write_header(&o, text, size, e);
    if (status == MCD_OK)
        status = write_tensors(&o, s, e);
    free(text);
    if (status == MCD_OK)
        return mcd_output_commit(&o, e);
    mcd_output_abort(&o);
    return status;
}
