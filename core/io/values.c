/* Conversions of whole arrays and checks of what they hold. */
#include "core/io/values.h"

#include "core/base/error.h"
#include "core/io/place.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static double element(const struct mcd_array *a, int64_t i)
{
    switch (a->type) {
    case MCD_F32:
        return ((const float *)a->data)[i];
    case MCD_F64:
        return ((const double *)a->data)[i];
    case MCD_I32:
        return ((const int32_t *)a->data)[i];
    case MCD_I64:
        return (double)((const int64_t *)a->data)[i];
    default:
        return ((const uint8_t *)a->data)[i];
    }
}

/* A list of numbers, as "[3, 17]": a shape or an index. */
struct list {
    char text[160];
};

static struct list format_list(const int64_t *value, uint32_t count)
{
    struct list l = {"["};
    size_t n = 1, size = sizeof l.text;
    for (uint32_t i = 0; i < count; i++)
        n += (size_t)snprintf(l.text + n, size - n, "%s%" PRId64, i ? ", " : "", value[i]);
    snprintf(l.text + n, size - n, "]");
    return l;
}

/* Where value `i` stands. */
static struct list format_index(const struct mcd_array *a, int64_t i)
{
    int64_t index[MCD_MAX_RANK] = {0};
    for (uint32_t k = a->rank; k > 0; i /= a->dim[--k])
        index[k - 1] = i % a->dim[k - 1];
    return format_list(index, a->rank);
}

/* A pass without branches, so that it vectorises. */
static int all_finite(const struct mcd_array *a)
{
    const float *f = a->data;
    const double *d = a->data;
    int64_t n = mcd_array_count(a);
    int bad = 0;
    if (a->type == MCD_F32)
        for (int64_t i = 0; i < n; i++)
            bad |= !(fabsf(f[i]) <= FLT_MAX);
    else
        for (int64_t i = 0; i < n; i++)
            bad |= !(fabs(d[i]) <= DBL_MAX);
    return !bad;
}

static int check_finite(const struct mcd_array *a, const char *name, struct mcd_error *e)
{
    int64_t i = 0;
    if (all_finite(a))
        return MCD_OK;
    while (isfinite(element(a, i)))
        i++;
    return mcd_fail(e, MCD_INVALID, mcd_place_file(name).text,
                    "the value at %s is %g: expected a finite number", format_index(a, i).text,
                    element(a, i));
}

int mcd_values_to_real(struct mcd_array *a, uint32_t type, const char *name, struct mcd_error *e)
{
    struct mcd_array to = {0};
    if (a->type == type)
        return check_finite(a, name, e);
    int status = mcd_array_create(&to, type, a->rank, a->dim, e);
    if (status)
        return status;
    int64_t n = mcd_array_count(a);
    float *f = to.data;
    double *d = to.data;
    if (type == MCD_F32)
        for (int64_t i = 0; i < n; i++)
            f[i] = (float)element(a, i);
    else
        for (int64_t i = 0; i < n; i++)
            d[i] = element(a, i);
    status = check_finite(&to, name, e);
    if (status) {
        mcd_array_clear(&to);
        return status;
    }
    mcd_array_clear(a);
    *a = to;
    return MCD_OK;
}

int mcd_values_to_pixels(struct mcd_array *a, uint32_t type, const char *name, struct mcd_error *e)
{
    int bytes = a->type == MCD_U8;
    int status = mcd_values_to_real(a, type, name, e);
    if (status || !bytes)
        return status;
    int64_t n = mcd_array_count(a);
    if (type == MCD_F32)
        for (int64_t i = 0; i < n; i++)
            ((float *)a->data)[i] /= 255;
    else
        for (int64_t i = 0; i < n; i++)
            ((double *)a->data)[i] /= 255;
    return MCD_OK;
}

static int check_label_shape(const struct mcd_array *a, const char *name, struct mcd_error *e)
{
    if (a->rank == 1 || (a->rank == 2 && a->dim[1] == 1))
        return MCD_OK;
    return mcd_fail(e, MCD_INVALID, mcd_place_file(name).text,
                    "labels of shape %s: expected one number a row",
                    format_list(a->dim, a->rank).text);
}

int mcd_values_to_labels(struct mcd_array *a, int64_t classes, const char *name,
                         struct mcd_error *e)
{
    struct mcd_array to = {0};
    int64_t last = classes > 0 ? classes - 1 : INT32_MAX;
    int status = check_label_shape(a, name, e);
    if (status == MCD_OK)
        status = mcd_values_to_real(a, MCD_F64, name, e);
    if (status == MCD_OK)
        status = mcd_array_create(&to, MCD_I32, 1, a->dim, e);
    for (int64_t i = 0; status == MCD_OK && i < a->dim[0]; i++) {
        double label = element(a, i);
        if (label >= 0 && label <= (double)last && label == floor(label))
            ((int32_t *)to.data)[i] = (int32_t)label;
        else
            status =
                mcd_fail(e, MCD_INVALID, mcd_place_file(name).text,
                         "row %" PRId64 ": label %.17g, expected a whole number of 0 to %" PRId64,
                         i, label, last);
    }
    if (status) {
        mcd_array_clear(&to);
        return status;
    }
    mcd_array_clear(a);
    *a = to;
    return MCD_OK;
}
