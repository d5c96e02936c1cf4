/*
 * Figure 6: whether the chains of a posterior agree. A row for each quantity: autocorrelation,
 * trace, density, a line for each chain; below, their intervals side by side with R-hat.
 */
#include "core/base/error.h"
#include "core/base/host.h"
#include "core/base/number.h"
#include "core/figure/axis.h"
#include "core/figure/chain_curves.h"
#include "core/figure/figure.h"
#include "core/figure/label.h"
#include "core/io/place.h"
#include "core/network/draws.h"
#include "core/stats/diagnostics.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LAGS = 50,
    PIECES = 250,
    FEWEST = 40,
    MOST_PIECES = 12000,
    PLACES = 160,
    MOST_CHAINS = 16,
    MOST_QUANTITIES = 24
};

/* Pixels: of a row's panels, and around them; `STEP` from one chain's interval to the next. */
enum { TALL = 104, APART_Y = 44, LEFT = 78, ABOVE = 40, BELOW = 56, FOREST = 54, STEP = 13 };

struct chains {
    struct mcd_draws_file file;
    size_t draws, lags;
    double *values; /* [chains][draws] of one quantity */
    double *sorted; /* the same, each chain sorted */
    struct mcd_diagnosis *diagnosis;
};

static const double *chain_of(const struct chains *c, const double *values, uint32_t chain)
{
    return values + (size_t)chain * c->draws;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Makes `values` and `sorted` those of one quantity. */
static void take(struct chains *c, uint32_t quantity)
{
    mcd_draws_take(&c->file, quantity, c->values);
    memcpy(c->sorted, c->values, c->file.chains * c->draws * sizeof *c->values);
    for (uint32_t k = 0; k < c->file.chains; k++)
        qsort(c->sorted + (size_t)k * c->draws, c->draws, sizeof *c->sorted, by_size);
}

static void put_head(struct mcd_drawing *d, const struct chains *c, uint32_t q, uint32_t chain)
{
    mcd_drawing_put(d, "%s# %s, chain %u\n", q + chain ? "\n\n" : "",
                    mcd_label_clean(c->file.names[q]).text, chain + 1);
}

/* ---- data -------------------------------------------------------------------------------- */

static void put_autocorrelation(struct mcd_drawing *d, const struct chains *c, uint32_t q,
                                uint32_t chain)
{
    double r[LAGS + 1];
    put_head(d, c, q, chain);
    mcd_autocorrelation(c->draws, chain_of(c, c->values, chain), c->lags, r);
    for (size_t lag = 0; lag <= c->lags; lag++)
        mcd_drawing_put(d, "%zu %.6g\n", lag, isnan(r[lag]) ? NAN : r[lag]); /* no sign */
}

static void put_trace(struct mcd_drawing *d, const struct chains *c, uint32_t q, uint32_t chain)
{
    size_t index[2 * PIECES];
    const double *x = chain_of(c, c->values, chain);
    size_t pieces = MOST_PIECES / ((size_t)c->file.chains * c->file.dim);
    pieces = pieces > PIECES ? PIECES : pieces < FEWEST ? FEWEST : pieces;
    size_t count = mcd_chain_extremes(c->draws, x, pieces, index);
    put_head(d, c, q, chain);
    for (size_t i = 0; i < count; i++)
        mcd_drawing_put(d, "%zu %.10g\n", index[i] + 1, x[index[i]]);
}

static void put_density(struct mcd_drawing *d, const struct chains *c, uint32_t q, uint32_t chain)
{
    const double *x = chain_of(c, c->sorted, chain);
    double h = mcd_density_bandwidth(c->draws, x), lo = x[0] - 3 * h;
    double step = (x[c->draws - 1] + 3 * h - lo) / (PLACES - 1);
    put_head(d, c, q, chain);
    for (int i = 0; i < PLACES; i++)
        mcd_drawing_put(d, "%.10g %.6g\n", lo + i * step,
                        mcd_density_at(c->draws, x, h, lo + i * step));
}

/* Quantities have units of their own: they share an axis in standard deviations. */
static void put_interval(struct mcd_drawing *d, const struct chains *c, uint32_t q, uint32_t chain)
{
    static const double p[] = {0.05, 0.25, 0.5, 0.75, 0.95};
    const struct mcd_diagnosis *all = &c->diagnosis[q];
    put_head(d, c, q, chain);
    mcd_drawing_put(d, "%u", q * (c->file.chains + 1) + chain);
    for (int i = 0; i < 5; i++) {
        double v = mcd_sorted_quantile(c->draws, chain_of(c, c->sorted, chain), p[i]);
        mcd_drawing_put(d, " %.6g", all->sd > 0 ? (v - all->mean) / all->sd : 0);
    }
    mcd_drawing_put(d, "\n");
}

static const struct kind {
    const char *name, *head;
    void (*put)(struct mcd_drawing *, const struct chains *, uint32_t q, uint32_t chain);
} kinds[] = {
    {"autocorrelation", "lag autocorrelation", put_autocorrelation},
    {"trace", "draw value; the smallest and the largest of each of at most 250 equal pieces",
     put_trace},
    {"density", "value density, by normal kernels of Silverman's bandwidth", put_density},
    {"forest",
     "place, and quantiles 0.05 0.25 0.5 0.75 0.95 less the mean of all chains, in their standard "
     "deviations",
     put_interval},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static void put(struct mcd_drawing *d, struct chains *c)
{
    for (int kind = 0; kind < KINDS; kind++) {
        mcd_drawing_data(d, kinds[kind].name);
        mcd_drawing_put(d, "# %s\n", kinds[kind].head);
        for (uint32_t q = 0; q < c->file.dim; q++) {
            take(c, q);
            for (uint32_t chain = 0; chain < c->file.chains; chain++)
                kinds[kind].put(d, c, q, chain);
        }
    }
}

/* ---- script ------------------------------------------------------------------------------ */

/* A line for each chain of quantity q; `style` is what follows `with lines`. */
static void say_lines(struct mcd_drawing *d, const struct chains *c, int kind, uint32_t q,
                      const char *style, int titles)
{
    for (uint32_t chain = 0; chain < c->file.chains; chain++) {
        mcd_drawing_say(d,
                        "%s    data_%s index %u using 1:2 with lines %s linecolor rgb "
                        "%s(%u) ",
                        chain ? ", \\\n" : "", kinds[kind].name, q * c->file.chains + chain, style,
                        kind == 1 ? "shade" : "colour", chain + 1);
        mcd_drawing_say(d, titles ? "title 'chain %u'" : "notitle", chain + 1);
    }
    mcd_drawing_say(d, "\n");
}

/* From the smallest to the largest draw, all chains together. */
static double find_width(struct chains *c, uint32_t q)
{
    double lo = INFINITY, hi = -INFINITY;
    take(c, q);
    for (uint32_t k = 0; k < c->file.chains; k++) {
        const double *x = chain_of(c, c->sorted, k);
        lo = fmin(lo, x[0]);
        hi = fmax(hi, x[c->draws - 1]);
    }
    return hi > lo ? hi - lo : fmax(fabs(hi), 1e-300);
}

static void say_row(struct mcd_drawing *d, struct chains *c, uint32_t q)
{
    double top = ABOVE + (double)q * (TALL + APART_Y), wide = (d->width - LEFT - 20) / 3.0;
    double width = find_width(c, q);
    int last = q + 1 == c->file.dim;
    mcd_drawing_place(d, LEFT, top, wide - 62, TALL);
    mcd_drawing_say(
        d,
        "set title '%s'\nset ylabel name%u\nset xlabel '%s'\nset xrange [0:%zu]\n"
        "set yrange [* < -0.2:1] noextend\nset ytics 0.5\nset xtics auto\nset key top right\n"
        "plot \\\n    0 with lines linewidth 0.6 linecolor rgb ink notitle, \\\n",
        q ? "" : "autocorrelation", q + 1, last ? "lag" : "", c->lags);
    say_lines(d, c, 0, q, "linewidth 1.4", q == 0 && c->file.chains <= 4);
    mcd_drawing_place(d, LEFT + wide, top, wide - 46, TALL);
    mcd_drawing_say(
        d,
        "unset key\nset title '%s'\nset ylabel ''\nset xlabel '%s'\n"
        "set xrange [1:%zu]\nset yrange [*:*] extend\nset ytics %.10g\nset xtics %.6g\nplot "
        "\\\n",
        q ? "" : "trace", last ? "draw" : "", c->draws, mcd_axis_step(0, 1.8 * width),
        mcd_axis_step(0, 2.5 * (double)c->draws));
    say_lines(d, c, 1, q, "linewidth 0.7", 0);
    mcd_drawing_place(d, LEFT + 2 * wide, top, wide, TALL);
    mcd_drawing_say(
        d,
        "set title '%s'\nset xlabel '%s'\nset xrange [*:*] noextend\nset yrange [0:*] extend\nset "
        "offsets 0, 0, graph 0.06, 0\n"
        "set format y ''\nunset ytics\nset xtics %.10g\nplot \\\n",
        q ? "" : "density", last ? "value" : "", mcd_axis_step(0, 2 * width));
    say_lines(d, c, 2, q, "linewidth 1.4", 0);
    mcd_drawing_say(d, "unset offsets\nset format y '%%g'\nset ytics out nomirror\n");
}

/* Names, R-hat and effective sizes beside the intervals. */
static void say_forest_labels(struct mcd_drawing *d, const struct chains *c)
{
    uint32_t each = c->file.chains + 1;
    for (uint32_t q = 0; q < c->file.dim; q++) {
        const struct mcd_diagnosis *x = &c->diagnosis[q];
        double place = (double)q * each + (each - 2) / 2.0;
        mcd_drawing_say(
            d,
            "set label name%u at graph -0.01, first %.1f right textcolor rgb ink\n"
            "set label 'R-hat %.4f,  ESS %.0f bulk, %.0f tail' at graph 1.01, first %.1f "
            "left textcolor rgb %s\n",
            q + 1, place, x->rhat, x->ess_bulk, x->ess_tail, place,
            x->rhat < 1.01 ? "ink" : "colour(2)");
    }
}

static void say_forest(struct mcd_drawing *d, const struct chains *c)
{
    uint32_t each = c->file.chains + 1, lines = c->file.dim * each - 1;
    double top = ABOVE + (double)c->file.dim * (TALL + APART_Y) + FOREST;
    mcd_drawing_place(d, LEFT, top, d->width - LEFT - 300, lines * STEP);
    mcd_drawing_say(d, "set title 'quantiles 5, 25, 50, 75, 95 %%'\nset ylabel ''\n"
                       "set xlabel 'standard deviations from the mean of all chains'\n");
    mcd_drawing_say(d,
                    "set xrange [* < -2.5:2.5 < *] noextend\nset yrange [%u:-1]\nunset ytics\nset "
                    "grid noytics\n"
                    "set xtics 1\n",
                    lines);
    say_forest_labels(d, c);
    mcd_drawing_say(d, "plot \\\n");
    for (uint32_t i = 0; i < c->file.dim * c->file.chains; i++) {
        uint32_t colour = i % c->file.chains + 1;
        mcd_drawing_say(d,
                        "%s    data_forest index %u using 2:1:($6 - $2):(0) with vectors nohead "
                        "linewidth 1.2 linecolor rgb colour(%u) notitle, \\\n"
                        "    data_forest index %u using 3:1:($5 - $3):(0) with vectors nohead "
                        "linewidth 3.5 linecolor rgb colour(%u) notitle, \\\n"
                        "    data_forest index %u using 4:1 with points pointtype 7 pointsize 0.8 "
                        "linecolor rgb colour(%u) notitle",
                        i ? ", \\\n" : "", i, colour, i, colour, i, colour);
    }
    mcd_drawing_say(d, "\nunset label\nset ytics out nomirror\nset grid ytics\n");
}

static void say(struct mcd_drawing *d, struct chains *c)
{
    mcd_drawing_say(d, "shade(i) = '#60'.substr(colour(i), 2, 7)\nset title offset 0, -0.5\n"
                       "set format y '%%g'\n");
    for (uint32_t q = 0; q < c->file.dim; q++)
        mcd_drawing_say(d, "name%u = %s\n", q + 1,
                        mcd_label_quote(mcd_label_clean(c->file.names[q]).text).text);
    mcd_drawing_begin(d);
    mcd_drawing_say(d, "set multiplot\n");
    for (uint32_t q = 0; q < c->file.dim; q++)
        say_row(d, c, q);
    say_forest(d, c);
    mcd_drawing_say(d, "unset multiplot\n");
}

/* ---- from file to figure ----------------------------------------------------------------- */

static int check_size(const struct chains *c, const char *path, struct mcd_error *e)
{
    if (c->file.chains <= MOST_CHAINS && c->file.dim <= MOST_QUANTITIES)
        return MCD_OK;
    return mcd_fail(e, MCD_INVALID, mcd_place_file(path).text,
                    "%u chains of %u quantities: expected at most %d and %d to be drawn",
                    c->file.chains, c->file.dim, (int)MOST_CHAINS, (int)MOST_QUANTITIES);
}

static int diagnose(const struct mcd_host *host, struct chains *c, struct mcd_error *e)
{
    size_t count = (size_t)c->file.chains * c->draws;
    int status = MCD_OK;
    c->values = malloc(count * sizeof *c->values);
    c->sorted = malloc(count * sizeof *c->sorted);
    c->diagnosis = calloc(c->file.dim, sizeof *c->diagnosis);
    if (!c->values || !c->sorted || !c->diagnosis)
        return mcd_fail(e, MCD_NOMEM, "plot", "no memory for the chains");
    for (uint32_t q = 0; q < c->file.dim && !status; q++) {
        mcd_draws_take(&c->file, q, c->values);
        status = mcd_diagnose(host, c->file.chains, c->file.draws, c->values, &c->diagnosis[q], e);
    }
    return status;
}

static int draw(struct mcd_drawing *d, const char *out, struct chains *c, struct mcd_error *e)
{
    uint32_t lines = c->file.dim * (c->file.chains + 1) - 1;
    int tall = ABOVE + (int)c->file.dim * (TALL + APART_Y) + FOREST + (int)lines * STEP + BELOW;
    mcd_drawing_open(d, out, "Convergence of the chains", 800, tall);
    put(d, c);
    say(d, c);
    return mcd_drawing_finish(d, e);
}

int mcd_figure_chains(const struct mcd_host *host, struct mcd_drawing *d, const char *out,
                      const char *file, struct mcd_error *e)
{
    struct chains c = {.draws = 0};
    int status = mcd_draws_read(host, file, &c.file, e);
    c.draws = c.file.draws;
    c.lags = c.draws > LAGS ? LAGS : c.draws > 0 ? c.draws - 1 : 0;
    if (!status)
        status = check_size(&c, file, e);
    if (!status)
        status = diagnose(host, &c, e);
    if (!status)
        status = draw(d, out, &c, e);
    free(c.values);
    free(c.sorted);
    free(c.diagnosis);
    mcd_draws_clear(&c.file);
    return status;
}
