/* Cells of a table, and its three ways onto paper. */
#include "core/cli/table.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/base/number.h"
#include "core/io/json_shown.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>

enum kind { NONE, TEXT, INT, REAL };

struct cell {
    enum kind kind;
    char *text;
    int64_t whole;
    double real;
};

struct mcd_table {
    const struct mcd_host *host;
    const struct mcd_column *column;
    uint32_t columns;
    size_t count; /* cells */
    struct cell *cell;
    struct mcd_error error; /* of adding */
};

struct mcd_table *mcd_table_create(const struct mcd_host *host, const struct mcd_column *column,
                                   uint32_t columns, struct mcd_error *e)
{
    struct mcd_table *t = mcd_host_zalloc(host, sizeof *t, e);
    if (t)
        *t = (struct mcd_table){.host = host, .column = column, .columns = columns};
    return t;
}

void mcd_table_destroy(struct mcd_table *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->count; i++)
        t->host->release(t->host, t->cell[i].text);
    t->host->release(t->host, t->cell);
    t->host->release(t->host, t);
}

static void add(struct mcd_table *t, struct cell cell)
{
    struct cell *grown = mcd_host_grow(t->host, t->cell, t->count, sizeof *grown, &t->error);
    if (!grown) {
        t->host->release(t->host, cell.text);
        return;
    }
    t->cell = grown;
    t->cell[t->count++] = cell;
}

void mcd_table_text(struct mcd_table *t, const char *text)
{
    if (text)
        add(t, (struct cell){.kind = TEXT, .text = mcd_host_strdup(t->host, text, &t->error)});
    else
        mcd_table_none(t);
}

void mcd_table_int(struct mcd_table *t, int64_t x)
{
    add(t, (struct cell){.kind = INT, .whole = x});
}

void mcd_table_real(struct mcd_table *t, double x)
{
    add(t, (struct cell){.kind = REAL, .real = x});
}

void mcd_table_none(struct mcd_table *t)
{
    add(t, (struct cell){.kind = NONE});
}

size_t mcd_table_rows(const struct mcd_table *t)
{
    return t->count / t->columns;
}

/* Characters that a reader sees: UTF-8's continuation bytes do not count. */
static int width(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* A cell as text; `scratch` may hold it. */
static const char *show(const struct mcd_column *column, const struct cell *c, char scratch[64])
{
    switch (c->kind) {
    case TEXT:
        return c->text;
    case INT:
        snprintf(scratch, 64, "%" PRId64, c->whole);
        return scratch;
    case REAL:
        if (isnan(c->real)) /* an error of one pass: there is none */
            return "-";
        snprintf(scratch, 64, "%.*g", column->digits ? column->digits : 6, c->real);
        return scratch;
    default:
        return "-";
    }
}

/* How a column is laid out in text. */
struct layout {
    int width; /* 0: nothing in it, left out */
    int right;
};

static struct layout measure(const struct mcd_table *t, uint32_t column)
{
    struct layout l = {0, 1};
    char scratch[64];
    for (size_t i = column; i < t->count; i += t->columns) {
        int w = width(show(&t->column[column], &t->cell[i], scratch));
        if (t->cell[i].kind != NONE && l.width < w)
            l.width = w;
        l.right = l.right && t->cell[i].kind != TEXT;
    }
    int head = width(t->column[column].name);
    return l.width && l.width < head ? (struct layout){head, l.right} : l;
}

/* What stands between and around the columns of text. */
struct rule {
    const char *before, *between, *after;
};

static const struct rule plain = {"", "  ", "\n"}, bars = {"| ", " | ", " |\n"};

/* Control characters would break the line, a bar would end a cell of Markdown. */
static void put_padded(FILE *f, const char *text, struct layout l, const struct rule *rule,
                       int last)
{
    int pad = l.width - width(text);
    fprintf(f, "%*s", l.right && pad > 0 ? pad : 0, "");
    for (; *text; text++) {
        if (rule == &bars && *text == '|')
            putc('\\', f);
        putc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, f);
    }
    if (!l.right && pad > 0 && !(last && rule == &plain))
        fprintf(f, "%*s", pad, "");
}

/* One line: the header where `row` is NULL. */
static void print_line(const struct mcd_table *t, const struct layout *layout,
                       const struct cell *row, const struct rule *rule, FILE *f)
{
    int first = 1;
    uint32_t last = t->columns;
    while (last > 0 && layout[last - 1].width == 0)
        last--;
    for (uint32_t i = 0; i < last; i++) {
        char scratch[64];
        if (layout[i].width == 0)
            continue;
        fputs(first ? rule->before : rule->between, f);
        put_padded(f, row ? show(&t->column[i], &row[i], scratch) : t->column[i].name, layout[i],
                   rule, i + 1 == last);
        first = 0;
    }
    fputs(rule->after, f);
}

/* Markdown's line below the header, which says to which side columns stand. */
static void print_sides(const struct mcd_table *t, const struct layout *layout, FILE *f)
{
    for (uint32_t i = 0; i < t->columns; i++)
        if (layout[i].width)
            fputs(layout[i].right ? "|---:" : "|---", f);
    fputs("|\n", f);
}

static int print_text(const struct mcd_table *t, const struct rule *rule, FILE *f,
                      struct mcd_error *e)
{
    struct layout *layout = mcd_host_zalloc(t->host, t->columns * sizeof *layout, e);
    if (!layout)
        return MCD_NOMEM;
    for (uint32_t i = 0; i < t->columns; i++)
        layout[i] = measure(t, i);
    if (t->count > 0)
        print_line(t, layout, NULL, rule, f);
    if (t->count > 0 && rule == &bars)
        print_sides(t, layout, f);
    for (size_t i = 0; i + t->columns <= t->count; i += t->columns)
        print_line(t, layout, &t->cell[i], rule, f);
    t->host->release(t->host, layout);
    return MCD_OK;
}

static void put_csv(FILE *f, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, f);
        return;
    }
    putc('"', f);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', f);
        putc(*text, f);
    }
    putc('"', f);
}

static int print_csv(const struct mcd_table *t, FILE *f)
{
    char scratch[64];
    for (uint32_t i = 0; i < t->columns; i++) {
        put_csv(f, t->column[i].name);
        putc(i + 1 < t->columns ? ',' : '\n', f);
    }
    for (size_t i = 0; i < t->count; i++) {
        const struct cell *c = &t->cell[i];
        if (c->kind == REAL)
            fputs(mcd_number_show(c->real).text, f);
        else if (c->kind != NONE)
            put_csv(f, show(&t->column[i % t->columns], c, scratch));
        putc((i + 1) % t->columns ? ',' : '\n', f);
    }
    return MCD_OK;
}

/* A new reference; NULL: out of memory. */
static json_t *json_cell(const struct cell *c)
{
    if (c->kind == INT)
        return json_integer(c->whole);
    if (c->kind == REAL && isfinite(c->real))
        return json_real(c->real);
    if (c->kind != TEXT)
        return json_null();
    return mcd_json_shown(c->text);
}

int mcd_table_json(const struct mcd_table *t, json_t **json, struct mcd_error *e)
{
    *json = NULL;
    if (t->error.code != MCD_OK)
        return mcd_fail(e, t->error.code, t->error.where, "%s", t->error.text);
    json_t *rows = json_array();
    int wrong = !rows;
    for (size_t i = 0; !wrong && i + t->columns <= t->count; i += t->columns) {
        json_t *row = json_object();
        for (uint32_t k = 0; !wrong && k < t->columns; k++)
            wrong = json_object_set_new(row, t->column[k].name, json_cell(&t->cell[i + k])) != 0;
        wrong |= json_array_append_new(rows, row) != 0;
    }
    if (wrong) {
        json_decref(rows);
        return mcd_fail(e, MCD_NOMEM, "", "out of memory");
    }
    *json = rows;
    return MCD_OK;
}

int mcd_json_print(const json_t *json, FILE *f, struct mcd_error *e)
{
    if (json_dumpf(json, f, JSON_INDENT(2) | JSON_REAL_PRECISION(17)) == 0 && putc('\n', f) != EOF)
        return MCD_OK;
    if (ferror(f))
        return mcd_fail(e, MCD_IO, "", "cannot be written: %s", strerror(errno));
    return mcd_fail(e, MCD_NOMEM, "memory", "not enough to write it as JSON");
}

int mcd_table_print(const struct mcd_table *t, enum mcd_format format, FILE *f, struct mcd_error *e)
{
    if (t->error.code != MCD_OK)
        return mcd_fail(e, t->error.code, t->error.where, "%s", t->error.text);
    if (format == MCD_TEXT_FORMAT)
        return print_text(t, &plain, f, e);
    if (format == MCD_MARKDOWN_FORMAT)
        return print_text(t, &bars, f, e);
    if (format == MCD_CSV_FORMAT)
        return print_csv(t, f);
    json_t *json;
    int status = mcd_table_json(t, &json, e);
    if (status == MCD_OK)
        status = mcd_json_print(json, f, e);
    json_decref(json);
    return status;
}
