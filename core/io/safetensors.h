/*
 * safetensors: named tensors in one file. Eight bytes of length, a JSON header of that length with
 * type, shape and place of each tensor, and the values, little-endian, without gaps.
 */
#ifndef CORE_IO_SAFETENSORS_H
#define CORE_IO_SAFETENSORS_H

#include "core/base/array.h"

#include <mcdrop/error.h>

#include <stddef.h>

struct mcd_safetensor {
    const char *name;
    struct mcd_array value;
};

/* An entry of the header's __metadata__: text to text. */
struct mcd_metadata {
    const char *key, *value;
};

/*
 * What a file holds, in the header's order. Everything is owned when it comes from parse or read;
 * for write it may be borrowed.
 */
struct mcd_safetensors {
    size_t count, metadata_count;
    struct mcd_safetensor *tensor;
    struct mcd_metadata *metadata;
};

/*
 * Bytes to tensors. Types F32, F64, I32, I64, U8 as they are; F16 and BF16 become F32, exactly.
 * Refused: any other type, a header that is longer than the file or 100 MB, a key or name that
 * occurs twice, offsets that overlap, leave a gap, end beyond the file or before its end, and a
 * shape that needs another number of bytes. `name` stands in messages. On failure `out` is zeroed.
 */
int mcd_safetensors_parse(const void *bytes, size_t size, const char *name,
                          struct mcd_safetensors *out, struct mcd_error *e);

/* The same from a file. */
int mcd_safetensors_read(const char *path, struct mcd_safetensors *out, struct mcd_error *e);

/*
 * Writes the tensors in the given order, but wider types first, so that each value is aligned; the
 * header is padded with spaces to a multiple of 8. The file appears whole or not at all.
 */
int mcd_safetensors_write(const char *path, const struct mcd_safetensors *s, struct mcd_error *e);

/* NULL where there is none of that name or key. */
const struct mcd_array *mcd_safetensors_find(const struct mcd_safetensors *s, const char *name);
const char *mcd_safetensors_metadata(const struct mcd_safetensors *s, const char *key);

/* Frees what parse or read made; harmless on zeros. */
void mcd_safetensors_clear(struct mcd_safetensors *s);

#endif
