/* Keeping the samples: every pass of some rows is one run of values in the file. */
#include "core/predict/sample_file.h"

#include "core/base/error.h"
#include "core/stats/meaning.h"

#include <mcdrop/tensor.h>

#include <stdlib.h>

int mcd_sample_file_create(struct mcd_sample_file *f, const char *path, uint32_t type,
                           uint64_t first_pass, uint64_t passes, int64_t rows, int64_t outputs,
                           struct mcd_error *e)
{
    const int64_t dim[] = {(int64_t)passes, rows, outputs};
    *f = (struct mcd_sample_file){
        .first_pass = first_pass, .rows = rows, .outputs = outputs, .unit = mcd_type_size(type)};
    return mcd_npy_create(&f->writer, path, type, 3, dim, e);
}

/* One pass of consecutive rows in the user's units; `to` has room for it. */
static void convert(const struct mcd_sample_file *f, const void *from, int64_t count, void *to)
{
    const double *offset = f->meaning->offset, *scale = f->meaning->scale;
    for (int64_t i = 0; i < count; i++) {
        int64_t output = i % f->outputs;
        if (f->unit == sizeof(double))
            ((double *)to)[i] = offset[output] + scale[output] * ((const double *)from)[i];
        else
            ((float *)to)[i] =
                (float)(offset[output] + scale[output] * (double)((const float *)from)[i]);
    }
}

int mcd_sample_file_put(void *file, const struct mcd_block *b, struct mcd_error *e)
{
    struct mcd_sample_file *f = file;
    int64_t count = b->rows * f->outputs;
    void *own = f->meaning ? malloc((size_t)count * f->unit) : NULL;
    int status = MCD_OK;
    if (f->meaning && !own)
        return mcd_fail(e, MCD_NOMEM, "samples", "no memory for a pass in other units");
    for (uint64_t i = 0; status == MCD_OK && i < b->passes; i++) {
        int64_t pass = (int64_t)(b->first_pass + i - f->first_pass);
        int64_t first = (pass * f->rows + b->first_row) * f->outputs;
        const char *from = (const char *)b->samples + i * (size_t)count * f->unit;
        if (own)
            convert(f, from, count, own);
        status = mcd_npy_put(&f->writer, first, count, own ? own : from, e);
    }
    free(own);
    return status;
}

int mcd_sample_file_finish(struct mcd_sample_file *f, uint64_t passes, struct mcd_error *e)
{
    int status = mcd_npy_shorten(&f->writer, (int64_t)passes, e);
    if (status == MCD_OK)
        status = mcd_npy_finish(&f->writer, e);
    mcd_sample_file_abort(f);
    return status;
}

void mcd_sample_file_abort(struct mcd_sample_file *f)
{
    mcd_npy_abort(&f->writer);
}
