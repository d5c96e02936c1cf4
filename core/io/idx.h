/*
 * IDX: the format of MNIST and Fashion-MNIST. A magic number (0, 0, type, rank), the extents as
 * big-endian 32-bit numbers, then the values, big-endian.
 */
#ifndef CORE_IO_IDX_H
#define CORE_IO_IDX_H

#include "core/base/array.h"

#include <mcdrop/error.h>

#include <stddef.h>

/*
 * Bytes to array: unsigned byte, 32-bit integer, float or double. Bytes that are missing or left
 * over are refused. `name` stands in messages. On failure `out` is zeroed; the caller clears it.
 */
int mcd_idx_parse(const void *bytes, size_t size, const char *name, struct mcd_array *out,
                  struct mcd_error *e);

/* The same from a file, plain or gzip. */
int mcd_idx_read(const char *path, struct mcd_array *out, struct mcd_error *e);

#endif
