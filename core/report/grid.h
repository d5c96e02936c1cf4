/* The cells of a report's table, ready to be put under each other at the decimal point. */
#ifndef CORE_REPORT_GRID_H
#define CORE_REPORT_GRID_H

#include "core/base/json.h"

#include <mcdrop/plugin.h>

enum mcd_cell_kind { MCD_CELL_NONE, MCD_CELL_TEXT, MCD_CELL_QUANTITY };

/* A quantity is whole, fraction and tail after each other: "313", "", " ± 5". */
struct mcd_cell {
    enum mcd_cell_kind kind;
    const char *text; /* the document's */
    char whole[48], fraction[96], tail[96];
    char mark[8]; /* which kind of error, where a table has several; or "" */
};

/* Characters that the pieces of a column's cells need. */
struct mcd_grid_column {
    int is_numeric; /* it has numbers: to the right, at the decimal point */
    int text, whole, fraction, tail;
};

struct mcd_grid {
    const struct mcd_host *host;
    const json_t *table;
    int is_plain; /* "+-" and "e-7" rather than "±" and "× 10⁻⁷" */
    size_t columns, rows;
    struct mcd_grid_column *column;
    json_t *kinds; /* of errors, each once, in the order in which they come */
};

int mcd_grid_create(struct mcd_grid *, const struct mcd_host *, const json_t *table, int is_plain,
                    struct mcd_error *e);
void mcd_grid_clear(struct mcd_grid *); /* harmless on zeros */

struct mcd_cell mcd_grid_cell(const struct mcd_grid *, size_t row, size_t column);

/* The mark of the k-th kind of error: a, b, ..., z, a2, ...; "" where there is only one kind. */
void mcd_grid_mark(const struct mcd_grid *, size_t k, char mark[8]);

/* Characters that a reader sees: UTF-8's continuation bytes do not count. */
int mcd_grid_width(const char *text);

#endif
