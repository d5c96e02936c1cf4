/* Held-out rows: by lot or by list. */
#include "core/train/hold_out.h"

#include "core/base/error.h"
#include "core/base/number.h"
#include "core/io/dataset.h"
#include "core/io/full_path.h"
#include "core/io/place.h"
#include "core/io/values.h"
#include "core/train/shuffle.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* No epoch has this number: the order is not one of training's. */
#define STREAM (((uint64_t)1 << 48) - 1)

static int check_count(const char *text, int64_t count, int64_t rows, struct mcd_error *e)
{
    if (count >= 1 && count < rows)
        return MCD_OK;
    return mcd_fail(e, MCD_INVALID, "--hold-out",
                    "'%s' sets %" PRId64 " of %" PRId64
                    " rows aside: expected at least one there and one to train on",
                    mcd_show_text(text).text, count, rows);
}

static int choose_fraction(const char *text, double share, uint64_t seed, int64_t rows,
                           unsigned char *aside, struct mcd_error *e)
{
    if (!(share > 0 && share < 1))
        return mcd_fail(e, MCD_INVALID, "--hold-out",
                        "'%s': expected a fraction in (0, 1), or a file of row numbers", text);
    int64_t count = (int64_t)llround(share * (double)rows);
    int status = check_count(text, count, rows, e);
    if (status)
        return status;
    uint32_t *order = malloc((size_t)rows * sizeof *order);
    if (!order)
        return mcd_fail(e, MCD_NOMEM, "--hold-out", "out of memory");
    mcd_shuffle(seed, STREAM, (uint32_t)rows, order);
    for (int64_t i = 0; i < count; i++)
        aside[order[i]] = 1;
    free(order);
    return MCD_OK;
}

static int choose_listed(const char *path, int64_t rows, unsigned char *aside, struct mcd_error *e)
{
    struct mcd_array a;
    int status = mcd_array_read(path, &a, e);
    if (status == MCD_OK)
        status = mcd_values_to_real(&a, MCD_F64, path, e);
    int64_t count = status == MCD_OK ? mcd_array_count(&a) : 0;
    for (int64_t i = 0; status == MCD_OK && i < count; i++) {
        double row = ((const double *)a.data)[i];
        if (!(row >= 0 && row < (double)rows && row == floor(row)) || aside[(int64_t)row])
            status = mcd_fail(e, MCD_INVALID, mcd_place_file(path).text,
                              "entry %" PRId64 " is %.17g: expected row numbers of 0 to %" PRId64
                              ", each once",
                              i, row, rows - 1);
        else
            aside[(int64_t)row] = 1;
    }
    mcd_array_clear(&a);
    return status ? status : check_count(path, count, rows, e);
}

int mcd_hold_out_choose(const char *text, uint64_t seed, int64_t rows, unsigned char *aside,
                        struct mcd_error *e)
{
    double share;
    memset(aside, 0, (size_t)rows);
    if (mcd_number_real(text, &share) == MCD_NUMBER_OK)
        return choose_fraction(text, share, seed, rows, aside, e);
    return choose_listed(text, rows, aside, e);
}

int mcd_hold_out_full_name(const char *text, char **full, struct mcd_error *e)
{
    double share;
    if (!text || mcd_number_real(text, &share) != MCD_NUMBER_OK)
        return mcd_full_path(text, full, e);
    *full = strdup(text);
    return *full ? MCD_OK : mcd_fail(e, MCD_NOMEM, "--hold-out", "out of memory");
}

void mcd_hold_out_take(struct mcd_array *a, const unsigned char *aside, int mark)
{
    if (!a->data)
        return;
    int64_t kept = 0, rows = a->dim[0];
    size_t unit = (size_t)(mcd_array_count(a) / rows) * mcd_type_size(a->type);
    char *data = a->data;
    for (int64_t i = 0; i < rows; i++)
        if (aside[i] == mark)
            memmove(data + (size_t)kept++ * unit, data + (size_t)i * unit, unit);
    a->dim[0] = kept;
}
