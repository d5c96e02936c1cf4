/*
 * Figure 4: what softmax is given and what it makes of it, for each image, pass and some classes.
 *
 * Each sample is a translucent dash. Dashes lie so close that a picture would hold thousands on the
 * same pixel, and megabytes of them: those whose values fall into the same step of the axis are
 * drawn as one, as opaque as so many dashes on top of each other would be. All samples are seen.
 */
#include "core/base/error.h"
#include "core/base/number.h"
#include "core/base/reals.h"
#include "core/figure/axis.h"
#include "core/figure/figure.h"
#include "core/figure/label.h"
#include "core/io/npy.h"
#include "core/io/place.h"
#include "core/io/values.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CLASSES = 6, MOST_IMAGES = 40, MOST_DASHES = 6000, FINEST = 120, COARSEST = 12 };

struct samples {
    struct mcd_array logits; /* [passes, images, classes] */
    int64_t passes, images, classes;
    double *probability; /* like logits, of the images shown */
    double *mean;        /* [classes], of the probabilities */
    size_t chosen;
    int64_t class[MOST_CLASSES];
};

/* One of the two panels. */
struct panel {
    const char *name;
    struct mcd_extent y;
    int steps;       /* of the axis */
    uint32_t *count; /* [images][chosen][steps] */
};

static double logit(const struct samples *s, int64_t pass, int64_t image, int64_t class)
{
    int64_t at = (pass * s->logits.dim[1] + image) * s->classes + class;
    return mcd_reals_at(s->logits.data, s->logits.type, (size_t)at);
}

static double probability(const struct samples *s, int64_t pass, int64_t image, int64_t class)
{
    return s->probability[(pass * s->images + image) * s->classes + class];
}

static int read_logits(struct samples *s, const struct mcd_samples_request *r, struct mcd_error *e)
{
    struct mcd_array *a = &s->logits;
    int status = mcd_npy_read(r->file, a, e);
    if (status)
        return status;
    if (a->rank != 3 || mcd_array_count(a) == 0 || a->dim[2] < 2)
        return mcd_fail(e, MCD_INVALID, mcd_place_file(r->file).text,
                        "not the samples of a classifier: expected an array of [passes, images, "
                        "classes], as mcdrop predict --keep-samples writes it");
    s->passes = a->dim[0];
    s->images = r->rows && r->rows < a->dim[1] ? r->rows : a->dim[1];
    s->classes = a->dim[2];
    if (s->images > MOST_IMAGES)
        return mcd_fail(e, MCD_INVALID, mcd_place_file(r->file).text,
                        "%" PRId64 " images: expected at most %d; --rows takes the first ones",
                        s->images, (int)MOST_IMAGES);
    return mcd_values_to_real(a, a->type == MCD_F64 ? MCD_F64 : MCD_F32, r->file, e);
}

static void softmax(const struct samples *s, int64_t pass, int64_t image, double *p)
{
    double largest = -INFINITY, sum = 0;
    for (int64_t k = 0; k < s->classes; k++)
        largest = fmax(largest, logit(s, pass, image, k));
    for (int64_t k = 0; k < s->classes; k++)
        sum += p[k] = exp(logit(s, pass, image, k) - largest);
    for (int64_t k = 0; k < s->classes; k++)
        p[k] /= sum;
}

static int find_probabilities(struct samples *s, struct mcd_error *e)
{
    size_t count = (size_t)(s->passes * s->images * s->classes);
    s->probability = malloc(count * sizeof *s->probability);
    s->mean = calloc((size_t)s->classes, sizeof *s->mean);
    if (!s->probability || !s->mean)
        return mcd_fail(e, MCD_NOMEM, "plot", "no memory for the probabilities");
    for (int64_t row = 0; row < s->passes * s->images; row++) {
        double *p = s->probability + row * s->classes;
        softmax(s, row / s->images, row % s->images, p);
        for (int64_t k = 0; k < s->classes; k++)
            s->mean[k] += p[k] / (double)(s->passes * s->images);
    }
    return MCD_OK;
}

/* ---- which classes ----------------------------------------------------------------------- */

static int add_class(struct samples *s, int64_t class)
{
    for (size_t i = 0; i < s->chosen; i++)
        if (s->class[i] == class)
            return 0;
    s->class[s->chosen++] = class;
    return 1;
}

static int parse_classes(struct samples *s, const char *text, struct mcd_error *e)
{
    char *copy = strdup(text), *rest = copy;
    int good = copy != NULL;
    for (char *one; good && (one = strsep(&rest, ","));) {
        int64_t class = -1;
        good = s->chosen < MOST_CLASSES && mcd_number_int(one, &class) == MCD_NUMBER_OK &&
               class >= 0 && class < s->classes && add_class(s, class);
    }
    free(copy);
    if (good)
        return MCD_OK;
    return mcd_fail(e, copy ? MCD_INVALID : MCD_NOMEM, "--classes",
                    "'%s': expected up to %d numbers of classes, 0 to %" PRId64
                    ", each once, separated by commas",
                    text, (int)MOST_CLASSES, s->classes - 1);
}

/* The three that are likeliest on the average over passes and images. */
static void choose_classes(struct samples *s)
{
    while (s->chosen < 3 && (int64_t)s->chosen < s->classes) {
        int64_t best = 0;
        for (int64_t k = 1; k < s->classes; k++)
            if (s->mean[k] > s->mean[best])
                best = k;
        s->mean[best] = -1;
        add_class(s, best);
    }
}

/* ---- dashes ------------------------------------------------------------------------------ */

static double value(const struct samples *s, int panel, int64_t pass, int64_t image, size_t c)
{
    return (panel == 0 ? logit : probability)(s, pass, image, s->class[c]);
}

static void find_extent(const struct samples *s, struct panel *p)
{
    double lo = INFINITY, hi = -INFINITY;
    for (int64_t pass = 0; pass < s->passes; pass++)
        for (int64_t image = 0; image < s->images; image++)
            for (size_t c = 0; c < s->chosen; c++) {
                double v = value(s, 0, pass, image, c);
                lo = fmin(lo, v);
                hi = fmax(hi, v);
            }
    p[0].y = mcd_axis_around(lo, hi);
    p[1].y = (struct mcd_extent){0, 1};
}

/* Counts samples by step; returns how many dashes there are. */
static size_t count_dashes(const struct samples *s, int which, struct panel *p)
{
    size_t dashes = 0;
    memset(p->count, 0, (size_t)s->images * s->chosen * (size_t)p->steps * sizeof *p->count);
    for (int64_t pass = 0; pass < s->passes; pass++)
        for (int64_t image = 0; image < s->images; image++)
            for (size_t c = 0; c < s->chosen; c++) {
                double place = (value(s, which, pass, image, c) - p->y.lo) / (p->y.hi - p->y.lo);
                int step = (int)fmin(p->steps - 1, floor(place * p->steps));
                size_t slot = (size_t)image * s->chosen + c;
                dashes += p->count[slot * (size_t)p->steps + (size_t)step]++ == 0;
            }
    return dashes;
}

static void put_panel(struct mcd_drawing *d, const struct samples *s, const struct panel *p)
{
    double height = (p->y.hi - p->y.lo) / p->steps;
    mcd_drawing_put(d,
                    "# %s of %" PRId64 " passes, in steps of %s\n"
                    "# image class which_class middle samples\n",
                    p->name, s->passes, mcd_number_show(height).text);
    for (int64_t image = 0; image < s->images; image++)
        for (size_t c = 0; c < s->chosen; c++)
            for (int step = 0; step < p->steps; step++) {
                size_t slot = (size_t)image * s->chosen + c;
                uint32_t n = p->count[slot * (size_t)p->steps + (size_t)step];
                if (n)
                    mcd_drawing_put(d, "%" PRId64 " %" PRId64 " %zu %.6g %u\n", image + 1,
                                    s->class[c], c + 1, p->y.lo + (step + 0.5) * height, n);
            }
    mcd_drawing_put(d, "\n\n");
}

static void say_frame(struct mcd_drawing *d, const struct samples *s)
{
    /* A dash alone can be seen; a 25th of the passes on one place hide what is below. */
    double alone = fmin(0.6, fmax(0.06, 1 - pow(0.15, 25 / (double)s->passes)));
    mcd_drawing_say(d,
                    "classes = %zu\nwidth = 0.8 / classes\n"
                    "opacity = %.4f # of one sample; n of them in one place hide more\n"
                    "left(image, class) = image - 0.4 + (class - 1 + 0.06) * width\n"
                    "shade(class, n) = int('0x'.substr(colour(class), 2, 7)) + "
                    "int(255 * (1 - opacity) ** n) * 16777216\n"
                    "set lmargin 8\nset rmargin 10\nset xrange [0.4:%" PRId64 ".6]\n"
                    "set xtics 1, %d\nset grid noxtics\nset xtics scale 0\n",
                    s->chosen, alone, s->images, (int)(1 + (s->images - 1) / 20));
}

static void say_panel(struct mcd_drawing *d, const struct panel *p, int index)
{
    double half = (p->y.hi - p->y.lo) / p->steps / 2;
    mcd_drawing_say(d,
                    "set ylabel '%s' offset 1\nset xlabel '%s'\nset yrange [%.10g:%.10g]\nplot \\\n"
                    "    data index %d using 1:4:(left($1, $3)):(left($1, $3) + 0.88 * width):"
                    "($4 - %.8g):($4 + %.8g):(shade($3, $5)) with boxxyerror fillstyle solid "
                    "linecolor rgb variable notitle",
                    p->name, index ? "image" : "", p->y.lo, p->y.hi, index, half, half);
}

static void say(struct mcd_drawing *d, const struct samples *s, const struct panel *p)
{
    say_frame(d, s);
    mcd_drawing_begin(d);
    mcd_drawing_say(d, "set key outside right top title 'class' textcolor rgb ink\n"
                       "set multiplot layout 2, 1\n");
    for (int i = 0; i < 2; i++) {
        say_panel(d, &p[i], i);
        for (size_t c = 0; i == 0 && c < s->chosen; c++)
            mcd_drawing_say(
                d,
                ", \\\n    NaN with lines linewidth 4 linecolor rgb colour(%zu) title '%" PRId64
                "'",
                c + 1, s->class[c]);
        mcd_drawing_say(d, "\nunset key\n");
    }
    mcd_drawing_say(d, "unset multiplot\n");
}

/* As fine as the pictures allow. */
static int count_panels(const struct samples *s, struct panel p[2], struct mcd_error *e)
{
    for (int i = 0; i < 2; i++) {
        p[i].steps = FINEST;
        p[i].count = calloc((size_t)s->images * s->chosen * FINEST, sizeof *p[i].count);
        if (!p[i].count)
            return mcd_fail(e, MCD_NOMEM, "plot", "no memory for the samples");
    }
    while (count_dashes(s, 0, &p[0]) + count_dashes(s, 1, &p[1]) > MOST_DASHES &&
           p[0].steps > COARSEST)
        p[0].steps = p[1].steps = p[0].steps * 3 / 4;
    return MCD_OK;
}

static int draw(struct mcd_drawing *d, const char *out, const struct samples *s,
                struct mcd_error *e)
{
    struct panel p[2] = {{.name = "softmax input"}, {.name = "softmax output"}};
    find_extent(s, p);
    int status = count_panels(s, p, e);
    if (!status) {
        mcd_drawing_open(d, out, "Samples of softmax input and output, by image", 800, 560);
        mcd_drawing_data(d, NULL);
        put_panel(d, s, &p[0]);
        put_panel(d, s, &p[1]);
        say(d, s, p);
        status = mcd_drawing_finish(d, e);
    }
    free(p[0].count);
    free(p[1].count);
    return status;
}

int mcd_figure_samples(struct mcd_drawing *d, const char *out, const struct mcd_samples_request *r,
                       struct mcd_error *e)
{
    struct samples s = {.passes = 0};
    int status = read_logits(&s, r, e);
    if (!status && r->classes)
        status = parse_classes(&s, r->classes, e);
    if (!status)
        status = find_probabilities(&s, e);
    if (!status && !r->classes)
        choose_classes(&s);
    if (!status)
        status = draw(d, out, &s, e);
    free(s.probability);
    free(s.mean);
    mcd_array_clear(&s.logits);
    return status;
}
