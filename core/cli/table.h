/*
 * Tables: the one way in which the program prints rows of results, as aligned text, JSON or CSV.
 *
 * Cells are added row by row in the order of the columns. Adding never fails to its caller: what
 * went wrong is kept and reported by printing.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <mcdrop/plugin.h>

#include <jansson.h>
#include <stdio.h>

enum mcd_format { MCD_TEXT_FORMAT, MCD_JSON_FORMAT, MCD_CSV_FORMAT, MCD_MARKDOWN_FORMAT };

struct mcd_column {
    const char *name; /* as JSON keys are written: predictive_entropy */
    int digits;       /* significant digits of numbers in text; 0 for 6. JSON and CSV give all */
};

struct mcd_table;

/* `column` is not copied. NULL on failure. */
struct mcd_table *mcd_table_create(const struct mcd_host *, const struct mcd_column *column,
                                   uint32_t columns, struct mcd_error *e);
void mcd_table_destroy(struct mcd_table *); /* NULL is fine */

void mcd_table_text(struct mcd_table *, const char *text); /* copied; NULL is an empty cell */
void mcd_table_int(struct mcd_table *, int64_t x);
void mcd_table_real(struct mcd_table *, double x); /* NaN and infinity are null in JSON */
void mcd_table_none(struct mcd_table *);           /* an empty cell: "-", null, or nothing */

size_t mcd_table_rows(const struct mcd_table *);

/*
 * Text has numbers to the right and leaves out columns that have only empty cells; JSON is an array
 * of objects; CSV has a header and quotes where RFC 4180 wants them; Markdown is the text with
 * bars.
 */
int mcd_table_print(const struct mcd_table *, enum mcd_format, FILE *, struct mcd_error *e);

/* The JSON alone, a new reference, to be put into something larger. */
int mcd_table_json(const struct mcd_table *, json_t **json, struct mcd_error *e);

/* Writes JSON as the program always does: indented, a newline behind it. */
int mcd_json_print(const json_t *, FILE *, struct mcd_error *e);

#endif
