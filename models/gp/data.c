/* Distances between inputs, and whether these are evenly spaced. */
#include "data.h"

#include <math.h>

static double largest_deviation(int64_t n, const double *x, double spacing)
{
    double largest = 0;
    for (int64_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(x[i] - x[0] - (double)i * spacing));
    return largest / fabs(spacing);
}

struct mcd_gp_data mcd_gp_data(int64_t rows, int64_t columns, const double *x, const double *y,
                               double tolerance)
{
    struct mcd_gp_data d = {rows, columns, x, y, 0, INFINITY};
    if (columns != 1 || rows < 3)
        return d;
    double spacing = (x[rows - 1] - x[0]) / (double)(rows - 1);
    if (spacing == 0)
        return d;
    d.deviation = largest_deviation(rows, x, spacing);
    if (tolerance > 0 && d.deviation <= tolerance)
        d.spacing = spacing;
    return d;
}

void mcd_gp_distances(int64_t rows, int64_t columns, const double *x, const double *point,
                      double *out)
{
    for (int64_t i = 0; i < rows; i++) {
        double sum = 0;
        for (int64_t c = 0; c < columns; c++) {
            double step = x[i * columns + c] - point[c];
            sum += step * step;
        }
        out[i] = columns == 1 ? fabs(x[i] - point[0]) : sqrt(sum);
    }
}
