/* The document as text: what a terminal can show of it, 80 columns wide where that is up to us. */
#include "core/report/document.h"
#include "core/report/duration.h"
#include "core/report/grid.h"

#include <string.h>

enum { WIDTH = 80 };

struct plain {
    const struct mcd_host *host;
    FILE *f;
    struct mcd_error *e;
};

/* Control characters could do anything to a terminal. */
static void put_bytes(FILE *f, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        int is_c1 = c == 0xc2 && i + 1 < size && (unsigned char)text[i + 1] < 0xa0;
        i += is_c1; /* U+0080 to U+009F, as two bytes */
        putc(is_c1 || c < 0x20 || c == 0x7f ? '?' : c, f);
    }
}

static void put_text(FILE *f, const char *text)
{
    put_bytes(f, text, strlen(text));
}

static int width_of(const char *text, size_t size)
{
    int n = 0;
    for (size_t i = 0; i < size; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

/* Words of `text` from `column` on, wrapped; the lines after the first are indented. */
static void put_wrapped(FILE *f, int column, int indent, const char *text)
{
    int at = column, is_first = 1;
    for (text += strspn(text, " \n"); *text; text += strspn(text, " \n")) {
        size_t size = strcspn(text, " \n");
        int width = width_of(text, size);
        if (!is_first && at + 1 + width > WIDTH) {
            fprintf(f, "\n%*s", indent, "");
            at = indent;
        } else if (!is_first) {
            putc(' ', f);
            at++;
        }
        put_bytes(f, text, size);
        at += width;
        text += size;
        is_first = 0;
    }
    putc('\n', f);
}

static void put_paragraph(FILE *f, const char *text)
{
    if (!*text)
        return;
    put_wrapped(f, 0, 0, text);
    putc('\n', f);
}

/* "LABEL: text", the text wrapped behind an indent of four. */
static void put_labelled(FILE *f, const char *label, const char *text)
{
    if (!*text)
        return;
    put_text(f, label);
    fputs(": ", f);
    put_wrapped(f, mcd_grid_width(label) + 2, 4, text);
}

static void put_heading(FILE *f, const char *text, char rule)
{
    put_text(f, text);
    putc('\n', f);
    for (int i = mcd_grid_width(text); i > 0; i--)
        putc(rule, f);
    fputs("\n\n", f);
}

/* ---- tables ------------------------------------------------------------------------------ */

static int column_width(const struct mcd_grid *g, size_t k, const char *head)
{
    const struct mcd_grid_column *c = &g->column[k];
    int number = c->whole + c->fraction + c->tail, width = mcd_grid_width(head);
    if (c->is_numeric && number > width)
        width = number;
    return c->text > width ? c->text : width;
}

/* Text in a field; the last field of a line is not filled up. */
static void put_field(FILE *f, const char *text, int width, int is_right, int is_last)
{
    int pad = width - mcd_grid_width(text);
    fprintf(f, "%*s", is_right && pad > 0 ? pad : 0, "");
    put_text(f, text);
    if (!is_right && !is_last && pad > 0)
        fprintf(f, "%*s", pad, "");
}

static void put_number(FILE *f, const struct mcd_cell *c, const struct mcd_grid_column *column,
                       int width, int is_last)
{
    char tail[sizeof c->tail + sizeof c->mark + 2];
    int rest = column->fraction + column->tail;
    snprintf(tail, sizeof tail, *c->mark ? "%s[%s]" : "%s", c->tail, c->mark);
    put_field(f, c->kind == MCD_CELL_NONE ? "-" : c->whole, width - rest, 1, 0);
    put_field(f, c->fraction, column->fraction, 0, is_last && !*tail);
    put_field(f, tail, column->tail, 0, is_last);
}

/* The name with its unit, as a column is headed. */
static void make_head(const json_t *columns, size_t k, char head[200])
{
    const json_t *column = json_array_get(columns, k);
    const char *unit = mcd_document_text(column, "unit");
    snprintf(head, 200, *unit ? "%.120s [%.60s]" : "%.120s", mcd_document_text(column, "name"),
             unit);
}

/* The header where `row` is beyond the last. */
static void put_row(FILE *f, const struct mcd_grid *g, const json_t *columns, size_t row)
{
    for (size_t k = 0; k < g->columns; k++) {
        char head[200];
        int is_last = k + 1 == g->columns, is_numeric = g->column[k].is_numeric;
        make_head(columns, k, head);
        int width = column_width(g, k, head);
        fputs(k > 0 ? "  " : "", f);
        if (row >= g->rows) {
            put_field(f, head, width, is_numeric, is_last);
            continue;
        }
        struct mcd_cell c = mcd_grid_cell(g, row, k);
        if (is_numeric && c.kind != MCD_CELL_TEXT)
            put_number(f, &c, &g->column[k], width, is_last);
        else
            put_field(f, c.kind == MCD_CELL_NONE ? "-" : c.text, width, is_numeric, is_last);
    }
    putc('\n', f);
}

static int put_table(const struct plain *p, const json_t *item)
{
    struct mcd_grid g;
    const json_t *columns = json_object_get(item, "columns");
    int status = mcd_grid_create(&g, p->host, item, 1, p->e);
    if (status)
        return status;
    put_wrapped(p->f, 0, 0, mcd_document_text(item, "title"));
    putc('\n', p->f);
    put_row(p->f, &g, columns, g.rows);
    for (size_t i = 0; i < g.rows; i++)
        put_row(p->f, &g, columns, i);
    putc('\n', p->f);
    put_paragraph(p->f, mcd_document_text(item, "note"));
    for (size_t k = 0; k < json_array_size(g.kinds); k++) {
        char mark[8], label[16];
        mcd_grid_mark(&g, k, mark);
        snprintf(label, sizeof label, *mark ? "+- [%s]" : "+-", mark);
        put_labelled(p->f, label, json_string_value(json_array_get(g.kinds, k)));
    }
    for (size_t k = 0; k < g.columns; k++)
        put_labelled(p->f, mcd_document_text(json_array_get(columns, k), "name"),
                     mcd_document_text(json_array_get(columns, k), "help"));
    putc('\n', p->f);
    mcd_grid_clear(&g);
    return MCD_OK;
}

/* ---- other items ------------------------------------------------------------------------- */

static void put_claims(FILE *f, const json_t *item)
{
    const json_t *rows = json_object_get(item, "rows");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        fprintf(f, "%-13s", mcd_document_text(row, "verdict"));
        put_wrapped(f, 13, 13, mcd_document_text(row, "claim"));
        fprintf(f, "%13sclaimed: ", "");
        put_wrapped(f, 22, 17, mcd_document_text(row, "claimed"));
        fprintf(f, "%13sseen: ", "");
        put_wrapped(f, 19, 17, mcd_document_text(row, "seen"));
        if (*mcd_document_text(row, "spread")) {
            fprintf(f, "%13sspread: ", "");
            put_wrapped(f, 21, 17, mcd_document_text(row, "spread"));
        }
    }
    putc('\n', f);
}

static void put_figure(FILE *f, const json_t *item)
{
    const char *picture = mcd_document_text(item, "png");
    const char *missing = mcd_document_text(item, "missing");
    if (!*picture)
        picture = mcd_document_text(item, "svg");
    put_labelled(f, mcd_document_text(item, "title"), mcd_document_text(item, "see"));
    fputs("    ", f);
    put_text(f, *picture ? picture : "no picture: ");
    put_text(f, *picture ? "" : missing);
    fputs("\n\n", f);
}

static void put_files(FILE *f, const json_t *item)
{
    const json_t *files = json_object_get(item, "files");
    put_text(f, mcd_document_text(item, "title"));
    fputs(*mcd_document_text(item, "title") ? ":\n" : "", f);
    for (size_t i = 0; i < json_array_size(files); i++) {
        const char *path = json_string_value(json_array_get(json_array_get(files, i), 0));
        fputs("  ", f);
        put_text(f, path);
        fputs("  ", f);
        put_wrapped(f, mcd_grid_width(path) + 4, 6,
                    json_string_value(json_array_get(json_array_get(files, i), 1)));
    }
    putc('\n', f);
}

/* A command stays on its line, so that it can be copied. */
static void put_commands(FILE *f, const json_t *item)
{
    const json_t *rows = json_object_get(item, "rows");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i), *seconds = json_object_get(row, "seconds");
        fprintf(f, "%-7s  %11s  ", mcd_document_text(row, "status"),
                json_is_number(seconds) ? mcd_duration_show(json_number_value(seconds)).text : "-");
        put_text(f, mcd_document_text(row, "command"));
        putc('\n', f);
    }
    putc('\n', f);
}

static int put_item(const struct plain *p, const json_t *item)
{
    const char *kind = mcd_document_text(item, "kind");
    if (strcmp(kind, "table") == 0)
        return put_table(p, item);
    if (strcmp(kind, "figure") == 0)
        put_figure(p->f, item);
    else if (strcmp(kind, "claims") == 0)
        put_claims(p->f, item);
    else if (strcmp(kind, "verdict") == 0) {
        put_labelled(p->f, json_is_true(json_object_get(item, "good")) ? "Good" : "Not good",
                     mcd_document_text(item, "text"));
        putc('\n', p->f);
    } else if (strcmp(kind, "files") == 0)
        put_files(p->f, item);
    else
        put_commands(p->f, item);
    return MCD_OK;
}

static int put_section(const struct plain *p, const json_t *section)
{
    const json_t *text = json_object_get(section, "text"),
                 *items = json_object_get(section, "items");
    int status = MCD_OK;
    put_heading(p->f, mcd_document_text(section, "title"), '-');
    for (size_t i = 0; i < json_array_size(text); i++)
        put_paragraph(p->f, json_string_value(json_array_get(text, i)));
    for (size_t i = 0; !status && i < json_array_size(items); i++)
        status = put_item(p, json_array_get(items, i));
    return status;
}

static void put_top(FILE *f, const json_t *d)
{
    const json_t *notes = json_object_get(d, "notes"), *run = json_object_get(d, "run");
    put_heading(f, mcd_document_text(d, "title"), '=');
    put_paragraph(f, mcd_document_text(d, "subtitle"));
    for (size_t i = 0; i < json_array_size(notes); i++)
        put_labelled(f, "Note", json_string_value(json_array_get(notes, i)));
    fputs(json_array_size(notes) ? "\n" : "", f);
    for (size_t i = 0; i < json_array_size(run); i++)
        put_labelled(f, json_string_value(json_array_get(json_array_get(run, i), 0)),
                     json_string_value(json_array_get(json_array_get(run, i), 1)));
    fputs(json_array_size(run) ? "\n" : "", f);
}

int mcd_document_plain(const struct mcd_document *d, const struct mcd_host *host, FILE *f,
                       struct mcd_error *e)
{
    const struct plain p = {host, f, e};
    const json_t *sections = json_object_get(d->json, "sections");
    int status = MCD_OK;
    put_top(f, d->json);
    for (size_t i = 0; !status && i < json_array_size(sections); i++)
        status = put_section(&p, json_array_get(sections, i));
    return status;
}
