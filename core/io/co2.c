/* The CO2 series: a straight line taken off, and both axes in standard deviations. */
#include "core/io/co2.h"

#include "core/base/error.h"
#include "core/io/csv.h"
#include "core/io/csv_field.h"
#include "core/io/file.h"
#include "core/io/place.h"
#include "core/io/places.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Least squares of ppm against t - (n - 1) / 2, which sums to 0 over rows: the slope is
 * sum ppm t / sum t^2, and sum t^2 = n (n^2 - 1) / 12.
 */
int mcd_co2_process(const double *ppm, size_t n, double *x, double *y, struct mcd_co2_line *line,
                    const char *name, struct mcd_error *e)
{
    double middle = ((double)n - 1) / 2, squares = (double)n * ((double)n * (double)n - 1) / 12;
    double mean = 0, slope = 0, variance = 0;
    for (size_t i = 0; i < n; i++)
        mean += ppm[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        slope += (ppm[i] - mean) * ((double)i - middle) / squares;
    for (size_t i = 0; i < n; i++) {
        y[i] = ppm[i] - mean - slope * ((double)i - middle);
        variance += y[i] * y[i] / (double)n;
    }
    if (!(n >= 3 && sqrt(variance) > 1e-9 * (fabs(mean) + fabs(slope))))
        return mcd_fail(e, MCD_INVALID, mcd_place_file(name).text,
                        "%zu measurements on a line: expected a series of at least 3 that is none",
                        n);
    for (size_t i = 0; i < n; i++) {
        x[i] = ((double)i - middle) / sqrt(squares / (double)n);
        y[i] /= sqrt(variance);
    }
    if (line)
        *line = (struct mcd_co2_line){mean - slope * middle, slope, sqrt(variance)};
    return MCD_OK;
}

/* ---- the file ---------------------------------------------------------------------------- */

void mcd_co2_clear(struct mcd_co2 *c)
{
    free(c->month);
    free(c->ppm);
    free(c->x);
    free(c->y);
    *c = (struct mcd_co2){0};
}

static int is_month(const struct mcd_csv_field *f)
{
    static const char like[] = "0000-00";
    for (size_t i = 0; i < 7; i++)
        if (f->length != 7 || (like[i] == '-' ? f->text[i] != '-' : !isdigit(f->text[i])))
            return 0;
    return 1;
}

/* The first field of every line but the first; the table is known to be well-formed. */
static int read_months(struct mcd_co2 *c, const struct mcd_bytes *b, const char *path,
                       struct mcd_error *e)
{
    const unsigned char *p = (const unsigned char *)b->data;
    struct mcd_csv_reader r = {
        .p = p, .end = p + b->size, .name = path, .line = 1, .next_column = 1, .e = e};
    for (int64_t row = -1; row < c->rows; row++) {
        struct mcd_csv_field month, rest;
        int status = mcd_csv_next(&r, &month);
        for (rest = month; status == MCD_OK && !rest.last;)
            status = mcd_csv_next(&r, &rest);
        if (status)
            return status;
        if (row >= 0 && !is_month(&month))
            return mcd_csv_fail(&r, &month, "'%s' is not a month: expected one as 1958-03",
                                mcd_show(month.text, month.length).text);
        if (row >= 0)
            memcpy(c->month[row], month.text, 7);
    }
    return MCD_OK;
}

static int fill(struct mcd_co2 *c, const struct mcd_bytes *b, const struct mcd_array *ppm,
                const char *path, struct mcd_error *e)
{
    size_t n = (size_t)ppm->dim[0];
    c->rows = ppm->dim[0];
    c->month = calloc(n, sizeof *c->month);
    c->ppm = calloc(n, sizeof *c->ppm);
    c->x = calloc(n, sizeof *c->x);
    c->y = calloc(n, sizeof *c->y);
    if (!c->month || !c->ppm || !c->x || !c->y)
        return mcd_fail(e, MCD_NOMEM, mcd_place_file(path).text, "no memory for the series");
    memcpy(c->ppm, ppm->data, n * sizeof *c->ppm);
    int status = read_months(c, b, path, e);
    return status ? status : mcd_co2_process(c->ppm, n, c->x, c->y, &c->line, path, e);
}

int mcd_co2_load(struct mcd_co2 *c, const char *path, struct mcd_error *e)
{
    static const char *const columns[] = {"ppm", NULL};
    struct mcd_csv t = {0};
    struct mcd_bytes b;
    *c = (struct mcd_co2){0};
    int status = mcd_file_read(path, MCD_FILE_LIMIT, &b, e);
    if (status)
        return status;
    status = mcd_csv_parse(b.data, b.size, path, columns, &t, e);
    if (status == MCD_OK)
        status = fill(c, &b, &t.values, path, e);
    mcd_csv_clear(&t);
    mcd_bytes_clear(&b);
    if (status)
        mcd_co2_clear(c);
    return status;
}

int mcd_co2_find(char **path, struct mcd_error *e)
{
    struct mcd_places places;
    int status = mcd_places_list(&places, "co2.csv", e);
    *path = NULL;
    for (size_t i = 0; status == MCD_OK && i < places.count && !*path; i++)
        if (access(places.folder[i], F_OK) == 0 && !(*path = strdup(places.folder[i])))
            status = mcd_fail(e, MCD_NOMEM, "co2", "no memory for the file's name");
    mcd_places_clear(&places);
    return status;
}

static int to_column(const double *value, int64_t rows, struct mcd_array *a, struct mcd_error *e)
{
    int status = mcd_array_create(a, MCD_F64, 2, (int64_t[]){rows, 1}, e);
    if (status == MCD_OK)
        memcpy(a->data, value, (size_t)rows * sizeof *value);
    return status;
}

int mcd_co2_read(const char *path, struct mcd_array *x, struct mcd_array *y, struct mcd_error *e)
{
    struct mcd_co2 c;
    int status = mcd_co2_load(&c, path, e);
    if (status)
        return status;
    status = to_column(c.x, c.rows, x, e);
    if (status == MCD_OK)
        status = to_column(c.y, c.rows, y, e);
    mcd_co2_clear(&c);
    return status;
}
