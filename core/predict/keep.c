/* Keeping the samples: every pass of some rows is one run of values in the file. */
#include "core/predict/keep.h"

#include "core/base/error.h"
#include "core/stats/meaning.h"

#include <mcdrop/tensor.h>

#include <stdlib.h>

int mcd_keep_create(struct mcd_keep *k, const char *path, uint32_t type, uint64_t first_pass,
                    uint64_t passes, int64_t rows, int64_t outputs, struct mcd_error *e)
{
    const int64_t dim[] = {(int64_t)passes, rows, outputs};
    *k = (struct mcd_keep){
        .first_pass = first_pass, .rows = rows, .outputs = outputs, .unit = mcd_type_size(type)};
    return mcd_npy_create(&k->writer, path, type, 3, dim, e);
}

/* One pass of consecutive rows in the user's units; `to` has room for it. */
static void convert(const struct mcd_keep *k, const void *from, int64_t count, void *to)
{
    const double *offset = k->meaning->offset, *scale = k->meaning->scale;
    for (int64_t i = 0; i < count; i++) {
        int64_t output = i % k->outputs;
        if (k->unit == sizeof(double))
            ((double *)to)[i] = offset[output] + scale[output] * ((const double *)from)[i];
        else
            ((float *)to)[i] =
                (float)(offset[output] + scale[output] * (double)((const float *)from)[i]);
    }
}

int mcd_keep_samples(void *keep, const struct mcd_block *b, struct mcd_error *e)
{
    struct mcd_keep *k = keep;
    int64_t count = b->rows * k->outputs;
    void *own = k->meaning ? malloc((size_t)count * k->unit) : NULL;
    int status = MCD_OK;
    if (k->meaning && !own)
        return mcd_fail(e, MCD_NOMEM, "samples", "no memory for a pass in other units");
    for (uint64_t i = 0; status == MCD_OK && i < b->passes; i++) {
        int64_t pass = (int64_t)(b->first_pass + i - k->first_pass);
        int64_t first = (pass * k->rows + b->first_row) * k->outputs;
        const char *from = (const char *)b->samples + i * (size_t)count * k->unit;
        if (own)
            convert(k, from, count, own);
        status = mcd_npy_put(&k->writer, first, count, own ? own : from, e);
    }
    free(own);
    return status;
}

int mcd_keep_finish(struct mcd_keep *k, uint64_t passes, struct mcd_error *e)
{
    int status = mcd_npy_shorten(&k->writer, (int64_t)passes, e);
    if (status == MCD_OK)
        status = mcd_npy_finish(&k->writer, e);
    mcd_keep_abort(k);
    return status;
}

void mcd_keep_abort(struct mcd_keep *k)
{
    mcd_npy_abort(&k->writer);
}
