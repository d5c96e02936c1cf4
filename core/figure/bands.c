/*
 * Figure 7: regressions over the series and beyond its end. The light band is two standard
 * deviations of what would be measured, the dark one of what the model does not know (epistemic).
 */
#include "core/base/error.h"
#include "core/base/number.h"
#include "core/figure/figure.h"
#include "core/figure/label.h"
#include "core/figure/record.h"
#include "core/figure/series.h"
#include "core/io/place.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { MEAN, STD, TOTAL, COLUMNS };

/* A panel's numbers: [points] each. */
struct panel {
    double *column[COLUMNS], *room;
    int has_std, has_total;
};

/* A network's predictions know the noise for all rows; a process has a sum for each. */
static int read_total(struct panel *p, const json_t *json, const char *path, int64_t points,
                      struct mcd_error *e)
{
    const json_t *noise = json_object_get(json, "noise_std");
    double sd;
    int status =
        mcd_record_column(json, path, "total_std", points, 1, &p->has_total, p->column[TOTAL], e);
    if (status || p->has_total || !noise)
        return status;
    p->has_total = 1;
    status = mcd_record_real(json_is_array(noise) ? json_array_get(noise, 0) : noise, path,
                             "noise_std", &sd, e);
    for (int64_t i = 0; i < points; i++)
        p->column[TOTAL][i] = hypot(p->column[STD][i], sd);
    return status;
}

/* Without passes there is weight averaging alone. */
static int read_members(struct panel *p, const json_t *json, const char *path, int64_t points,
                        struct mcd_error *e)
{
    int averaging = !json_object_get(json, "output_mean") && json_object_get(json, "deterministic");
    int status = mcd_record_column(json, path, averaging ? "deterministic" : "output_mean", points,
                                   0, NULL, p->column[MEAN], e);
    if (status || averaging)
        return status;
    status = mcd_record_column(json, path, "output_std", points, 0, &p->has_std, p->column[STD], e);
    return status ? status : read_total(p, json, path, points, e);
}

static int read_panel(struct panel *p, const char *path, int64_t points, struct mcd_error *e)
{
    json_t *json;
    int status = mcd_record_read(path, &json, e);
    if (!status)
        status = read_members(p, json, path, points, e);
    json_decref(json);
    return status;
}

static void put_series(struct mcd_drawing *d, const struct mcd_co2 *c)
{
    mcd_drawing_put(d, "# the series: x y\n");
    for (int64_t i = 0; i < c->rows; i++)
        mcd_drawing_put(d, "%s %s\n", mcd_number_show(c->x[i]).text, mcd_number_show(c->y[i]).text);
}

static void put_panel(struct mcd_drawing *d, const struct mcd_bands_request *r,
                      const struct panel *p, const char *label)
{
    mcd_drawing_put(d, "\n\n# %s\n# x mean%s%s\n", mcd_label_clean(label).text,
                    p->has_std ? " epistemic_sd" : "", p->has_total ? " total_sd" : "");
    for (int64_t i = 0; i < r->points; i++) {
        double x = r->first + (double)i * r->step;
        mcd_drawing_put(d, "%.10g %s", x, mcd_number_show(p->column[MEAN][i]).text);
        if (p->has_std)
            mcd_drawing_put(d, " %s", mcd_number_show(p->column[STD][i]).text);
        if (p->has_total)
            mcd_drawing_put(d, " %s", mcd_number_show(p->column[TOTAL][i]).text);
        mcd_drawing_put(d, "\n");
    }
}

enum { MOST_PANELS = 24 };

/* Pixels: of a panel, between panels, and around them; the key is above. */
enum { TALL = 205, APART_X = 50, APART_Y = 74, LEFT = 74, RIGHT = 12, ABOVE = 84, BELOW = 66 };

/* What is drawn, once for the key: `keyentry` takes the style, `plot` the data before it. */
static const char light[] = "with filledcurves fillcolor rgb colour(1) fillstyle transparent solid "
                            "0.18";
static const char dark[] = "with filledcurves fillcolor rgb colour(1) fillstyle transparent solid "
                           "0.35";
static const char dots[] = "with points pointtype 7 pointsize 0.2 linecolor rgb ink";
static const char mean[] = "with lines linewidth 1.5 linecolor rgb colour(1)";
static const char average[] = "with lines linewidth 1.5 linecolor rgb colour(2)";

static void say_key(struct mcd_drawing *d, const struct panel *panel, size_t panels)
{
    int any_total = 0, any_std = 0, any_average = 0;
    for (size_t i = 0; i < panels; i++) {
        any_total |= panel[i].has_total;
        any_std |= panel[i].has_std;
        any_average |= !panel[i].has_std;
    }
    mcd_drawing_say(d, "    NaN notitle, \\\n    keyentry %s title 'data'", dots);
    if (any_std)
        mcd_drawing_say(d,
                        ", \\\n    keyentry %s title 'mean', \\\n    keyentry %s title "
                        "'±2 sd, epistemic'",
                        mean, dark);
    if (any_total)
        mcd_drawing_say(d, ", \\\n    keyentry %s title '±2 sd, with noise'", light);
    if (any_average)
        mcd_drawing_say(d, ", \\\n    keyentry %s title 'weight averaging'", average);
}

static void say_panel(struct mcd_drawing *d, size_t i, size_t panels, const struct panel *p)
{
    mcd_drawing_say(d, "set title label%zu\nset ylabel '%s'\nset xlabel '%s'\nplot \\\n", i + 1,
                    i % 2 ? "" : "y: CO₂ without trend (sd)", i + 2 < panels ? "" : "x: time (sd)");
    if (p->has_total)
        mcd_drawing_say(d,
                        "    data index %zu using 1:($2 - 2 * $4):($2 + 2 * $4) %s notitle, \\\n",
                        i + 1, light);
    if (p->has_std)
        mcd_drawing_say(d,
                        "    data index %zu using 1:($2 - 2 * $3):($2 + 2 * $3) %s notitle, \\\n",
                        i + 1, dark);
    mcd_drawing_say(d,
                    "    data index 0 using 1:2 %s notitle, \\\n"
                    "    data index %zu using 1:2 %s notitle\n",
                    dots, i + 1, p->has_std ? mean : average);
}

static void say_frame(struct mcd_drawing *d, const struct mcd_bands_request *r, double end)
{
    double last = r->first + (double)(r->points - 1) * r->step;
    struct mcd_extent y = r->y.lo == r->y.hi ? (struct mcd_extent){-20, 20} : r->y;
    mcd_drawing_say(d,
                    "set xrange [%.10g:%.10g]\nset yrange [%s:%s]\n"
                    "end = %s # of the data\n"
                    "set title offset 0, -0.5\n",
                    fmin(r->first, last), fmax(r->first, last), mcd_number_show(y.lo).text,
                    mcd_number_show(y.hi).text, mcd_number_show(end).text);
    for (size_t i = 0; i < r->files; i++)
        mcd_drawing_say(d, "label%zu = %s\n", i + 1,
                        mcd_label_quote(mcd_label_clean(r->from[i].label).text).text);
}

/* Panels go by rows of two. */
static void say_place(struct mcd_drawing *d, size_t i, size_t panels)
{
    double wide = panels > 1 ? (d->width - LEFT - RIGHT - APART_X) / 2.0 : d->width - LEFT - RIGHT;
    double left = LEFT + (double)(i % 2) * (wide + APART_X);
    double top = ABOVE + (double)(i / 2) * (TALL + APART_Y);
    mcd_drawing_place(d, left, top, wide, TALL);
}

/* The key is a plot of its own above the others: only there is it laid out in rows. */
static void say(struct mcd_drawing *d, const struct mcd_bands_request *r, const struct panel *panel,
                double end)
{
    say_frame(d, r, end);
    mcd_drawing_begin(d);
    mcd_drawing_say(
        d,
        "set multiplot\nset key center center horizontal maxrows 2\n"
        "set lmargin at screen 0\nset rmargin at screen 1\n"
        "set tmargin at screen 1\nset bmargin at screen %.4f\n"
        "unset border\nunset xtics\nunset ytics\nunset arrow\nunset grid\nset xlabel ''\n"
        "set ylabel ''\nset title ''\nplot \\\n",
        1 - 46.0 / d->height);
    say_key(d, panel, r->files);
    mcd_drawing_say(
        d,
        "\nunset key\nset border 3\nset xtics out nomirror\nset ytics 10 out nomirror\nset grid\n"
        "set arrow 1 from end, graph 0 to end, graph 1 nohead "
        "dashtype 2 linewidth 1 linecolor rgb ink\n");
    for (size_t i = 0; i < r->files; i++) {
        say_place(d, i, r->files);
        say_panel(d, i, r->files, &panel[i]);
    }
    mcd_drawing_say(d, "unset multiplot\n");
}

static int read_panels(struct panel *panel, const struct mcd_bands_request *r, struct mcd_error *e)
{
    int status = MCD_OK;
    if (r->points < 2)
        return mcd_fail(e, MCD_INVALID, "--grid", "one input: expected at least two");
    if (r->files > MOST_PANELS)
        return mcd_fail(e, MCD_INVALID, "plot", "%zu panels: expected at most %d", r->files,
                        (int)MOST_PANELS);
    for (size_t i = 0; i < r->files && !status; i++) {
        struct panel *p = &panel[i];
        if (!(p->room = calloc((size_t)r->points * COLUMNS, sizeof *p->room)))
            return mcd_fail(e, MCD_NOMEM, "plot", "no memory for the panels");
        for (int k = 0; k < COLUMNS; k++)
            p->column[k] = p->room + (int64_t)k * r->points;
        status = read_panel(p, r->from[i].file, r->points, e);
    }
    return status;
}

static int draw(struct mcd_drawing *d, const char *out, const struct mcd_bands_request *r,
                const struct panel *panel, struct mcd_error *e)
{
    struct mcd_co2 series;
    int status = mcd_series_load(&series, r->data, e);
    if (status)
        return status;
    mcd_drawing_open(d, out, "Predictions over the series and beyond its end", 800,
                     ABOVE + (TALL + APART_Y) * (int)((r->files + 1) / 2) - APART_Y + BELOW);
    mcd_drawing_data(d, NULL);
    put_series(d, &series);
    for (size_t i = 0; i < r->files; i++)
        put_panel(d, r, &panel[i], r->from[i].label);
    say(d, r, panel, series.x[series.rows - 1]);
    mcd_co2_clear(&series);
    return mcd_drawing_finish(d, e);
}

int mcd_figure_bands(struct mcd_drawing *d, const char *out, const struct mcd_bands_request *r,
                     struct mcd_error *e)
{
    struct panel *panel = calloc(r->files, sizeof *panel);
    if (!panel)
        return mcd_fail(e, MCD_NOMEM, "plot", "no memory for the panels");
    int status = read_panels(panel, r, e);
    if (!status)
        status = draw(d, out, r, panel, e);
    for (size_t i = 0; i < r->files; i++)
        free(panel[i].room);
    free(panel);
    return status;
}
