/*
 * Tables for regression: which columns of a CSV are inputs, which are answers.
 *
 * Columns are called by their names, or by numbers from 1 on where the file names none (csv.h).
 */
#ifndef CORE_IO_COLUMNS_H
#define CORE_IO_COLUMNS_H

#include "core/base/array.h"

#include <mcdrop/error.h>

#include <stddef.h>

/* Initialise with {0}. In a request: inputs 0 asks for all columns that are no answers. */
struct mcd_columns {
    size_t inputs, answers;
    char **name; /* [inputs + answers], inputs first; owned, from malloc */
};

/* "y" or "2,last year": the answers of a request. */
int mcd_columns_parse(struct mcd_columns *c, const char *list, struct mcd_error *e);

/* One more name, which is copied: first the inputs, then the answers. */
int mcd_columns_add(struct mcd_columns *c, const char *name, int answer, struct mcd_error *e);

void mcd_columns_clear(struct mcd_columns *c);

/*
 * Reads x [n, inputs] and y [n, answers], both MCD_F64, and says in `got` which columns they are.
 * With `optional` the file may lack the answers, as one to be predicted does: y is then left alone.
 * A file without names that has as many columns as there are inputs has those, in their order.
 */
int mcd_columns_read(const char *path, const struct mcd_columns *wanted, int optional,
                     struct mcd_columns *got, struct mcd_array *x, struct mcd_array *y,
                     struct mcd_error *e);

/* The same from memory; `path` stands in messages. */
int mcd_columns_scan(const void *bytes, size_t size, const char *path,
                     const struct mcd_columns *wanted, int optional, struct mcd_columns *got,
                     struct mcd_array *x, struct mcd_array *y, struct mcd_error *e);

#endif
