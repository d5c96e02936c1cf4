/* The CO2 series: a straight line taken off, and both axes in standard deviations. */
#include "core/io/co2.h"

#include "core/error.h"
#include "core/io/csv.h"
#include "core/io/place.h"

#include <math.h>

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

int mcd_co2_read(const char *path, struct mcd_array *x, struct mcd_array *y, struct mcd_error *e)
{
    static const char *const columns[] = {"ppm", NULL};
    struct mcd_csv t;
    int status = mcd_csv_read(path, columns, &t, e);
    if (status)
        return status;
    int64_t n = t.values.dim[0];
    status = mcd_array_create(x, MCD_F64, 2, (int64_t[]){n, 1}, e);
    if (!status)
        status = mcd_array_create(y, MCD_F64, 2, (int64_t[]){n, 1}, e);
    if (!status)
        status = mcd_co2_process(t.values.data, (size_t)n, x->data, y->data, NULL, path, e);
    mcd_csv_clear(&t);
    if (status) {
        mcd_array_clear(x);
        mcd_array_clear(y);
    }
    return status;
}
