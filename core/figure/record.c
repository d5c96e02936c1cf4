/* JSON results: members by name, numbers by row. */
#include "core/figure/record.h"

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/io/file.h"
#include "core/io/place.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* Far more than a prediction of a grid or an evaluation is. */
enum { LIMIT = 1 << 30 };

int mcd_record_parse(const void *bytes, size_t size, const char *path, json_t **json,
                     struct mcd_error *e)
{
    json_error_t reason = {.line = -1};
    int status = mcd_json_parse(bytes ? bytes : "", size, json, &reason);
    if (status == MCD_NOMEM)
        return mcd_fail(e, status, mcd_place_file(path).text, "no memory to read it");
    if (status)
        return mcd_fail(
            e, status,
            reason.line > 0
                ? mcd_place_line(path, (size_t)reason.line, (size_t)(reason.column + 1)).text
                : mcd_place_file(path).text,
            "%s: expected what mcdrop prints with --format json", mcd_show_text(reason.text).text);
    if (json_is_object(*json))
        return MCD_OK;
    json_decref(*json);
    *json = NULL;
    return mcd_fail(e, MCD_INVALID, mcd_place_file(path).text,
                    "not a JSON object: expected what mcdrop prints with --format json");
}

int mcd_record_read(const char *path, json_t **json, struct mcd_error *e)
{
    struct mcd_bytes b;
    *json = NULL;
    int status = mcd_file_read(path, LIMIT, &b, e);
    if (!status)
        status = mcd_record_parse(b.data, b.size, path, json, e);
    mcd_bytes_clear(&b);
    return status;
}

int mcd_record_real(const json_t *value, const char *path, const char *place, double *x,
                    struct mcd_error *e)
{
    *x = json_is_null(value) ? NAN : json_number_value(value);
    if (json_is_null(value) || json_is_number(value))
        return MCD_OK;
    return mcd_fail(e, MCD_INVALID, mcd_place_item(path, place).text, "expected a number, or null");
}

int mcd_record_column(const json_t *record, const char *path, const char *key, int64_t n,
                      int optional, int *there, double *x, struct mcd_error *e)
{
    const json_t *column = json_object_get(record, key);
    char place[60];
    int status = MCD_OK;
    if (there)
        *there = column != NULL;
    if (!column && optional)
        return MCD_OK;
    if (!json_is_array(column) || (int64_t)json_array_size(column) != n)
        return mcd_fail(e, MCD_INVALID, mcd_place_item(path, key).text,
                        "%zu rows: expected a list of %" PRId64 ", one for each input",
                        json_array_size(column), n);
    for (int64_t i = 0; i < n && !status; i++) {
        const json_t *value = json_array_get(column, (size_t)i);
        if (json_is_array(value) && json_array_size(value) == 1)
            value = json_array_get(value, 0);
        snprintf(place, sizeof place, "%.30s[%" PRId64 "]", key, i);
        status = mcd_record_real(value, path, place, &x[i], e);
    }
    return status;
}
