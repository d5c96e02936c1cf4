/* Reading safetensors. Nothing is allocated for values before all offsets are known to be right. */
#include "core/io/safetensors.h"

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/io/endian.h"
#include "core/io/file.h"
#include "core/io/half.h"
#include "core/io/place.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* What other readers of the format allow. */
enum { HEADER_MAX = 100000000 };

struct dtype {
    const char *name;
    uint32_t type; /* in memory */
    size_t size;   /* in the file */
};

static const struct dtype dtypes[] = {
    {"F32", MCD_F32, 4}, {"F64", MCD_F64, 8}, {"I32", MCD_I32, 4},  {"I64", MCD_I64, 8},
    {"U8", MCD_U8, 1},   {"F16", MCD_F32, 2}, {"BF16", MCD_F32, 2},
};

/* One tensor as the header describes it; offsets count from the end of the header. */
struct entry {
    const char *name; /* borrowed from the JSON */
    const struct dtype *dtype;
    uint32_t rank;
    int64_t dim[MCD_MAX_RANK];
    uint64_t begin, end;
};

/* The file while it is read. */
struct source {
    const char *name; /* for messages */
    const unsigned char *values;
    size_t size; /* of the values */
    json_t *header;
    struct entry *entry;
    size_t count;
    struct mcd_error *e;
};

static int fail_json(const struct source *s, int status, const json_error_t *error)
{
    char text[sizeof error->text];
    for (size_t i = 0; i < sizeof text; i++) /* it may quote the input */
        text[i] =
            error->text[i] == 0 || (unsigned char)error->text[i] >= ' ' ? error->text[i] : '?';
    if (status == MCD_NOMEM)
        return mcd_fail(s->e, status, mcd_place_file(s->name).text, "no memory for its header");
    return mcd_fail(s->e, MCD_INVALID, mcd_place_byte(s->name, 8 + (size_t)error->position).text,
                    "the header is not JSON as expected: %s", text);
}

/* The length and the JSON. */
static int parse_header(struct source *s, const unsigned char *bytes, size_t size)
{
    if (size < 8)
        return mcd_fail(s->e, MCD_INVALID, mcd_place_byte(s->name, size).text,
                        "the file ends in the length of the header: expected 8 bytes");
    uint64_t length = mcd_load_little(bytes, 8);
    if (length > HEADER_MAX || length > size - 8)
        return mcd_fail(s->e, MCD_INVALID, mcd_place_byte(s->name, 0).text,
                        "a header of %" PRIu64 " bytes: expected at most %zu, what the file holds "
                        "(not a safetensors file, or cut)",
                        length, size - 8 < HEADER_MAX ? size - 8 : (size_t)HEADER_MAX);
    if (length == 0 || bytes[8] != '{')
        return mcd_fail(s->e, MCD_INVALID, mcd_place_byte(s->name, 8).text,
                        "the header does not begin with '{'");
    json_error_t error;
    int status = mcd_json_parse((const char *)bytes + 8, (size_t)length, &s->header, &error);
    if (status)
        return fail_json(s, status, &error);
    s->values = bytes + 8 + length;
    s->size = size - 8 - (size_t)length;
    return MCD_OK;
}

static int fail_entry(const struct source *s, const struct entry *t, const char *what,
                      const char *expected)
{
    return mcd_fail(s->e, MCD_INVALID, mcd_place_item(s->name, t->name).text,
                    "its %s is wrong: expected %s", what, expected);
}

static int parse_dtype(const struct source *s, const json_t *object, struct entry *t)
{
    const char *text = json_string_value(json_object_get(object, "dtype"));
    if (!text)
        return fail_entry(s, t, "dtype", "a string like \"F32\"");
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++)
        if (strcmp(text, dtypes[i].name) == 0)
            t->dtype = &dtypes[i];
    if (t->dtype)
        return MCD_OK;
    return mcd_fail(s->e, MCD_INVALID, mcd_place_item(s->name, t->name).text,
                    "dtype '%s' is not supported: expected F32, F64, F16, BF16, I32, I64 or U8",
                    mcd_show_text(text).text);
}

/* A number that is not negative, or -1. */
static int64_t natural(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value)
                                                                    : -1;
}

static int parse_shape(const struct source *s, const json_t *object, struct entry *t)
{
    const json_t *shape = json_object_get(object, "shape");
    size_t rank = json_array_size(shape);
    if (!json_is_array(shape) || rank > MCD_MAX_RANK)
        return fail_entry(s, t, "shape", "an array of at most 6 extents");
    t->rank = (uint32_t)rank;
    for (size_t i = 0; i < rank; i++)
        if ((t->dim[i] = natural(json_array_get(shape, i))) < 0)
            return fail_entry(s, t, "shape", "extents of 0 or more");
    return MCD_OK;
}

/* The place in the file; what the shape needs. */
static int parse_offsets(const struct source *s, const json_t *object, struct entry *t)
{
    const json_t *offsets = json_object_get(object, "data_offsets");
    int64_t begin = natural(json_array_get(offsets, 0)), end = natural(json_array_get(offsets, 1));
    if (json_array_size(offsets) != 2 || begin < 0 || end < begin)
        return fail_entry(s, t, "data_offsets", "[begin, end]");
    struct mcd_place place = mcd_place_item(s->name, t->name);
    if ((uint64_t)end > s->size)
        return mcd_fail(s->e, MCD_INVALID, place.text,
                        "its values end at %" PRId64 ": the file holds %zu bytes of values", end,
                        s->size);
    size_t need = 0;
    int status = mcd_array_bytes(t->dtype->type, t->rank, t->dim, &need, place.text, s->e);
    if (status)
        return status;
    need = need / mcd_type_size(t->dtype->type) * t->dtype->size;
    if ((uint64_t)(end - begin) != need)
        return mcd_fail(s->e, MCD_INVALID, place.text,
                        "%" PRId64 " bytes of values: expected %zu, as its shape says", end - begin,
                        need);
    t->begin = (uint64_t)begin;
    t->end = (uint64_t)end;
    return MCD_OK;
}

static int parse_entry(const struct source *s, const char *name, const json_t *object,
                       struct entry *t)
{
    t->name = name;
    if (!json_is_object(object) || json_object_size(object) != 3)
        return fail_entry(s, t, "entry", "an object of dtype, shape and data_offsets");
    int status = parse_dtype(s, object, t);
    if (status == MCD_OK)
        status = parse_shape(s, object, t);
    return status ? status : parse_offsets(s, object, t);
}

static int parse_entries(struct source *s)
{
    const char *key;
    json_t *value;
    size_t most = json_object_size(s->header);
    if (!(s->entry = calloc(most + 1, sizeof *s->entry)))
        return mcd_fail(s->e, MCD_NOMEM, mcd_place_file(s->name).text, "no memory for its header");
    json_object_foreach(s->header, key, value)
    {
        if (strcmp(key, "__metadata__") == 0)
            continue;
        int status = parse_entry(s, key, value, &s->entry[s->count++]);
        if (status)
            return status;
    }
    return MCD_OK;
}

static int by_offset(const void *a, const void *b)
{
    const struct entry *const *p = a, *const *q = b;
    if ((*p)->begin != (*q)->begin)
        return (*p)->begin < (*q)->begin ? -1 : 1;
    return ((*p)->end > (*q)->end) - ((*p)->end < (*q)->end);
}

/* In the order of their offsets, each tensor begins where the one before ends. */
static int check_contiguous(const struct source *s, const struct entry **sorted)
{
    uint64_t at = 0;
    for (size_t i = 0; i < s->count; i++)
        sorted[i] = &s->entry[i];
    qsort(sorted, s->count, sizeof *sorted, by_offset);
    for (size_t i = 0; i < s->count; at = sorted[i++]->end)
        if (sorted[i]->begin != at)
            return mcd_fail(s->e, MCD_INVALID, mcd_place_item(s->name, sorted[i]->name).text,
                            "its values begin at %" PRIu64 ", expected %" PRIu64 ": %s",
                            sorted[i]->begin, at,
                            sorted[i]->begin < at ? "two tensors overlap" : "there is a gap");
    if (at != s->size)
        return mcd_fail(s->e, MCD_INVALID, mcd_place_file(s->name).text,
                        "%zu bytes of values: expected %" PRIu64 ", as the header says", s->size,
                        at);
    return MCD_OK;
}

static int check_layout(const struct source *s)
{
    const struct entry **sorted = calloc(s->count + 1, sizeof *sorted);
    if (!sorted)
        return mcd_fail(s->e, MCD_NOMEM, mcd_place_file(s->name).text, "no memory for its header");
    int status = check_contiguous(s, sorted);
    free(sorted);
    return status;
}

/* The values in the host's order and type. */
static void convert(const struct entry *t, const unsigned char *from, struct mcd_array *to)
{
    size_t count = (size_t)mcd_array_count(to), size = (size_t)(t->end - t->begin);
    if (t->dtype->size == 2) {
        int half = strcmp(t->dtype->name, "F16") == 0;
        float *value = to->data;
        for (size_t i = 0; i < count; i++) {
            uint16_t bits = (uint16_t)mcd_load_little(from + 2 * i, 2);
            value[i] = half ? mcd_float_of_half(bits) : mcd_float_of_bfloat(bits);
        }
        return;
    }
    memcpy(to->data, from, size);
    if (!mcd_host_is_little())
        mcd_swap_bytes(to->data, count, t->dtype->size);
}

static int copy_tensors(const struct source *s, struct mcd_safetensors *out)
{
    if (!(out->tensor = calloc(s->count + 1, sizeof *out->tensor)))
        return mcd_fail(s->e, MCD_NOMEM, mcd_place_file(s->name).text, "no memory for its header");
    for (size_t i = 0; i < s->count; i++) {
        const struct entry *t = &s->entry[i];
        struct mcd_safetensor *to = &out->tensor[out->count++];
        int status = mcd_array_create(&to->value, t->dtype->type, t->rank, t->dim, s->e);
        if (status)
            return status;
        if (!(to->name = strdup(t->name)))
            return mcd_fail(s->e, MCD_NOMEM, mcd_place_file(s->name).text, "no memory for names");
        if (to->value.data)
            convert(t, s->values + t->begin, &to->value);
    }
    return MCD_OK;
}

static int copy_metadata(const struct source *s, struct mcd_safetensors *out)
{
    json_t *metadata = json_object_get(s->header, "__metadata__"), *value;
    const char *key;
    if (metadata && !json_is_object(metadata))
        return mcd_fail(s->e, MCD_INVALID, mcd_place_item(s->name, "__metadata__").text,
                        "expected an object that maps strings to strings");
    if (!(out->metadata = calloc(json_object_size(metadata) + 1, sizeof *out->metadata)))
        return mcd_fail(s->e, MCD_NOMEM, mcd_place_file(s->name).text, "no memory for metadata");
    json_object_foreach(metadata, key, value)
    {
        if (!json_is_string(value))
            return mcd_fail(s->e, MCD_INVALID, mcd_place_item(s->name, "__metadata__").text,
                            "the value of '%s' is no string", mcd_show_text(key).text);
        struct mcd_metadata *m = &out->metadata[out->metadata_count++];
        m->key = strdup(key);
        m->value = strdup(json_string_value(value));
        if (!m->key || !m->value)
            return mcd_fail(s->e, MCD_NOMEM, mcd_place_file(s->name).text,
                            "no memory for metadata");
    }
    return MCD_OK;
}

int mcd_safetensors_parse(const void *bytes, size_t size, const char *name,
                          struct mcd_safetensors *out, struct mcd_error *e)
{
    struct source s = {.name = name, .e = e};
    *out = (struct mcd_safetensors){0};
    int status = parse_header(&s, bytes, size);
    if (status == MCD_OK)
        status = parse_entries(&s);
    if (status == MCD_OK)
        status = check_layout(&s);
    if (status == MCD_OK)
        status = copy_metadata(&s, out);
    if (status == MCD_OK)
        status = copy_tensors(&s, out);
    free(s.entry);
    json_decref(s.header);
    if (status)
        mcd_safetensors_clear(out);
    return status;
}

int mcd_safetensors_read(const char *path, struct mcd_safetensors *out, struct mcd_error *e)
{
    struct mcd_bytes b;
    *out = (struct mcd_safetensors){0};
    int status = mcd_file_read(path, MCD_FILE_LIMIT, &b, e);
    if (status == MCD_OK)
        status = mcd_safetensors_parse(b.data, b.size, path, out, e);
    mcd_bytes_clear(&b);
    return status;
}

const struct mcd_array *mcd_safetensors_find(const struct mcd_safetensors *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->tensor[i].name, name) == 0)
            return &s->tensor[i].value;
    return NULL;
}

const char *mcd_safetensors_metadata(const struct mcd_safetensors *s, const char *key)
{
    for (size_t i = 0; i < s->metadata_count; i++)
        if (strcmp(s->metadata[i].key, key) == 0)
            return s->metadata[i].value;
    return NULL;
}

void mcd_safetensors_clear(struct mcd_safetensors *s)
{
    for (size_t i = 0; i < s->count; i++) {
        free((char *)s->tensor[i].name);
        mcd_array_clear(&s->tensor[i].value);
    }
    for (size_t i = 0; i < s->metadata_count; i++) {
        free((char *)s->metadata[i].key);
        free((char *)s->metadata[i].value);
    }
    free(s->tensor);
    free(s->metadata);
    *s = (struct mcd_safetensors){0};
}
