/* Tables for regression: a list of columns for csv.h, and its table cut in two. */
#include "core/io/columns.h"

#include "core/base/error.h"
#include "core/base/number.h"
#include "core/io/csv.h"
#include "core/io/file.h"
#include "core/io/place.h"

#include <stdlib.h>
#include <string.h>

int mcd_columns_add(struct mcd_columns *c, const char *name, int answer, struct mcd_error *e)
{
    size_t n = c->inputs + c->answers;
    char **longer = realloc(c->name, (n + 2) * sizeof *longer), *copy = strdup(name);
    c->name = longer ? longer : c->name;
    if (!longer || !copy) {
        free(copy);
        return mcd_fail(e, MCD_NOMEM, "columns", "no memory for the list of columns");
    }
    c->name[n] = copy;
    c->name[n + 1] = NULL;
    c->inputs += !answer;
    c->answers += answer != 0;
    return MCD_OK;
}

int mcd_columns_parse(struct mcd_columns *c, const char *list, struct mcd_error *e)
{
    char *text = strdup(list), *rest = text;
    int status = text ? MCD_OK : mcd_fail(e, MCD_NOMEM, "--target", "out of memory");
    *c = (struct mcd_columns){0};
    for (const char *name; status == MCD_OK && (name = strsep(&rest, ","));)
        status = *name ? mcd_columns_add(c, name, 1, e)
                       : mcd_fail(e, MCD_INVALID, "--target",
                                  "'%s': expected columns by name or number, as in y or 3,4",
                                  mcd_show_text(list).text);
    free(text);
    if (status)
        mcd_columns_clear(c);
    return status;
}

void mcd_columns_clear(struct mcd_columns *c)
{
    for (size_t i = 0; i < c->inputs + c->answers; i++)
        free(c->name[i]);
    free(c->name);
    *c = (struct mcd_columns){0};
}

/* ---- choosing ---------------------------------------------------------------------------- */

/* The columns of a file, as csv.h lists them. */
struct header {
    char **name;
    size_t count;
};

static struct header header_of(char **names)
{
    struct header h = {.name = names};
    while (names[h.count])
        h.count++;
    return h;
}

/* The column of that name, else of that number; `count` if there is none. */
static size_t find(const struct header *h, const char *name)
{
    int64_t number;
    for (size_t i = 0; i < h->count; i++)
        if (strcmp(h->name[i], name) == 0)
            return i;
    if (mcd_number_int(name, &number) == MCD_NUMBER_OK && number >= 1 &&
        (uint64_t)number <= h->count)
        return (size_t)number - 1;
    return h->count;
}

/* Whether the file names no columns: numbers stand for their names then. */
static int is_numbered(const struct header *h)
{
    int64_t number;
    for (size_t i = 0; i < h->count; i++)
        if (mcd_number_int(h->name[i], &number) != MCD_NUMBER_OK || number != (int64_t)i + 1)
            return 0;
    return 1;
}

static int has_answers(const struct header *h, const struct mcd_columns *wanted)
{
    for (size_t i = 0; i < wanted->answers; i++)
        if (find(h, wanted->name[wanted->inputs + i]) == h->count)
            return 0;
    return 1;
}

static int is_answer(const struct header *h, const struct mcd_columns *wanted, size_t column)
{
    for (size_t i = 0; i < wanted->answers; i++)
        if (find(h, wanted->name[wanted->inputs + i]) == column)
            return 1;
    return 0;
}

static int choose(const struct header *h, const struct mcd_columns *wanted, int optional,
                  struct mcd_columns *got, struct mcd_error *e)
{
    int status = MCD_OK, in_order = optional && is_numbered(h) && h->count == wanted->inputs;
    if (wanted->inputs == 0 || in_order) {
        for (size_t i = 0; status == MCD_OK && i < h->count; i++)
            if (in_order || !is_answer(h, wanted, i))
                status = mcd_columns_add(got, h->name[i], 0, e);
    } else {
        for (size_t i = 0; status == MCD_OK && i < wanted->inputs; i++)
            status = mcd_columns_add(got, wanted->name[i], 0, e);
    }
    if (in_order || (optional && !has_answers(h, wanted)))
        return status;
    for (size_t i = 0; status == MCD_OK && i < wanted->answers; i++)
        status = mcd_columns_add(got, wanted->name[wanted->inputs + i], 1, e);
    return status;
}

/* ---- reading ----------------------------------------------------------------------------- */

static int copy_columns(const struct mcd_array *table, size_t first, size_t count,
                        struct mcd_array *to, struct mcd_error *e)
{
    int64_t rows = table->dim[0], all = table->dim[1];
    if (count == 0)
        return MCD_OK;
    int status = mcd_array_create(to, MCD_F64, 2, (int64_t[]){rows, (int64_t)count}, e);
    for (int64_t i = 0; status == MCD_OK && i < rows; i++)
        memcpy((double *)to->data + (size_t)i * count,
               (const double *)table->data + (size_t)(i * all) + first, count * sizeof(double));
    return status;
}

static int read_table(const void *bytes, size_t size, const char *path,
                      const struct mcd_columns *got, struct mcd_array *x, struct mcd_array *y,
                      struct mcd_error *e)
{
    struct mcd_csv t;
    if (got->inputs == 0)
        return mcd_fail(e, MCD_INVALID, mcd_place_line(path, 1, 1).text,
                        "every column is an answer: expected inputs as well");
    int status = mcd_csv_parse(bytes, size, path, (const char *const *)got->name, &t, e);
    if (status)
        return status;
    status = copy_columns(&t.values, 0, got->inputs, x, e);
    if (status == MCD_OK)
        status = copy_columns(&t.values, got->inputs, got->answers, y, e);
    mcd_csv_clear(&t);
    return status;
}

int mcd_columns_scan(const void *bytes, size_t size, const char *path,
                     const struct mcd_columns *wanted, int optional, struct mcd_columns *got,
                     struct mcd_array *x, struct mcd_array *y, struct mcd_error *e)
{
    char **names;
    *got = (struct mcd_columns){0};
    int status = mcd_csv_header(bytes, size, path, &names, e);
    if (status)
        return status;
    struct header h = header_of(names);
    status = choose(&h, wanted, optional, got, e);
    mcd_csv_names_clear(&names);
    if (status == MCD_OK)
        status = read_table(bytes, size, path, got, x, y, e);
    if (status) {
        mcd_columns_clear(got);
        mcd_array_clear(x);
        mcd_array_clear(y);
    }
    return status;
}

int mcd_columns_read(const char *path, const struct mcd_columns *wanted, int optional,
                     struct mcd_columns *got, struct mcd_array *x, struct mcd_array *y,
                     struct mcd_error *e)
{
    struct mcd_bytes b;
    *got = (struct mcd_columns){0};
    int status = mcd_file_read(path, MCD_FILE_LIMIT, &b, e);
    if (status == MCD_OK)
        status = mcd_columns_scan(b.data, b.size, path, wanted, optional, got, x, y, e);
    mcd_bytes_clear(&b);
    return status;
}
