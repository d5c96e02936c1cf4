/* Frames: scaling, and the way to and from JSON. */
#include "core/network/frame.h"

#include "core/base/error.h"
#include "core/io/place.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mcd_frame_clear(struct mcd_frame *f)
{
    mcd_columns_clear(&f->columns);
    free(f->mean);
    free(f->sd);
    free(f->hold_out);
    *f = (struct mcd_frame){0};
}

static int fail_memory(struct mcd_error *e)
{
    return mcd_fail(e, MCD_NOMEM, "data", "no memory for what is known of its columns");
}

static int create_scales(struct mcd_frame *f, int64_t inputs, int64_t outputs, struct mcd_error *e)
{
    free(f->mean);
    free(f->sd);
    f->inputs = inputs;
    f->outputs = outputs;
    f->mean = calloc((size_t)(inputs + outputs), sizeof *f->mean);
    f->sd = calloc((size_t)(inputs + outputs), sizeof *f->sd);
    return f->mean && f->sd ? MCD_OK : fail_memory(e);
}

int mcd_frame_copy(struct mcd_frame *to, const struct mcd_frame *from, struct mcd_error *e)
{
    int status = MCD_OK;
    const struct mcd_columns *c = &from->columns;
    *to = (struct mcd_frame){.tau = from->tau, .rows = from->rows};
    for (size_t i = 0; status == MCD_OK && i < c->inputs + c->answers; i++)
        status = mcd_columns_add(&to->columns, c->name[i], i >= c->inputs, e);
    if (status == MCD_OK && from->hold_out && !(to->hold_out = strdup(from->hold_out)))
        status = fail_memory(e);
    if (status == MCD_OK && from->mean) {
        size_t bytes = (size_t)(from->inputs + from->outputs) * sizeof *from->mean;
        status = create_scales(to, from->inputs, from->outputs, e);
        if (status == MCD_OK) {
            memcpy(to->mean, from->mean, bytes);
            memcpy(to->sd, from->sd, bytes);
        }
    }
    if (status)
        mcd_frame_clear(to);
    return status;
}

/* ---- scaling ----------------------------------------------------------------------------- */

static int64_t width(const struct mcd_array *a)
{
    return mcd_array_count(a) / a->dim[0];
}

/* Mean and standard deviation of column k, in two walks so that nothing cancels. */
static void measure(const struct mcd_array *a, int64_t k, double *mean, double *sd)
{
    const double *value = a->data;
    int64_t n = a->dim[0], step = width(a);
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++)
        sum += value[i * step + k] / (double)n;
    for (int64_t i = 0; i < n; i++) {
        double d = value[i * step + k] - sum;
        squares += d * d / (double)n;
    }
    *mean = sum;
    *sd = sqrt(squares);
}

/* The name of column i, inputs first, for messages. */
static const char *name_of(const struct mcd_frame *f, int64_t i, char text[48])
{
    if (f->columns.inputs + f->columns.answers == (size_t)(f->inputs + f->outputs))
        return f->columns.name[i];
    snprintf(text, 48, "%s %" PRId64, i < f->inputs ? "input" : "answer",
             i < f->inputs ? i + 1 : i - f->inputs + 1);
    return text;
}

int mcd_frame_fit(struct mcd_frame *f, const struct mcd_array *x, const struct mcd_array *y,
                  const char *source, struct mcd_error *e)
{
    char text[48];
    int64_t inputs = width(x), all = inputs + width(y);
    int status = create_scales(f, inputs, width(y), e);
    for (int64_t i = 0; status == MCD_OK && i < all; i++) {
        measure(i < inputs ? x : y, i < inputs ? i : i - inputs, &f->mean[i], &f->sd[i]);
        if (!isfinite(f->sd[i]))
            status = mcd_fail(e, MCD_INVALID, mcd_place_item(source, name_of(f, i, text)).text,
                              "its values are too large to have a standard deviation");
        else if (!(f->sd[i] > 1e-12 * fabs(f->mean[i])))
            status = mcd_fail(e, MCD_INVALID, mcd_place_item(source, name_of(f, i, text)).text,
                              "is %g in all the rows to train on: expected values that differ",
                              f->mean[i]);
    }
    return status;
}

/* Columns first ... first + count - 1 of the frame, as all the values of a row of `a`. */
static int scale(const struct mcd_frame *f, struct mcd_array *a, int64_t first, int64_t count,
                 const char *source, struct mcd_error *e)
{
    double *value = a->data;
    if (!f->mean)
        return MCD_OK;
    if (width(a) != count)
        return mcd_fail(e, MCD_INVALID, mcd_place_file(source).text,
                        "%" PRId64 " values a row: expected %" PRId64 ", as in training", width(a),
                        count);
    for (int64_t i = 0, n = mcd_array_count(a); i < n; i++)
        value[i] = (value[i] - f->mean[first + i % count]) / f->sd[first + i % count];
    return MCD_OK;
}

int mcd_frame_scale_inputs(const struct mcd_frame *f, struct mcd_array *x, const char *source,
                           struct mcd_error *e)
{
    return scale(f, x, 0, f->inputs, source, e);
}

int mcd_frame_scale_answers(const struct mcd_frame *f, struct mcd_array *y, const char *source,
                            struct mcd_error *e)
{
    return scale(f, y, f->inputs, f->outputs, source, e);
}

void mcd_frame_explain(const struct mcd_frame *f, struct mcd_meaning *m)
{
    if (!f->mean || f->outputs != m->outputs)
        return;
    memcpy(m->offset, f->mean + f->inputs, (size_t)m->outputs * sizeof *m->offset);
    memcpy(m->scale, f->sd + f->inputs, (size_t)m->outputs * sizeof *m->scale);
}

/* ---- JSON -------------------------------------------------------------------------------- */

static json_t *names_json(const struct mcd_columns *c, size_t first, size_t count)
{
    json_t *array = json_array();
    for (size_t i = first; array && i < first + count; i++)
        if (json_array_append_new(array, json_string(c->name[i]))) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static json_t *numbers_json(const double *value, int64_t count)
{
    json_t *array = json_array();
    for (int64_t i = 0; array && i < count; i++)
        if (json_array_append_new(array, json_real(value[i]))) {
            json_decref(array);
            return NULL;
        }
    return array;
}

json_t *mcd_frame_json(const struct mcd_frame *f)
{
    json_t *json = json_object();
    int failed = json == NULL;
    if (f->columns.inputs) {
        size_t inputs = f->columns.inputs;
        failed |= json_object_set_new(json, "inputs", names_json(&f->columns, 0, inputs));
        failed |= json_object_set_new(json, "targets",
                                      names_json(&f->columns, inputs, f->columns.answers));
    }
    if (f->mean) {
        failed |= json_object_set_new(json, "outputs", json_integer(f->outputs));
        failed |= json_object_set_new(json, "mean", numbers_json(f->mean, f->inputs + f->outputs));
        failed |= json_object_set_new(json, "sd", numbers_json(f->sd, f->inputs + f->outputs));
    }
    if (f->hold_out) {
        failed |= json_object_set_new(json, "hold_out", json_string(f->hold_out));
        failed |= json_object_set_new(json, "rows", json_integer(f->rows));
    }
    if (!failed)
        return json;
    json_decref(json);
    return NULL;
}

static int parse_names(struct mcd_frame *f, const json_t *names, int answers, struct mcd_error *e)
{
    int status = MCD_OK;
    for (size_t i = 0; status == MCD_OK && i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        status = name ? mcd_columns_add(&f->columns, name, answers, e) : MCD_INVALID;
    }
    return status;
}

static int parse_scales(struct mcd_frame *f, const json_t *json, struct mcd_error *e)
{
    const json_t *mean = json_object_get(json, "mean"), *sd = json_object_get(json, "sd");
    int64_t n = (int64_t)json_array_size(mean);
    int64_t outputs = (int64_t)json_integer_value(json_object_get(json, "outputs"));
    if (!mean && !sd)
        return MCD_OK;
    if (n < 2 || (int64_t)json_array_size(sd) != n || outputs < 1 || outputs >= n)
        return MCD_INVALID;
    int status = create_scales(f, n - outputs, outputs, e);
    for (int64_t i = 0; status == MCD_OK && i < n; i++) {
        f->mean[i] = json_number_value(json_array_get(mean, (size_t)i));
        f->sd[i] = json_number_value(json_array_get(sd, (size_t)i));
        if (!isfinite(f->mean[i]) || !isfinite(f->sd[i]) || f->sd[i] <= 0)
            status = MCD_INVALID;
    }
    return status;
}

int mcd_frame_parse(struct mcd_frame *f, const json_t *json, const char *path, struct mcd_error *e)
{
    const char *hold_out = json_string_value(json_object_get(json, "hold_out"));
    *f = (struct mcd_frame){.rows = json_integer_value(json_object_get(json, "rows"))};
    int status = parse_names(f, json_object_get(json, "inputs"), 0, e);
    if (status == MCD_OK)
        status = parse_names(f, json_object_get(json, "targets"), 1, e);
    if (status == MCD_OK)
        status = parse_scales(f, json, e);
    if (status == MCD_OK && hold_out && f->rows < 2)
        status = MCD_INVALID;
    if (status == MCD_OK && hold_out && !(f->hold_out = strdup(hold_out)))
        status = fail_memory(e);
    if (status)
        mcd_frame_clear(f);
    return status == MCD_INVALID
               ? mcd_fail(e, MCD_INVALID, mcd_place_file(path).text,
                          "what it says of its training data is damaged: expected inputs, targets, "
                          "outputs, mean, sd, hold_out and rows")
               : status;
}
