/*
 * Rotation by cubic B-splines. An image is first turned into the coefficients of the spline that
 * passes through its pixels (a recursive filter along each axis, the image mirrored at its outer
 * pixels), and the spline is then read where each output pixel comes from.
 */
#include "core/io/rotate.h"

#include "core/base/error.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* sqrt(3) - 2, the pole of the cubic spline's filter, and (1 - pole) (1 - 1 / pole), its gain. */
static const double pole = -0.26794919243112270647;
static const double gain = 6;

static const double radians = 3.14159265358979323846 / 180;

/*
 * What the forward filter holds at the first sample: the sum over the mirrored signal, of period
 * 2 (n - 1), of pole^k sample(k), closed over all periods.
 */
static double forward_start(const double *c, int64_t n, int64_t step)
{
    double turn = pow(pole, (double)(n - 1)), power = pole, back = turn * turn / pole;
    double sum = c[0] + turn * c[(n - 1) * step];
    for (int64_t i = 1; i < n - 1; i++, power *= pole, back /= pole)
        sum += (power + back) * c[i * step];
    return sum / (1 - turn * turn);
}

/* Turns `n` samples, `step` apart, into spline coefficients, in place. */
static void filter_line(double *c, int64_t n, int64_t step)
{
    if (n < 2)
        return;
    for (int64_t i = 0; i < n; i++)
        c[i * step] *= gain;
    c[0] = forward_start(c, n, step);
    for (int64_t i = 1; i < n; i++)
        c[i * step] += pole * c[(i - 1) * step];
    double *last = c + (n - 1) * step;
    *last = pole / (pole * pole - 1) * (*last + pole * last[-step]);
    for (int64_t i = n - 2; i >= 0; i--)
        c[i * step] = pole * (c[(i + 1) * step] - c[i * step]);
}

static void filter_image(double *c, int64_t height, int64_t width)
{
    for (int64_t x = 0; x < width; x++)
        filter_line(c + x, height, width);
    for (int64_t y = 0; y < height; y++)
        filter_line(c + y * width, width, 1);
}

/* An index mirrored into 0 .. n - 1; it is at most two beyond. */
static int64_t mirror(int64_t i, int64_t n)
{
    int64_t period = 2 * (n - 1);
    if (n == 1)
        return 0;
    i = (i % period + period) % period;
    return i < n ? i : period - i;
}

/* Weights of the four coefficients around a coordinate, and their places. */
struct taps {
    double weight[4];
    int64_t index[4];
};

static struct taps find_taps(double at, int64_t n)
{
    struct taps t;
    int64_t first = (int64_t)floor(at) - 1;
    double x = at - floor(at), y = 1 - x;
    t.weight[0] = y * y * y / 6;
    t.weight[1] = (x * x * (x - 2) * 3 + 4) / 6;
    t.weight[2] = (y * y * (y - 2) * 3 + 4) / 6;
    t.weight[3] = 1 - t.weight[0] - t.weight[1] - t.weight[2];
    for (int64_t i = 0; i < 4; i++)
        t.index[i] = mirror(first + i, n);
    return t;
}

static double read_spline(const double *c, int64_t height, int64_t width, double y, double x)
{
    if (!(y >= 0 && y <= (double)(height - 1) && x >= 0 && x <= (double)(width - 1)))
        return 0;
    struct taps rows = find_taps(y, height), columns = find_taps(x, width);
    double sum = 0;
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++)
            sum += rows.weight[i] * columns.weight[j] * c[rows.index[i] * width + columns.index[j]];
    return sum;
}

/* Exact at multiples of 90 degrees, where rounding would push the border out of the image. */
static void sine_cosine(double degrees, double *sine, double *cosine)
{
    double quarter = nearbyint(fmod(degrees, 360) / 90);
    double rest = (fmod(degrees, 360) - 90 * quarter) * radians, s = sin(rest), c = cos(rest);
    switch (((int)quarter % 4 + 4) % 4) {
    case 0:
        *sine = s, *cosine = c;
        break;
    case 1:
        *sine = c, *cosine = -s;
        break;
    case 2:
        *sine = -s, *cosine = -c;
        break;
    default:
        *sine = -c, *cosine = s;
    }
}

int mcd_rotate(const double *in, int64_t height, int64_t width, double degrees, double *out,
               struct mcd_error *e)
{
    const int64_t dim[] = {height, width};
    struct mcd_array spline;
    double s, c;
    if (!isfinite(degrees))
        return mcd_fail(e, MCD_INVALID, "angle", "%g is no angle: expected degrees", degrees);
    int status = mcd_array_create(&spline, MCD_F64, 2, dim, e);
    if (status || !spline.data)
        return status;
    double *coefficient = spline.data;
    for (int64_t i = 0; i < height * width; i++)
        coefficient[i] = in[i];
    filter_image(coefficient, height, width);
    sine_cosine(degrees, &s, &c);
    double middle_y = (double)(height - 1) / 2, middle_x = (double)(width - 1) / 2;
    double start_y = middle_y - (c * middle_y + s * middle_x);
    double start_x = middle_x - (c * middle_x - s * middle_y);
    for (int64_t y = 0; y < height; y++)
        for (int64_t x = 0; x < width; x++)
            out[y * width + x] =
                read_spline(coefficient, height, width, start_y + c * (double)y + s * (double)x,
                            start_x - s * (double)y + c * (double)x);
    mcd_array_clear(&spline);
    return MCD_OK;
}

static void copy_in(const struct mcd_array *images, int64_t index, int64_t size, double *image)
{
    const float *f = images->data;
    const double *d = images->data;
    for (int64_t i = 0; i < size; i++)
        image[i] = images->type == MCD_F32 ? (double)f[index * size + i] : d[index * size + i];
}

static void copy_out(const double *image, int64_t index, int64_t size, struct mcd_array *images)
{
    float *f = images->data;
    double *d = images->data;
    for (int64_t i = 0; i < size; i++)
        if (images->type == MCD_F32)
            f[index * size + i] = (float)image[i];
        else
            d[index * size + i] = image[i];
}

static int check_images(const struct mcd_array *images, int64_t index, struct mcd_error *e)
{
    if (images->rank != 3 || (images->type != MCD_F32 && images->type != MCD_F64))
        return mcd_fail(e, MCD_INVALID, "rotate",
                        "the data is no list of images: expected real numbers [n, height, width]");
    if (index < 0 || index >= images->dim[0])
        return mcd_fail(e, MCD_INVALID, "index",
                        "there is no image %" PRId64 ": expected 0 to %" PRId64, index,
                        images->dim[0] - 1);
    return MCD_OK;
}

int mcd_rotate_each(const struct mcd_array *images, int64_t index, const double *degrees,
                    size_t count, struct mcd_array *out, struct mcd_error *e)
{
    struct mcd_array pair = {0}; /* the image and the rotated one */
    *out = (struct mcd_array){0};
    int status = check_images(images, index, e);
    if (status)
        return status;
    int64_t height = images->dim[1], width = images->dim[2], size = height * width;
    status = mcd_array_create(&pair, MCD_F64, 3, (int64_t[]){2, height, width}, e);
    if (status == MCD_OK)
        status =
            mcd_array_create(out, images->type, 3, (int64_t[]){(int64_t)count, height, width}, e);
    double *image = pair.data, *rotated = image + size;
    if (status == MCD_OK)
        copy_in(images, index, size, image);
    for (size_t i = 0; i < count && status == MCD_OK; i++) {
        status = mcd_rotate(image, height, width, degrees[i], rotated, e);
        if (status == MCD_OK)
            copy_out(rotated, (int64_t)i, size, out);
    }
    mcd_array_clear(&pair);
    if (status)
        mcd_array_clear(out);
    return status;
}
