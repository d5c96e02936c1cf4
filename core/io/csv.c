/* CSV tables: the first line decides what the others must be. */
#include "core/io/csv.h"

#include "core/base/error.h"
#include "core/base/number.h"
#include "core/io/csv_field.h"
#include "core/io/file.h"
#include "core/io/place.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the first line tells, and which of its columns are wanted. */
struct layout {
    size_t fields, wanted;
    char **header; /* `fields` names, or NULL */
    size_t *place; /* column of the table for each field, or UNWANTED */
};

static const size_t UNWANTED = SIZE_MAX;

static int fail_memory(const struct mcd_csv_reader *r)
{
    return mcd_fail(r->e, MCD_NOMEM, mcd_place_file(r->name).text, "no memory for the table");
}

/* Counts the fields of the first line and tells whether they are names. Reads a copy of `r`. */
static int scan_first(struct mcd_csv_reader r, size_t *fields, int *names)
{
    struct mcd_csv_field f = {0}, text = {0};
    size_t numbers = 0, texts = 0;
    double value;
    for (*fields = 0; !f.last; ++*fields) {
        int status = mcd_csv_next(&r, &f);
        if (status)
            return status;
        enum mcd_csv_kind kind = mcd_csv_classify(&r, &f, &value);
        if (f.quoted || kind == MCD_CSV_TEXT) {
            if (texts++ == 0)
                text = f;
        } else if (kind != MCD_CSV_EMPTY) {
            numbers++;
        }
    }
    if (texts > 0 && numbers > 0)
        return mcd_csv_fail(&r, &text,
                            "'%s' among numbers: expected a number, or nothing but column names",
                            mcd_show(text.text, text.length).text);
    *names = texts > 0;
    return MCD_OK;
}

/* Reads the names of the first line, which scan_first has seen to be well-formed. */
static int read_names(struct mcd_csv_reader *r, struct layout *l)
{
    struct mcd_csv_field f;
    if (!(l->header = calloc(l->fields, sizeof *l->header)))
        return fail_memory(r);
    for (size_t i = 0; i < l->fields; i++) {
        int status = mcd_csv_next(r, &f);
        if (status)
            return status;
        if (!(l->header[i] = mcd_csv_copy(&f)))
            return fail_memory(r);
    }
    return MCD_OK;
}

/* What a wanted column may be called: "a, b, c", cut if it is long. */
static struct mcd_shown list_names(const struct layout *l)
{
    struct mcd_shown shown;
    size_t n = 0, size = sizeof shown.text;
    shown.text[0] = 0;
    for (size_t i = 0; l->header && i < l->fields && n < size; i++)
        n += (size_t)snprintf(shown.text + n, size - n, "%s%s", i ? ", " : "",
                              mcd_show_text(l->header[i]).text);
    if (n >= size)
        memcpy(shown.text + size - 4, "...", 4);
    return shown;
}

static int take_column(struct layout *l, size_t i)
{
    if (l->place[i] != UNWANTED)
        return 0;
    l->place[i] = l->wanted++;
    return 1;
}

/* By name; where none has that name, by number from 1 on. */
static int choose_column(const struct mcd_csv_reader *r, struct layout *l, const char *wanted)
{
    int64_t number;
    for (size_t i = 0; l->header && i < l->fields; i++)
        if (strcmp(l->header[i], wanted) == 0 && take_column(l, i))
            return MCD_OK;
    if (mcd_number_int(wanted, &number) == MCD_NUMBER_OK && number >= 1 &&
        (uint64_t)number <= l->fields && take_column(l, (size_t)number - 1))
        return MCD_OK;
    return mcd_fail(r->e, MCD_INVALID, mcd_place_line(r->name, 1, 1).text,
                    "no column '%s': expected %s%s1 to %zu, each once", mcd_show_text(wanted).text,
                    list_names(l).text, l->header ? ", or " : "", l->fields);
}

static int choose_columns(const struct mcd_csv_reader *r, struct layout *l,
                          const char *const *columns)
{
    int status = MCD_OK;
    if (!(l->place = calloc(l->fields, sizeof *l->place)))
        return fail_memory(r);
    for (size_t i = 0; i < l->fields; i++)
        l->place[i] = columns ? UNWANTED : l->wanted++;
    for (size_t i = 0; columns && columns[i] && status == MCD_OK; i++)
        status = choose_column(r, l, columns[i]);
    if (status == MCD_OK && l->wanted == 0)
        status = mcd_fail(r->e, MCD_INVALID, mcd_place_file(r->name).text, "no column is chosen");
    return status;
}

/* The first line. */
static int parse_layout(struct mcd_csv_reader *r, struct layout *l, const char *const *columns)
{
    int names = 0;
    if (mcd_csv_at_end(r))
        return mcd_fail(r->e, MCD_INVALID, mcd_place_line(r->name, 1, 1).text,
                        "the file is empty: expected lines of numbers");
    int status = scan_first(*r, &l->fields, &names);
    if (status == MCD_OK && names)
        status = read_names(r, l);
    return status ? status : choose_columns(r, l, columns);
}

static int parse_value(const struct mcd_csv_reader *r, const struct mcd_csv_field *f, double *value)
{
    struct mcd_shown shown = mcd_show(f->text, f->length);
    switch (mcd_csv_classify(r, f, value)) {
    case MCD_CSV_NUMBER:
        return MCD_OK;
    case MCD_CSV_EMPTY:
        return mcd_csv_fail(r, f, "the value is missing: expected a number");
    case MCD_CSV_NOT_FINITE:
        return mcd_csv_fail(r, f, "'%s' is not finite: expected a number", shown.text);
    default:
        return mcd_csv_fail(r, f, "'%s' is not a number%s", shown.text,
                            strchr(shown.text, ';') ? ": expected commas between values" : "");
    }
}

/* One line of values into row[0 .. wanted). */
static int parse_row(struct mcd_csv_reader *r, const struct layout *l, double *row)
{
    struct mcd_csv_field f = {0};
    for (size_t i = 0; i < l->fields; i++) {
        int status =
            f.last
                ? mcd_csv_fail(r, &f, "the line ends: expected %zu fields, as in line 1", l->fields)
                : mcd_csv_next(r, &f);
        if (status == MCD_OK && l->place[i] != UNWANTED)
            status = parse_value(r, &f, &row[l->place[i]]);
        if (status)
            return status;
    }
    return f.last ? MCD_OK
                  : mcd_csv_fail(r, &f, "the line goes on: expected %zu fields, as in line 1",
                                 l->fields);
}

/*
 * The most rows that fit: of a line's fields each but the last ends in a comma, the last in a
 * newline (which the last line may lack), and a wanted one has a character at least.
 */
static int64_t most_rows(const struct mcd_csv_reader *r, const struct layout *l)
{
    return (int64_t)(((size_t)(r->end - r->p) + 1) / (l->fields + l->wanted));
}

static int parse_rows(struct mcd_csv_reader *r, const struct layout *l, struct mcd_array *values)
{
    /* One row more, so that a broken last line has a place to be read to. */
    int64_t most = most_rows(r, l) + 1, rows = 0;
    int status = mcd_array_create(values, MCD_F64, 2, (int64_t[]){most, (int64_t)l->wanted}, r->e);
    if (status)
        return status;
    for (; !mcd_csv_at_end(r); rows++)
        if ((status = parse_row(r, l, (double *)values->data + (size_t)rows * l->wanted)))
            return status;
    if (rows == 0)
        return mcd_fail(r->e, MCD_INVALID, mcd_place_line(r->name, r->line, 1).text,
                        "the file holds no values: expected lines of numbers");
    double *shrunk = realloc(values->data, (size_t)rows * l->wanted * sizeof *shrunk);
    values->data = shrunk ? shrunk : values->data;
    values->dim[0] = rows;
    return MCD_OK;
}

/* Hands the names of the wanted columns over. */
static int take_names(const struct mcd_csv_reader *r, struct layout *l, struct mcd_csv *out)
{
    if (!l->header)
        return MCD_OK;
    if (!(out->name = calloc(l->wanted, sizeof *out->name)))
        return fail_memory(r);
    for (size_t i = 0; i < l->fields; i++)
        if (l->place[i] != UNWANTED) {
            out->name[l->place[i]] = l->header[i];
            l->header[i] = NULL;
        }
    return MCD_OK;
}

static void clear_layout(struct layout *l)
{
    for (size_t i = 0; l->header && i < l->fields; i++)
        free(l->header[i]);
    free(l->header);
    free(l->place);
}

static int parse_table(struct mcd_csv_reader *r, const char *const *columns, struct mcd_csv *out)
{
    struct layout l = {0};
    int status = parse_layout(r, &l, columns);
    if (status == MCD_OK)
        status = parse_rows(r, &l, &out->values);
    if (status == MCD_OK)
        status = take_names(r, &l, out);
    clear_layout(&l);
    return status;
}

/* At the first byte behind a byte order mark. The caller frees the locale. */
static int open_reader(struct mcd_csv_reader *r, const void *bytes, size_t size, const char *name,
                       struct mcd_error *e)
{
    const unsigned char *p = bytes;
    size_t mark = size >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    *r = (struct mcd_csv_reader){.name = name, .line = 1, .next_column = 1, .e = e};
    r->locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!r->locale)
        return fail_memory(r);
    r->p = size ? p + mark : (const unsigned char *)"";
    r->end = r->p + (size - mark);
    return MCD_OK;
}

/* Hands all names over, or numbers as names where the file has none. */
static int take_header(const struct mcd_csv_reader *r, struct layout *l, char ***names)
{
    if (!(*names = calloc(l->fields + 1, sizeof **names)))
        return fail_memory(r);
    for (size_t i = 0; i < l->fields; i++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", i + 1);
        (*names)[i] = l->header ? l->header[i] : strdup(number);
        if (l->header)
            l->header[i] = NULL;
        if (!(*names)[i])
            return fail_memory(r);
    }
    return MCD_OK;
}

int mcd_csv_header(const void *bytes, size_t size, const char *name, char ***names,
                   struct mcd_error *e)
{
    struct mcd_csv_reader r;
    struct layout l = {0};
    *names = NULL;
    int status = open_reader(&r, bytes, size, name, e);
    if (status)
        return status;
    status = parse_layout(&r, &l, NULL);
    if (status == MCD_OK)
        status = take_header(&r, &l, names);
    freelocale(r.locale);
    clear_layout(&l);
    if (status)
        mcd_csv_names_clear(names);
    return status;
}

void mcd_csv_names_clear(char ***names)
{
    for (size_t i = 0; *names && (*names)[i]; i++)
        free((*names)[i]);
    free(*names);
    *names = NULL;
}

int mcd_csv_parse(const void *bytes, size_t size, const char *name, const char *const *columns,
                  struct mcd_csv *out, struct mcd_error *e)
{
    struct mcd_csv_reader r;
    *out = (struct mcd_csv){0};
    int status = open_reader(&r, bytes, size, name, e);
    if (status)
        return status;
    status = parse_table(&r, columns, out);
    freelocale(r.locale);
    if (status)
        mcd_csv_clear(out);
    return status;
}

int mcd_csv_read(const char *path, const char *const *columns, struct mcd_csv *out,
                 struct mcd_error *e)
{
    struct mcd_bytes b;
    *out = (struct mcd_csv){0};
    int status = mcd_file_read(path, MCD_FILE_LIMIT, &b, e);
    if (status == MCD_OK)
        status = mcd_csv_parse(b.data, b.size, path, columns, out, e);
    mcd_bytes_clear(&b);
    return status;
}

void mcd_csv_clear(struct mcd_csv *t)
{
    for (int64_t i = 0; t->name && i < t->values.dim[1]; i++)
        free(t->name[i]);
    free(t->name);
    mcd_array_clear(&t->values);
    t->name = NULL;
}
