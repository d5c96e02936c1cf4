/* What is set in rows: tables with errors, claims, command lines. */
#include "core/report/duration.h"
#include "core/report/grid.h"
#include "core/report/html.h"
#include "core/report/page.h"

#include <string.h>

/* SPARE: a tail has two spaces, which are half as wide as digits, and a wide sign. */
enum { LONG_TEXT = 26, SPARE = 5 };

/*
 * The box in which a wide table scrolls, for the keyboard too. `id` is that of the caption, ""
 * where there is none: then `name` says what it is.
 */
static void start_box(const struct mcd_page *p, const char *id, const char *name, const char *class)
{
    fputs("<div class=\"scroll\" role=\"region\" tabindex=\"0\" ", p->f);
    if (*id)
        fprintf(p->f, "aria-labelledby=\"%s.title\">\n<table>\n<caption><b id=\"%s.title\">", id,
                id);
    else
        fprintf(p->f, "aria-label=\"%s\">\n<table class=\"%s\">\n", name, class);
    if (*id) {
        mcd_html_text(p->f, name);
        fputs("</b></caption>\n", p->f);
    }
}

/* ---- tables of results ------------------------------------------------------------------- */

/* Columns of text are broken where they are long, not where other columns are wide. */
static void put_column(const struct mcd_page *p, const json_t *column,
                       const struct mcd_grid_column *layout)
{
    const char *unit = mcd_document_text(column, "unit");
    if (layout->is_numeric)
        fputs("<th scope=\"col\" class=\"n\">", p->f);
    else
        fprintf(p->f, "<th scope=\"col\" style=\"min-width:%dch\">",
                layout->text < LONG_TEXT ? layout->text + 1 : LONG_TEXT);
    mcd_html_text(p->f, mcd_document_text(column, "name"));
    if (*unit) {
        fputs(" <span class=\"unit\">", p->f);
        mcd_html_text(p->f, unit);
        fputs("</span>", p->f);
    }
    fputs("</th>", p->f);
}

/* A piece of a number in the width of its column, in tenths of a digit's: ch in CSS. */
static void put_piece(const struct mcd_page *p, const char *text, const char *mark, int width)
{
    if (width == 0)
        return;
    fprintf(p->f, "<span style=\"width:%d.%dch\">", width / 10, width % 10);
    mcd_html_text(p->f, text);
    if (*mark)
        fprintf(p->f, "<sup>%s</sup>", mark);
    fputs("</span>", p->f);
}

static void put_number(const struct mcd_page *p, const struct mcd_cell *c,
                       const struct mcd_grid_column *column)
{
    int is_text = c->kind == MCD_CELL_TEXT, is_none = c->kind == MCD_CELL_NONE;
    fputs(is_none ? "<td class=\"n none\">" : "<td class=\"n\">", p->f);
    mcd_html_text(p->f, is_none ? "\xe2\x80\x93" : is_text ? c->text : c->whole);
    if (!is_text) {
        put_piece(p, c->fraction, "", 10 * column->fraction);
        put_piece(p, c->tail, c->mark, column->tail > 0 ? 10 * column->tail - SPARE : 0);
    }
    fputs("</td>", p->f);
}

/* The first cell of a row names it, if it is a text. */
static void put_text(const struct mcd_page *p, const struct mcd_cell *c, int is_first)
{
    int is_name = is_first && c->kind == MCD_CELL_TEXT;
    if (c->kind == MCD_CELL_NONE) {
        fputs("<td class=\"none\">\xe2\x80\x93</td>", p->f);
        return;
    }
    fputs(is_name ? "<th scope=\"row\">" : "<td>", p->f);
    mcd_html_text(p->f, c->text);
    fputs(is_name ? "</th>" : "</td>", p->f);
}

static void put_rows(const struct mcd_page *p, const struct mcd_grid *g)
{
    fputs("<tbody>\n", p->f);
    for (size_t i = 0; i < g->rows; i++) {
        fputs("<tr>", p->f);
        for (size_t k = 0; k < g->columns; k++) {
            struct mcd_cell c = mcd_grid_cell(g, i, k);
            if (g->column[k].is_numeric)
                put_number(p, &c, &g->column[k]);
            else
                put_text(p, &c, k == 0);
        }
        fputs("</tr>\n", p->f);
    }
    fputs("</tbody>\n</table>\n</div>\n", p->f);
}

/* What the columns mean, as far as the table says so. */
static void put_help(const struct mcd_page *p, const json_t *columns)
{
    int any = 0;
    for (size_t k = 0; k < json_array_size(columns); k++) {
        const json_t *column = json_array_get(columns, k);
        const char *help = mcd_document_text(column, "help");
        if (!*help)
            continue;
        fputs(any ? "" : "<dl>\n", p->f);
        any = 1;
        fputs("<dt>", p->f);
        mcd_html_text(p->f, mcd_document_text(column, "name"));
        fputs(":</dt> ", p->f);
        mcd_page_element(p, "dd", help);
        putc('\n', p->f);
    }
    fputs(any ? "</dl>\n" : "", p->f);
}

static void put_kinds(const struct mcd_page *p, const struct mcd_grid *g)
{
    for (size_t k = 0; k < json_array_size(g->kinds); k++) {
        char mark[8];
        mcd_grid_mark(g, k, mark);
        fputs("<p>\xc2\xb1", p->f);
        if (*mark)
            fprintf(p->f, "<sup>%s</sup>", mark);
        putc(' ', p->f);
        mcd_html_text(p->f, json_string_value(json_array_get(g->kinds, k)));
        fputs("</p>\n", p->f);
    }
}

static void put_remarks(const struct mcd_page *p, const json_t *item, const struct mcd_grid *g)
{
    const char *note = mcd_document_text(item, "note");
    fputs("<div class=\"remarks\">\n", p->f);
    if (*note) {
        mcd_page_element(p, "p", note);
        putc('\n', p->f);
    }
    put_kinds(p, g);
    put_help(p, json_object_get(item, "columns"));
    fputs("</div>\n", p->f);
}

int mcd_page_table(const struct mcd_page *p, const json_t *item)
{
    struct mcd_grid g;
    const json_t *columns = json_object_get(item, "columns");
    const char *id = mcd_document_text(item, "id");
    int status = mcd_grid_create(&g, p->host, item, 0, p->e);
    if (status)
        return status;
    fprintf(p->f, "<div class=\"block\" id=\"%s\">\n", id);
    start_box(p, id, mcd_document_text(item, "title"), "");
    fputs("<thead>\n<tr>", p->f);
    for (size_t k = 0; k < g.columns; k++)
        put_column(p, json_array_get(columns, k), &g.column[k]);
    fputs("</tr>\n</thead>\n", p->f);
    put_rows(p, &g);
    put_remarks(p, item, &g);
    fputs("</div>\n", p->f);
    mcd_grid_clear(&g);
    return MCD_OK;
}

/* ---- claims ------------------------------------------------------------------------------ */

static void put_outcome(const struct mcd_page *p, const char *verdict)
{
    const char *class = strcmp(verdict, "holds") == 0   ? "holds"
                        : strcmp(verdict, "fails") == 0 ? "fails"
                                                        : "unsettled";
    const char *sign = strcmp(verdict, "holds") == 0   ? "\xe2\x9c\x93"
                       : strcmp(verdict, "fails") == 0 ? "\xe2\x9c\x97"
                                                       : "?";
    fprintf(p->f, "<td class=\"%s\"><span aria-hidden=\"true\">%s</span> %s</td>", class, sign,
            verdict);
}

void mcd_page_claims(const struct mcd_page *p, const json_t *item)
{
    static const char *const members[] = {"claimed", "seen", "spread"};
    const json_t *rows = json_object_get(item, "rows");
    fputs("<div class=\"block\">\n", p->f);
    start_box(p, "", "Claims", "claims");
    fputs("<thead>\n<tr><th scope=\"col\">Claim</th><th scope=\"col\">Claimed</th>"
          "<th scope=\"col\">Seen</th><th scope=\"col\">Spread</th><th scope=\"col\">Verdict</th>"
          "</tr>\n</thead>\n<tbody>\n",
          p->f);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        fputs("<tr><th scope=\"row\">", p->f);
        mcd_html_text(p->f, mcd_document_text(row, "claim"));
        fputs("</th>", p->f);
        for (size_t k = 0; k < 3; k++)
            mcd_page_element(p, "td", mcd_document_text(row, members[k]));
        put_outcome(p, mcd_document_text(row, "verdict"));
        fputs("</tr>\n", p->f);
    }
    fputs("</tbody>\n</table>\n</div>\n</div>\n", p->f);
}

/* ---- command lines ----------------------------------------------------------------------- */

void mcd_page_commands(const struct mcd_page *p, const json_t *item)
{
    const json_t *rows = json_object_get(item, "rows");
    fputs("<div class=\"block\">\n", p->f);
    start_box(p, "", "Command lines", "commands");
    fputs("<thead>\n<tr><th scope=\"col\">Command</th><th scope=\"col\" class=\"n\">Time</th>"
          "<th scope=\"col\">Status</th></tr>\n</thead>\n<tbody>\n",
          p->f);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i), *seconds = json_object_get(row, "seconds");
        const char *state = mcd_document_text(row, "status");
        int failed = strcmp(state, "failed") == 0;
        fputs("<tr><td>", p->f);
        mcd_page_command(p, mcd_document_text(row, "command"));
        fprintf(p->f, "</td><td class=\"n\">%s</td><td%s>%s</td></tr>\n",
                json_is_number(seconds) ? mcd_duration_show(json_number_value(seconds)).text
                                        : "\xe2\x80\x93",
                failed ? " class=\"fails\"" : "", state);
    }
    fputs("</tbody>\n</table>\n</div>\n</div>\n", p->f);
}
