/*
 * Figure 2: test errors against epoch. Runs that share a label are repetitions with other seeds:
 * their median is the curve, and from the best to the worst of them a translucent band.
 */
#include "core/base/error.h"
#include "core/base/number.h"
#include "core/figure/axis.h"
#include "core/figure/figure.h"
#include "core/figure/label.h"
#include "core/io/csv.h"
#include "core/io/place.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct point {
    double epoch, errors;
};

/* All runs of one label; after summarise, an epoch a point. */
struct curve {
    const char *label;
    size_t runs, points;
    struct point *point;
};

/* What the picture must show. */
struct view {
    double epochs, lowest, settled;
};

static int by_epoch(const void *a, const void *b)
{
    const struct point *p = a, *q = b;
    if (p->epoch != q->epoch)
        return p->epoch < q->epoch ? -1 : 1;
    return (p->errors > q->errors) - (p->errors < q->errors);
}

/* Adds a run to its curve. */
static int add_run(struct curve *c, const char *file, struct mcd_error *e)
{
    static const char *const columns[] = {"epoch", "test_errors", NULL};
    struct mcd_csv t;
    int status = mcd_csv_read(file, columns, &t, e);
    if (status)
        return status;
    size_t rows = (size_t)t.values.dim[0];
    struct point *point = realloc(c->point, (c->points + rows) * sizeof *point);
    if (point) {
        memcpy(point + c->points, t.values.data, rows * sizeof *point);
        c->point = point;
        c->points += rows;
        c->runs++;
    } else {
        status = mcd_fail(e, MCD_NOMEM, mcd_place_file(file).text, "no memory for the curve");
    }
    mcd_csv_clear(&t);
    return status;
}

/* The median of n sorted points. */
static double median(const struct point *p, size_t n)
{
    return (p[(n - 1) / 2].errors + p[n / 2].errors) / 2;
}

static void put_curve(struct mcd_drawing *d, const struct curve *c)
{
    mcd_drawing_put(d, "# %s, runs: %zu\n# epoch median lowest highest\n",
                    mcd_label_clean(c->label).text, c->runs);
    for (size_t i = 0, end; i < c->points; i = end) {
        for (end = i + 1; end < c->points && c->point[end].epoch == c->point[i].epoch;)
            end++;
        mcd_drawing_put(d, "%s %s %s %s\n", mcd_number_show(c->point[i].epoch).text,
                        mcd_number_show(median(c->point + i, end - i)).text,
                        mcd_number_show(c->point[i].errors).text,
                        mcd_number_show(c->point[end - 1].errors).text);
    }
    mcd_drawing_put(d, "\n\n");
}

/* Curves fall steeply at first: what the first tenth of the epochs shows need not be seen. */
static void widen(struct view *v, const struct curve *c)
{
    double epochs = c->point[c->points - 1].epoch, begin = epochs * 0.1;
    for (size_t i = 0; i < c->points; i++) {
        v->lowest = fmin(v->lowest, c->point[i].errors);
        if (c->point[i].epoch >= begin)
            v->settled = fmax(v->settled, c->point[i].errors);
    }
    v->epochs = fmax(v->epochs, epochs);
}

static void say_curves(struct mcd_drawing *d, const struct curve *curve, size_t curves)
{
    for (size_t i = 0; i < curves; i++)
        mcd_drawing_say(d, "label%zu = %s\n", i + 1,
                        mcd_label_quote(mcd_label_clean(curve[i].label).text).text);
    mcd_drawing_begin(d);
    mcd_drawing_say(d, "plot \\\n");
    for (size_t i = 0; i < curves; i++)
        if (curve[i].runs > 1)
            mcd_drawing_say(d,
                            "    data index %zu using 1:3:4 with filledcurves fillcolor rgb "
                            "colour(%zu) fillstyle transparent solid 0.2 notitle, \\\n",
                            i, i + 1);
    for (size_t i = 0; i < curves; i++)
        mcd_drawing_say(d,
                        "    data index %zu using 1:2 with lines linewidth 1.6 dashtype %zu "
                        "linecolor rgb colour(%zu) title label%zu%s\n",
                        i, i / 6 + 1, i + 1, i + 1, i + 1 < curves ? ", \\" : "");
}

static void say(struct mcd_drawing *d, const struct view *v, struct mcd_extent y)
{
    if (y.lo == y.hi)
        y = mcd_axis_around(fmax(0, v->lowest), v->settled);
    mcd_drawing_say(d,
                    "set xlabel 'epoch'\nset ylabel 'wrong test images'\n"
                    "set xrange [0:%s]\nset yrange [%.10g:%.10g]\nset key top right\n"
                    "set xtics %.10g\n",
                    mcd_number_show(fmax(v->epochs, 1)).text, y.lo, y.hi,
                    fmax(1, mcd_axis_step(0, v->epochs)));
}

/* Sorts runs into curves, in the order in which labels first occur. */
static int read_curves(const struct mcd_labelled *from, size_t files, struct curve *curve,
                       size_t *curves, struct mcd_error *e)
{
    int status = MCD_OK;
    for (size_t i = 0; i < files && !status; i++) {
        size_t c = 0;
        while (c < *curves && strcmp(curve[c].label, from[i].label) != 0)
            c++;
        if (c == *curves)
            curve[(*curves)++].label = from[i].label;
        status = add_run(&curve[c], from[i].file, e);
    }
    for (size_t c = 0; c < *curves && !status; c++)
        qsort(curve[c].point, curve[c].points, sizeof *curve[c].point, by_epoch);
    return status;
}

int mcd_figure_errors(struct mcd_drawing *d, const char *out, const struct mcd_labelled *from,
                      size_t files, struct mcd_extent y, struct mcd_error *e)
{
    size_t curves = 0;
    struct view view = {.lowest = INFINITY};
    struct curve *curve = calloc(files, sizeof *curve);
    int status = curve ? read_curves(from, files, curve, &curves, e)
                       : mcd_fail(e, MCD_NOMEM, "plot", "no memory for the curves");
    if (!status) {
        mcd_drawing_open(d, out, "Test errors against epoch", 800, 450);
        mcd_drawing_data(d, NULL);
        for (size_t c = 0; c < curves; c++) {
            put_curve(d, &curve[c]);
            widen(&view, &curve[c]);
        }
        say(d, &view, y);
        say_curves(d, curve, curves);
        status = mcd_drawing_finish(d, e);
    }
    for (size_t c = 0; curve && c < curves; c++)
        free(curve[c].point);
    free(curve);
    return status;
}
