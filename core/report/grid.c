/* Cells from JSON, and how wide their pieces are in each column. */
#include "core/report/grid.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/report/document.h"
#include "core/report/quantity.h"

#include <math.h>
#include <string.h>

int mcd_grid_width(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* " × 10⁻⁷" or "e-7" behind what is there. */
static void add_exponent(char *text, size_t size, int exponent, int is_plain)
{
    static const char *const raised[] = {
        "\xe2\x81\xb0", "\xc2\xb9",     "\xc2\xb2",     "\xc2\xb3",     "\xe2\x81\xb4",
        "\xe2\x81\xb5", "\xe2\x81\xb6", "\xe2\x81\xb7", "\xe2\x81\xb8", "\xe2\x81\xb9"};
    char digits[16];
    size_t used = strlen(text);
    snprintf(digits, sizeof digits, "%d", exponent);
    if (is_plain) {
        snprintf(text + used, size - used, "e%s", digits);
        return;
    }
    used += (size_t)snprintf(text + used, size - used,
                             "\xc2\xa0\xc3\x97\xc2\xa0"
                             "10");
    for (const char *p = digits; *p && used < size; p++)
        used += (size_t)snprintf(text + used, size - used, "%s",
                                 *p == '-' ? "\xe2\x81\xbb" : raised[*p - '0']);
}

/* Puts the pieces together, in parentheses where a power of ten is meant for both of them. */
static void put_quantity(struct mcd_cell *c, struct mcd_quantity q, int is_plain)
{
    int both = q.error[0] && q.exponent, is_negative = q.whole[0] == '-';
    const char *minus = is_plain ? "-" : "\xe2\x88\x92", *plus_minus = is_plain ? "+-" : "\xc2\xb1";
    snprintf(c->whole, sizeof c->whole, "%s%s%s", both ? "(" : "", is_negative ? minus : "",
             q.whole + is_negative);
    snprintf(c->fraction, sizeof c->fraction, "%s", q.fraction);
    if (q.error[0])
        snprintf(c->tail, sizeof c->tail, is_plain ? " %s %s%s" : "\xc2\xa0%s\xc2\xa0%s%s",
                 plus_minus, q.error, both ? ")" : "");
    if (both)
        add_exponent(c->tail, sizeof c->tail, q.exponent, is_plain);
    else if (q.exponent)
        add_exponent(c->fraction, sizeof c->fraction, q.exponent, is_plain);
}

/* The number of a kind of error, from 0; that of all kinds where it is none of them. */
static size_t kind_of(const struct mcd_grid *g, const json_t *kind)
{
    size_t k = 0;
    while (k < json_array_size(g->kinds) && !json_equal(json_array_get(g->kinds, k), kind))
        k++;
    return k;
}

void mcd_grid_mark(const struct mcd_grid *g, size_t k, char mark[8])
{
    mark[0] = '\0';
    if (json_array_size(g->kinds) < 2 || k >= json_array_size(g->kinds))
        return;
    if (k < 26)
        snprintf(mark, 8, "%c", 'a' + (int)k);
    else
        snprintf(mark, 8, "%c%zu", 'a' + (int)(k % 26), k / 26 % 100000 + 1);
}

struct mcd_cell mcd_grid_cell(const struct mcd_grid *g, size_t row, size_t column)
{
    struct mcd_cell c = {.kind = MCD_CELL_NONE, .text = ""};
    const json_t *cell =
        json_array_get(json_array_get(json_object_get(g->table, "rows"), row), column);
    const json_t *about = json_array_get(json_object_get(g->table, "columns"), column);
    const json_t *value = json_is_object(cell) ? json_object_get(cell, "value") : cell;
    const json_t *error = json_object_get(cell, "error");
    if (json_is_string(cell)) {
        c.kind = MCD_CELL_TEXT;
        c.text = json_string_value(cell);
    } else if (json_is_number(value)) {
        int digits = (int)json_integer_value(json_object_get(about, "digits"));
        c.kind = MCD_CELL_QUANTITY;
        put_quantity(&c,
                     mcd_quantity_show(json_number_value(value),
                                       json_is_number(error) ? json_number_value(error) : NAN,
                                       digits),
                     g->is_plain);
        if (json_is_number(error))
            mcd_grid_mark(g, kind_of(g, json_object_get(cell, "error_kind")), c.mark);
    }
    return c;
}

static void widen(int *width, int wanted)
{
    if (*width < wanted)
        *width = wanted;
}

static void measure(const struct mcd_grid *g, struct mcd_grid_column *column, size_t k)
{
    for (size_t i = 0; i < g->rows; i++) {
        struct mcd_cell c = mcd_grid_cell(g, i, k);
        column->is_numeric |= c.kind == MCD_CELL_QUANTITY;
        widen(&column->text, mcd_grid_width(c.text));
        widen(&column->whole, mcd_grid_width(c.whole));
        widen(&column->fraction, mcd_grid_width(c.fraction));
        widen(&column->tail,
              mcd_grid_width(c.tail) + mcd_grid_width(c.mark) + (g->is_plain && *c.mark ? 2 : 0));
    }
}

/* Only errors that are shown count. */
static int collect_kinds(struct mcd_grid *g)
{
    if (!(g->kinds = json_array()))
        return MCD_NOMEM;
    const json_t *rows = json_object_get(g->table, "rows");
    for (size_t i = 0; i < g->rows; i++)
        for (size_t k = 0; k < g->columns; k++) {
            const json_t *cell = json_array_get(json_array_get(rows, i), k);
            json_t *kind = json_object_get(cell, "error_kind");
            if (json_is_number(json_object_get(cell, "value")) &&
                json_is_number(json_object_get(cell, "error")) && json_string_length(kind) > 0 &&
                kind_of(g, kind) == json_array_size(g->kinds) && json_array_append(g->kinds, kind))
                return MCD_NOMEM;
        }
    return MCD_OK;
}

int mcd_grid_create(struct mcd_grid *g, const struct mcd_host *host, const json_t *table,
                    int is_plain, struct mcd_error *e)
{
    *g = (struct mcd_grid){.host = host, .table = table, .is_plain = is_plain};
    g->columns = json_array_size(json_object_get(table, "columns"));
    g->rows = json_array_size(json_object_get(table, "rows"));
    g->column = mcd_host_zalloc(host, g->columns * sizeof *g->column, e);
    if (!g->column)
        return MCD_NOMEM;
    if (collect_kinds(g)) {
        mcd_grid_clear(g);
        return mcd_fail(e, MCD_NOMEM, "memory", "not enough for a table");
    }
    for (size_t k = 0; k < g->columns; k++)
        measure(g, &g->column[k], k);
    return MCD_OK;
}

void mcd_grid_clear(struct mcd_grid *g)
{
    if (g->host)
        g->host->release(g->host, g->column);
    json_decref(g->kinds);
    *g = (struct mcd_grid){.kinds = NULL};
}
