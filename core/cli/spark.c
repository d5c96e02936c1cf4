/* From numbers to heights, from heights to characters. */
#include "core/cli/spark.h"

#include <math.h>
#include <stdio.h>

enum { HEIGHTS = 8, LOG_FROM = 10 };

/* The finite ones of a series. */
struct range {
    double least, most;
    int is_log;
};

static struct range range_of(const double *value, size_t count)
{
    struct range r = {HUGE_VAL, -HUGE_VAL, 0};
    for (size_t i = 0; i < count; i++)
        if (isfinite(value[i])) {
            r.least = fmin(r.least, value[i]);
            r.most = fmax(r.most, value[i]);
        }
    r.is_log = r.least > 0 && r.most / LOG_FROM > r.least;
    return r;
}

/*
 * 0 for the least to 1 for the largest. Halves, because a difference may exceed what a double can.
 */
static double height_of(const struct range *r, double x)
{
    if (!(r->most > r->least))
        return 0.5;
    if (r->is_log)
        return (log(x) - log(r->least)) / (log(r->most) - log(r->least));
    return (x / 2 - r->least / 2) / (r->most / 2 - r->least / 2);
}

/* The mean height of value[from .. to - 1]; NaN where none is finite. */
static double mean_height(const struct range *r, const double *value, size_t from, size_t to)
{
    double sum = 0;
    int finite = 0;
    for (size_t i = from; i < to; i++)
        if (isfinite(value[i])) {
            sum += height_of(r, value[i]);
            finite++;
        }
    return sum / finite;
}

static const char *character(double height, int utf8)
{
    static const char *const block[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const mark[] = {".", ":", "-", "=", "+", "*", "#", "@"};
    if (isnan(height))
        return " ";
    int i = (int)(height * HEIGHTS);
    i = i < HEIGHTS ? i : HEIGHTS - 1;
    return utf8 ? block[i] : mark[i];
}

struct mcd_spark mcd_spark(const double *value, size_t count, int columns, int utf8)
{
    struct range r = range_of(value, count);
    struct mcd_spark s = {.is_log = r.is_log};
    size_t width = columns < 1                   ? 0
                   : columns < MCD_SPARK_COLUMNS ? (size_t)columns
                                                 : MCD_SPARK_COLUMNS;
    int used = 0;
    width = count < width ? count : width;
    for (size_t i = 0; i < width; i++) {
        double height = mean_height(&r, value, i * count / width, (i + 1) * count / width);
        used +=
            snprintf(s.text + used, sizeof s.text - (size_t)used, "%s", character(height, utf8));
    }
    return s;
}
