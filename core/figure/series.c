/* Figure 5: the CO2 series, in parts per million and without its trend. */
#include "core/figure/series.h"
#include "core/base/error.h"
#include "core/base/number.h"
#include "core/figure/figure.h"
#include "core/io/place.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int mcd_series_load(struct mcd_co2 *c, const char *data, struct mcd_error *e)
{
    char *found = NULL;
    *c = (struct mcd_co2){0};
    if (strcmp(data, "co2") != 0)
        return mcd_co2_load(c, data, e);
    int status = mcd_co2_find(&found, e);
    if (!status && !found)
        status = mcd_fail(e, MCD_IO, "co2",
                          "the series co2.csv was not found: expected it in a "
                          "folder of MCDROP_DATA_PATH or where mcdrop is "
                          "installed");
    if (!status)
        status = mcd_co2_load(c, found, e);
    free(found);
    return status;
}

/* "1958-03" in years; the measurement stands for the month's middle. */
static double year_of(const char *month)
{
    return atoi(month) + (atoi(month + 5) - 0.5) / 12;
}

static void put(struct mcd_drawing *d, const struct mcd_co2 *c)
{
    mcd_drawing_put(d, "# CO2 in the air at Mauna Loa\n"
                       "# year ppm x y: x is time and y what a straight line leaves of ppm, each "
                       "in standard deviations\n");
    for (int64_t i = 0; i < c->rows; i++)
        mcd_drawing_put(d, "%.4f %s %s %s\n", year_of(c->month[i]), mcd_number_show(c->ppm[i]).text,
                        mcd_number_show(c->x[i]).text, mcd_number_show(c->y[i]).text);
}

int mcd_figure_series(struct mcd_drawing *d, const char *out, const char *data, struct mcd_error *e)
{
    struct mcd_co2 c;
    int status = mcd_series_load(&c, data, e);
    if (status)
        return status;
    mcd_drawing_open(d, out, "The CO2 series", 800, 460);
    mcd_drawing_data(d, NULL);
    put(d, &c);
    mcd_drawing_say(d, "set lmargin 9\nset rmargin 2\nunset key\nset xrange [*:*] noextend\n");
    mcd_drawing_begin(d);
    mcd_drawing_say(d, "set multiplot layout 2, 1\n"
                       "set xlabel 'year'\nset ylabel 'CO₂ (ppm)'\nset ytics 10\n"
                       "plot data using 1:2 with lines linewidth 1.2 linecolor rgb colour(1)\n"
                       "set xlabel 'x: time (standard deviations)'\n"
                       "set ylabel 'y: CO₂ without trend (sd)'\nset ytics 1\n"
                       "plot data using 3:4 with lines linewidth 1.2 linecolor rgb colour(1)\n"
                       "unset multiplot\n");
    status = mcd_drawing_finish(d, e);
    mcd_co2_clear(&c);
    return status;
}
