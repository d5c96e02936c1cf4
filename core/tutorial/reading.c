/* Histories and results, read back. */
#include "core/tutorial/reading.h"

#include "core/io/csv.h"
#include "core/io/file.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *mcd_reading_json(const char *dir, const char *file)
{
    char path[4400];
    struct mcd_bytes b;
    json_t *json = NULL;
    json_error_t reason;
    snprintf(path, sizeof path, "%s/%s", dir, file);
    if (mcd_file_read(path, MCD_FILE_LIMIT, &b, NULL) != MCD_OK)
        return NULL;
    if (!b.size || mcd_json_parse((const char *)b.data, b.size, &json, &reason) != MCD_OK)
        json = NULL;
    mcd_bytes_clear(&b);
    return json;
}

const json_t *mcd_reading_value(const json_t *json, const char *path)
{
    char key[80];
    while (json && *path) {
        size_t length = strcspn(path, ".");
        snprintf(key, sizeof key, "%.*s", (int)length, path);
        json = json_is_array(json) ? json_array_get(json, (size_t)atol(key))
                                   : json_object_get(json, key);
        path += length + (path[length] == '.');
    }
    return json;
}

double mcd_reading_at(const json_t *json, const char *format, ...)
{
    char path[200];
    va_list args;
    va_start(args, format);
    vsnprintf(path, sizeof path, format, args);
    va_end(args);
    const json_t *value = mcd_reading_value(json, path);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* Over epochs from .. to - 1, at least the last one. */
static double mean(const double *errors, int64_t from, int64_t to)
{
    double sum = 0;
    if (from >= to)
        from = to > 0 ? to - 1 : 0;
    for (int64_t i = from; i < to; i++)
        sum += errors[i];
    return sum / (double)(to - from);
}

struct mcd_reading_errors mcd_reading_errors(const char *dir, const char *file, int64_t epochs)
{
    static const char *const column[] = {"test_errors", NULL};
    char path[4400];
    struct mcd_csv t = {0};
    struct mcd_reading_errors errors = {NAN, NAN};
    snprintf(path, sizeof path, "%s/%s", dir, file);
    if (mcd_csv_read(path, column, &t, NULL) != MCD_OK)
        return errors;
    const double *values = t.values.data;
    int64_t n = t.values.dim[0];
    if (epochs > 0 && epochs < n)
        n = epochs;
    errors.final = mean(values, n - n / 10, n);
    errors.fall = mean(values, n / 2, n - n / 4) - mean(values, n - n / 4, n);
    mcd_csv_clear(&t);
    return errors;
}
