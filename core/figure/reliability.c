/*
 * The reliability diagram: a classifier's accuracy against its confidence, in bins, and below how
 * many rows each bin holds. Error bars are Wilson's interval of 95 %, which a bin with few rows,
 * all right or all wrong, needs. The accuracy of bins with hardly any rows is not drawn: curves
 * that jump from 0 to 1 hide those that say something. Their rows are, and the data has all.
 */
#include "core/base/error.h"
#include "core/base/number.h"
#include "core/figure/figure.h"
#include "core/figure/label.h"
#include "core/figure/record.h"
#include "core/io/place.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A curve: one way of predicting, of one file. */
struct curve {
    struct mcd_label label;
    json_t *bins;        /* borrowed from the record */
    double ece, rows;    /* calibration error; rows in all bins */
    size_t colour, dash; /* as gnuplot counts them */
};

/* Both ways, weight averaging first; a file may lack either. */
static const char *const ways[] = {"weight_averaging", "monte_carlo"};
static const char *const names[] = {"averaging", "Monte Carlo"};

enum { WAYS = 2 };

/* Of all rows, in a bin whose accuracy is drawn. */
static const double LEAST_SHARE = 1 / 400.0;

/* Pixels: of the panels, of a line of the key, and around them. */
enum { TALL = 350, LOW = 110, KEY_LINE = 24, ABOVE = 20, BETWEEN = 26, BELOW = 62, LEFT = 84 };

static int fail_place(const char *path, const char *way, const char *what, struct mcd_error *e)
{
    char place[60];
    snprintf(place, sizeof place, "scores.%s", way);
    return mcd_fail(e, MCD_INVALID, mcd_place_item(path, place).text,
                    "%s: expected the scores of a classifier, as mcdrop evaluate --format json "
                    "prints them",
                    what);
}

static int read_curve(const struct mcd_labelled *from, const json_t *scores, int way,
                      struct curve *c, struct mcd_error *e)
{
    const json_t *set = json_object_get(scores, ways[way]);
    const char *path = from->file;
    c->bins = json_object_get(set, "ece_bins");
    if (!json_is_array(c->bins) || json_array_size(c->bins) == 0)
        return fail_place(path, ways[way], "no ece_bins", e);
    snprintf(c->label.text, sizeof c->label.text, "%.120s, %s", mcd_label_clean(from->label).text,
             names[way]);
    c->label = mcd_label_clean(c->label.text);
    return mcd_record_real(json_object_get(json_object_get(set, "ece"), "value"), path, "ece",
                           &c->ece, e);
}

static int read_curves(const struct mcd_labelled *from, const json_t *record, struct curve *curve,
                       size_t *curves, struct mcd_error *e)
{
    const json_t *scores = json_object_get(record, "scores");
    int status = MCD_OK;
    size_t before = *curves;
    for (int way = 0; way < WAYS && !status; way++)
        if (json_object_get(scores, ways[way]))
            status = read_curve(from, scores, way, &curve[(*curves)++], e);
    if (!status && *curves == before)
        return fail_place(from->file, ways[1], "no scores", e);
    return status;
}

/* Wilson's interval for a share p of n: where it lies 1.96 standard errors from the observed. */
static void find_interval(double p, double n, double *lo, double *hi)
{
    double z = 1.959963984540054, shrink = 1 + z * z / n, middle = (p + z * z / (2 * n)) / shrink;
    double half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / shrink;
    *lo = fmax(0, middle - half);
    *hi = fmin(1, middle + half);
}

/* A bin's line; bins without rows have no accuracy. */
static int put_bin(struct mcd_drawing *d, const json_t *bin, const char *path, double *rows,
                   struct mcd_error *e)
{
    static const char *const keys[] = {"from", "to", "count", "confidence", "accuracy"};
    double x[5], lo, hi;
    for (int i = 0; i < 5; i++) {
        char place[40];
        snprintf(place, sizeof place, "ece_bins.%s", keys[i]);
        int status = mcd_record_real(json_object_get(bin, keys[i]), path, place, &x[i], e);
        if (status)
            return status;
    }
    *rows += x[2] > 0 ? x[2] : 0;
    if (!(x[2] > 0))
        return MCD_OK;
    if (!(x[4] >= 0 && x[4] <= 1 && x[0] < x[1]))
        return mcd_fail(e, MCD_INVALID, mcd_place_item(path, "ece_bins").text,
                        "a bin from %g to %g with accuracy %g: expected a share of 0 to 1", x[0],
                        x[1], x[4]);
    find_interval(x[4], x[2], &lo, &hi);
    mcd_drawing_put(d, "%s %s %s %s %s %.6f %.6f\n", mcd_number_show(x[0]).text,
                    mcd_number_show(x[1]).text, mcd_number_show(x[2]).text,
                    mcd_number_show(x[3]).text, mcd_number_show(x[4]).text, lo, hi);
    return MCD_OK;
}

static int put_curve(struct mcd_drawing *d, struct curve *c, const char *path, struct mcd_error *e)
{
    int status = MCD_OK;
    mcd_drawing_put(d,
                    "# %s, calibration error (ECE) %s\n# from to rows confidence accuracy "
                    "low high\n",
                    c->label.text, mcd_number_show(c->ece).text);
    for (size_t i = 0; i < json_array_size(c->bins) && !status; i++)
        status = put_bin(d, json_array_get(c->bins, i), path, &c->rows, e);
    if (!status && !(c->rows > 0))
        status = mcd_fail(e, MCD_INVALID, mcd_place_item(path, "ece_bins").text,
                          "no bin holds rows: expected the scores of a classifier");
    mcd_drawing_put(d, "\n\n");
    return status;
}

/* By file, dashed where it is averaging; of a single file each way has a colour of its own. */
static void choose_looks(struct curve *curve, size_t curves, const char *const *path)
{
    size_t files = 0;
    for (size_t i = 0; i < curves; i++) {
        int averaging = i + 1 < curves && path[i + 1] == path[i];
        files += i == 0 || path[i] != path[i - 1];
        curve[i].colour = files;
        curve[i].dash = averaging ? 2 : 1;
    }
    for (size_t i = 0; i < curves && files == 1; i++)
        curve[i].colour = i + 1, curve[i].dash = 1;
}

/* Lines of the key: in two columns where gnuplot has room for them. */
static int key_lines(const struct curve *curve, size_t curves)
{
    enum { FITS = 26 };
    for (size_t i = 0; i < curves; i++)
        if (strlen(curve[i].label.text) > FITS)
            return (int)curves + 1;
    return (int)(curves + 2) / 2;
}

/* A plot of its own, so that no curve runs through it. */
static void say_key(struct mcd_drawing *d, const struct curve *curve, size_t curves)
{
    int lines = key_lines(curve, curves);
    mcd_drawing_place(d, 0, 4, d->width, lines * KEY_LINE);
    mcd_drawing_say(
        d,
        "set yrange [0:1]\nunset border\nunset xtics\nunset ytics\nunset grid\nset xlabel ''\n"
        "set ylabel ''\nset key center center %s %d samplen 3\n"
        "plot NaN notitle, \\\n    keyentry with lines dashtype 3 linewidth 1 "
        "linecolor rgb ink title 'accuracy = confidence'",
        lines > (int)curves ? "vertical maxcols" : "horizontal maxrows",
        lines > (int)curves ? 1 : lines);
    for (size_t i = 0; i < curves; i++)
        mcd_drawing_say(d,
                        ", \\\n    keyentry with lines linewidth 1.5 dashtype %zu linecolor rgb "
                        "colour(%zu) title label%zu.' (ECE '.ece%zu.')'",
                        curve[i].dash, curve[i].colour, i + 1, i + 1);
    mcd_drawing_say(d, "\nunset key\nset border 3\nset xtics 0.2 out nomirror\nset grid\n");
}

static void say_accuracy(struct mcd_drawing *d, const struct curve *curve, size_t curves)
{
    mcd_drawing_place(d, LEFT, key_lines(curve, curves) * KEY_LINE + ABOVE, d->width - LEFT - 24,
                      TALL);
    mcd_drawing_say(d, "set ytics 0.2 out nomirror\nset format x ''\n"
                       "set format y '%%g'\nset ylabel 'accuracy (bars: 95 %%)'\n"
                       "plot x with lines dashtype 3 linewidth 1 linecolor rgb ink notitle");
    for (size_t i = 0; i < curves; i++)
        mcd_drawing_say(
            d,
            ", \\\n    data index %zu using (seen%zu($3, $4)):6:(0):($7 - $6) with vectors nohead "
            "linewidth 1 linecolor rgb colour(%zu) notitle, \\\n"
            "    data index %zu using (seen%zu($3, $4)):5 with points pointtype 7 pointsize 0.5 "
            "linecolor rgb colour(%zu) notitle, \\\n"
            "    data index %zu using (seen%zu($3, $4)):5 with lines linewidth 1.5 dashtype %zu "
            "linecolor rgb colour(%zu) notitle",
            i, i + 1, curve[i].colour, i, i + 1, curve[i].colour, i, i + 1, curve[i].dash,
            curve[i].colour);
    mcd_drawing_say(d, "\n");
}

/* Filled where the fillings of two curves can be told apart. */
static void say_rows(struct mcd_drawing *d, const struct curve *curve, size_t curves)
{
    mcd_drawing_place(d, LEFT, key_lines(curve, curves) * KEY_LINE + ABOVE + TALL + BETWEEN,
                      d->width - LEFT - 24, LOW);
    mcd_drawing_say(d, "set format x '%%g'\nset xlabel 'confidence'\nset ylabel 'rows'\n"
                       "set yrange [0.7:*]\nset logscale y\nset ytics 1, 10\nplot \\\n");
    for (size_t i = 0; i < curves && curves <= 2; i++)
        mcd_drawing_say(d,
                        "    data index %zu using 1:3:1:2:(0.7):3 with boxxyerror fillcolor rgb "
                        "colour(%zu) fillstyle transparent solid 0.15 notitle, \\\n",
                        i, curve[i].colour);
    for (size_t i = 0; i < curves; i++)
        mcd_drawing_say(d,
                        "%s    data index %zu using 1:3:($2 - $1):(0) with vectors nohead "
                        "linewidth 1.8 dashtype %zu linecolor rgb colour(%zu) notitle",
                        i ? ", \\\n" : "", i, curve[i].dash, curve[i].colour);
    mcd_drawing_say(d, "\nunset logscale y\n");
}

static void say(struct mcd_drawing *d, const struct curve *curve, size_t curves)
{
    for (size_t i = 0; i < curves; i++)
        mcd_drawing_say(d,
                        "label%zu = %s\nece%zu = '%.4f'\n"
                        "seen%zu(rows, x) = rows >= %g ? x : NaN\n",
                        i + 1, mcd_label_quote(curve[i].label.text).text, i + 1, curve[i].ece,
                        i + 1, curve[i].rows * LEAST_SHARE);
    mcd_drawing_say(d, "set xrange [0:1]\n");
    mcd_drawing_begin(d);
    mcd_drawing_say(d, "set multiplot\n");
    say_key(d, curve, curves);
    say_accuracy(d, curve, curves);
    say_rows(d, curve, curves);
    mcd_drawing_say(d, "unset multiplot\n");
}

static int draw(struct mcd_drawing *d, const char *out, struct curve *curve,
                const char *const *path, size_t curves, struct mcd_error *e)
{
    int status = MCD_OK;
    mcd_drawing_open(d, out, "Reliability: accuracy against confidence", 800,
                     key_lines(curve, curves) * KEY_LINE + ABOVE + TALL + BETWEEN + LOW + BELOW);
    mcd_drawing_data(d, NULL);
    for (size_t i = 0; i < curves && !status; i++)
        status = put_curve(d, &curve[i], path[i], e);
    if (status)
        return status;
    choose_looks(curve, curves, path);
    say(d, curve, curves);
    return mcd_drawing_finish(d, e);
}

int mcd_figure_reliability(struct mcd_drawing *d, const char *out, const struct mcd_labelled *from,
                           size_t files, struct mcd_error *e)
{
    json_t **record = calloc(files, sizeof(json_t *));
    struct curve *curve = calloc(WAYS * files, sizeof *curve);
    const char **path = calloc(WAYS * files, sizeof *path);
    size_t curves = 0;
    int status = MCD_OK;
    if (!record || !curve || !path)
        status = mcd_fail(e, MCD_NOMEM, "plot", "no memory for the curves");
    for (size_t i = 0; i < files && !status; i++) {
        size_t before = curves;
        status = mcd_record_read(from[i].file, &record[i], e);
        if (!status)
            status = read_curves(&from[i], record[i], curve, &curves, e);
        for (size_t c = before; c < curves; c++)
            path[c] = from[i].file;
    }
    if (!status)
        status = draw(d, out, curve, path, curves, e);
    for (size_t i = 0; record && i < files; i++)
        json_decref(record[i]);
    free(record);
    free(curve);
    free(path);
    return status;
}
