/*
 * NPY, NumPy's format for one array: a magic string, a Python dictionary literal that tells type,
 * order and shape, then the values.
 */
#ifndef CORE_IO_NPY_H
#define CORE_IO_NPY_H

#include "core/base/array.h"
#include "core/io/file.h"

#include <mcdrop/error.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Bytes to array: versions 1 to 3, types f4, f8, u1, i4 and i8 in either byte order, C or Fortran
 * order; the array is native and row-major. Bytes that are missing or left over are refused.
 * `name` stands in messages. On failure `out` is zeroed; the caller clears it.
 */
int mcd_npy_parse(const void *bytes, size_t size, const char *name, struct mcd_array *out,
                  struct mcd_error *e);

/* The same from a file. */
int mcd_npy_read(const char *path, struct mcd_array *out, struct mcd_error *e);

/* Writes version 1, C order, native byte order; the file appears whole or not at all. */
int mcd_npy_write(const char *path, const struct mcd_array *a, struct mcd_error *e);

/*
 * A file that is written piece by piece, in any order, in constant memory. Initialise with {0};
 * after create, call exactly one of finish and abort. One thread at a time.
 */
struct mcd_npy_writer {
    struct mcd_output file;
    size_t start, unit;  /* of the values: first byte in the file, bytes of one */
    int64_t count, done; /* values that the shape holds, values written so far */
    int64_t next;        /* where the stream stands */
    uint32_t type, rank;
    int64_t dim[MCD_MAX_RANK];
};

/* The final shape must be known, but for the first extent: see mcd_npy_shorten. */
int mcd_npy_create(struct mcd_npy_writer *w, const char *path, uint32_t type, uint32_t rank,
                   const int64_t *dim, struct mcd_error *e);

/* Writes `count` values in row-major order from value `first` on. Each value is written once. */
int mcd_npy_put(struct mcd_npy_writer *w, int64_t first, int64_t count, const void *values,
                struct mcd_error *e);

/* Makes the first extent `extent`, at most what it was; nothing may have been written beyond. */
int mcd_npy_shorten(struct mcd_npy_writer *w, int64_t extent, struct mcd_error *e);

/* Makes the file appear; refuses when values are missing. Closes `w` in either case. */
int mcd_npy_finish(struct mcd_npy_writer *w, struct mcd_error *e);

/* Throws away what was written; harmless on a writer that is not open. */
void mcd_npy_abort(struct mcd_npy_writer *w);

#endif
