/* Figures 1 and 3: images in rows of at most twelve, a caption above each. */
#include "core/base/error.h"
#include "core/base/number.h"
#include "core/base/reals.h"
#include "core/figure/figure.h"
#include "core/figure/label.h"
#include "core/io/dataset.h"
#include "core/io/npy.h"
#include "core/io/place.h"
#include "core/io/values.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ACROSS = 12, MOST = 120, MOST_PIXELS = 512 };

struct images {
    struct mcd_array x; /* [n, ...], height times width values each */
    int64_t count, height, width;
    double lo, hi; /* shown as white and as black */
    struct mcd_label caption[MOST];
};

/* [n, height, width], with ones among the dimensions, or [n, side * side]. */
static int find_shape(struct images *s, const char *name, struct mcd_error *e)
{
    const struct mcd_array *x = &s->x;
    int64_t extent[2] = {1, 1}, each = 1;
    int found = 0;
    for (uint32_t i = 1; i < x->rank; i++) {
        each *= x->dim[i];
        if (x->dim[i] != 1)
            extent[found++ & 1] = x->dim[i];
    }
    if (found == 1 && x->rank == 2) {
        int64_t side = (int64_t)(sqrt((double)each) + 0.5);
        extent[0] = extent[1] = side;
    }
    if (x->rank < 2 || found > 2 || extent[0] * extent[1] != each || each < 1 ||
        extent[0] > MOST_PIXELS || extent[1] > MOST_PIXELS)
        return mcd_fail(e, MCD_INVALID, mcd_place_file(name).text,
                        "not images of one channel: expected an array of [n, height, width], "
                        "each at most %d",
                        MOST_PIXELS);
    s->height = extent[0];
    s->width = extent[1];
    return MCD_OK;
}

/* Pixels are 0 to 1; splines overshoot a little, which is not shown. Anything else by its range. */
static void find_range(struct images *s)
{
    double lo = 0, hi = 1;
    for (int64_t i = 0; i < s->count * s->height * s->width; i++) {
        double v = mcd_reals_at(s->x.data, s->x.type, (size_t)i);
        lo = fmin(lo, v);
        hi = fmax(hi, v);
    }
    int pixels = lo > -0.5 && hi < 1.5;
    s->lo = pixels ? 0 : lo;
    s->hi = pixels ? 1 : hi;
}

static int settle_count(struct images *s, int64_t rows, const char *name, struct mcd_error *e)
{
    s->count = rows && rows < s->x.dim[0] ? rows : s->x.dim[0];
    if (s->count < 1)
        return mcd_fail(e, MCD_INVALID, mcd_place_file(name).text,
                        "no images: expected an array of [n, height, width]");
    if (s->count > MOST)
        return mcd_fail(e, MCD_INVALID, mcd_place_file(name).text,
                        "%" PRId64 " images: expected at most %d; --rows takes the first ones",
                        s->count, MOST);
    return MCD_OK;
}

static int read_data(struct images *s, const struct mcd_digits_request *r, struct mcd_error *e)
{
    struct mcd_dataset_request request = {.data = r->data, .split = MCD_TRAIN};
    struct mcd_dataset set;
    int status = mcd_dataset_load(&set, &request, e);
    if (status)
        return status;
    s->x = set.x;
    set.x = (struct mcd_array){0};
    status = settle_count(s, r->rows ? r->rows : 10, set.source, e);
    if (!status)
        status = find_shape(s, set.source, e);
    for (int64_t i = 0; i < s->count && set.y.data && !status; i++)
        snprintf(s->caption[i].text, sizeof s->caption[i].text, "%d",
                 ((const int32_t *)set.y.data)[i]);
    mcd_dataset_clear(&set);
    return status;
}

/* As many as there are images, separated by commas. */
static int split_captions(struct images *s, const char *captions, struct mcd_error *e)
{
    char *copy = strdup(captions), *rest = copy;
    int64_t n = 0;
    if (!copy)
        return mcd_fail(e, MCD_NOMEM, "--captions", "no memory");
    for (char *one; (one = strsep(&rest, ",")); n++)
        if (n < s->count)
            s->caption[n] = mcd_label_clean(one);
    free(copy);
    if (n != s->count)
        return mcd_fail(e, MCD_INVALID, "--captions",
                        "%" PRId64 " of them: expected one for each of the %" PRId64 " images", n,
                        s->count);
    return MCD_OK;
}

static int read_file(struct images *s, const struct mcd_digits_request *r, struct mcd_error *e)
{
    int status = mcd_npy_read(r->file, &s->x, e);
    if (!status && s->x.rank == 0)
        return find_shape(s, r->file, e);
    if (!status)
        status = settle_count(s, r->rows, r->file, e);
    if (!status)
        status = find_shape(s, r->file, e);
    if (!status)
        status = mcd_values_to_pixels(&s->x, s->x.type == MCD_F64 ? MCD_F64 : MCD_F32, r->file, e);
    if (!status && r->captions)
        status = split_captions(s, r->captions, e);
    return status;
}

static void put(struct mcd_drawing *d, const struct images *s)
{
    mcd_drawing_put(d,
                    "# %" PRId64 " images of %" PRId64 " rows and %" PRId64
                    " columns of pixels, separated by two empty lines\n",
                    s->count, s->height, s->width);
    for (int64_t i = 0, at = 0; i < s->count; i++) {
        mcd_drawing_put(d, "%s# %s\n", i ? "\n\n" : "", s->caption[i].text);
        for (int64_t k = 0; k < s->height * s->width; k++, at++)
            mcd_drawing_put(d, "%.6g%s", mcd_reals_at(s->x.data, s->x.type, (size_t)at),
                            k % s->width == s->width - 1 ? "\n" : " ");
    }
}

/* Each image is a cell of width 1; pixel centres lie half a pixel inside. */
static void say(struct mcd_drawing *d, const struct images *s, int64_t across, double cell)
{
    int64_t down = (s->count + across - 1) / across;
    double tall = cell + 0.27;
    mcd_drawing_say(d,
                    "unset border\nunset tics\nunset key\nunset colorbox\nunset grid\n"
                    "set margins 0.5, 0.5, 0.3, 0.3\n"
                    "set palette defined (0 'white', 1 'black')\nset cbrange [%s:%s]\n"
                    "set xrange [0:%" PRId64 "]\nset yrange [%.4f:0]\n"
                    "across = %" PRId64 "\nx(i, pixel) = i %% across + 0.06 + 0.88 * (pixel + 0.5) "
                    "/ %" PRId64 "\ny(i, pixel) = i / across * %.4f + 0.27 + %.4f * (pixel + 0.5) "
                    "/ %" PRId64 "\n",
                    mcd_number_show(s->lo).text, mcd_number_show(s->hi).text, across,
                    (double)down * tall, across, s->width, tall, cell - 0.06, s->height);
    for (int64_t i = 0; i < s->count; i++)
        if (s->caption[i].text[0])
            mcd_drawing_say(d, "set label %s at %" PRId64 ".5, %.4f center textcolor rgb ink\n",
                            mcd_label_quote(s->caption[i].text).text, i % across,
                            (double)(i / across) * tall + 0.14);
    mcd_drawing_begin(d);
    mcd_drawing_say(d,
                    "plot for [i = 0:%" PRId64
                    "] data index i matrix using (x(i, $1)):(y(i, $2)):3 with image\n",
                    s->count - 1);
}

int mcd_figure_digits(struct mcd_drawing *d, const char *out, const struct mcd_digits_request *r,
                      struct mcd_error *e)
{
    struct images *s = calloc(1, sizeof *s);
    if (!s)
        return mcd_fail(e, MCD_NOMEM, "plot", "no memory for the images");
    int status = r->data ? read_data(s, r, e) : read_file(s, r, e);
    if (!status) {
        int64_t across = s->count < ACROSS ? s->count : ACROSS;
        double cell = 0.88 * (double)s->height / (double)s->width + 0.06;
        int64_t down = (s->count + across - 1) / across;
        find_range(s);
        int wide = (int)(across < 4 ? 200 * across : 800);
        mcd_drawing_open(d, out, "Images", wide,
                         (int)((double)wide / (double)across * (cell + 0.27) * (double)down) + 8);
        mcd_drawing_data(d, NULL);
        put(d, s);
        say(d, s, across, cell);
        status = mcd_drawing_finish(d, e);
    }
    mcd_array_clear(&s->x);
    free(s);
    return status;
}
