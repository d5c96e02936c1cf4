/* Reading and writing the elements of a tensor as doubles, whichever type the backend stores. */
#ifndef REFERENCE_REALS_H
#define REFERENCE_REALS_H

#include <mcdrop/backend.h>

struct reals {
    void *at;
    int wide; /* f64, else f32 */
};

static inline double get(struct reals r, int64_t i)
{
    return r.wide ? ((const double *)r.at)[i] : (double)((const float *)r.at)[i];
}

static inline void put(struct reals r, int64_t i, double value)
{
    if (r.wide)
        ((double *)r.at)[i] = value;
    else
        ((float *)r.at)[i] = (float)value;
}

/* Elements of the view from `first` on. */
static inline struct reals reals_from(const struct mcd_tensor *t, int64_t first)
{
    char *at = mcd_host_pointer(t);
    struct reals r = {at + first * (int64_t)mcd_type_size(t->type), t->type == MCD_F64};
    return r;
}

static inline struct reals reals_of(const struct mcd_tensor *t)
{
    return reals_from(t, 0);
}

/*
 * What virtual row v reads: its own row, the row of its input where all passes share the rows, or
 * the one value of a tensor without rows.
 */
static inline struct reals row_of(const struct mcd_tensor *t, int64_t v)
{
    return reals_from(t, t->rows ? v % t->rows * mcd_shape_count(&t->shape) : 0);
}

/* Rows, counting a tensor without them as one. */
static inline int64_t rows_of(const struct mcd_tensor *t)
{
    return t->rows ? t->rows : 1;
}

#endif
