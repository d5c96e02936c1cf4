/*
 * CSV tables of numbers, after RFC 4180: comma, LF or CRLF, quotes; a byte order mark is skipped.
 *
 * The first line names the columns if it has text and no number; text in quotes is text even where
 * it looks like a number. (A table without names whose numbers are quoted loses its first row.)
 */
#ifndef CORE_IO_CSV_H
#define CORE_IO_CSV_H

#include "core/base/array.h"

#include <mcdrop/error.h>

#include <stddef.h>

struct mcd_csv {
    struct mcd_array values; /* MCD_F64 [rows, columns] */
    char **name;             /* of each column of `values`; NULL where the file names none */
};

/*
 * Bytes to table. `columns`, a list that ends in NULL, chooses columns by name, or by number from 1
 * on where none has that name, and orders them; other columns may then hold anything. NULL: all
 * columns. A missing, non-numeric, NaN or infinite value, a line with more or fewer fields than the
 * first one, an empty line before the end, and a file without values are refused, with line and
 * column. On failure `out` is zeroed.
 */
int mcd_csv_parse(const void *bytes, size_t size, const char *name, const char *const *columns,
                  struct mcd_csv *out, struct mcd_error *e);

/* The same from a file. */
int mcd_csv_read(const char *path, const char *const *columns, struct mcd_csv *out,
                 struct mcd_error *e);

/*
 * What the columns can be called in such a list: their names, or numbers from 1 on where the file
 * has none. The list ends in NULL; clear it with mcd_csv_names_clear. NULL on failure.
 */
int mcd_csv_header(const void *bytes, size_t size, const char *name, char ***names,
                   struct mcd_error *e);
void mcd_csv_names_clear(char ***names);

/* Harmless on zeros. */
void mcd_csv_clear(struct mcd_csv *t);

#endif
