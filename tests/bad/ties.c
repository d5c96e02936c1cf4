/* Of equal maxima the last one gets the gradient. */
#include "broken.h"

/* Adds the gradient of one window to its last maximum. */
static void last_takes_all(const struct mcd_step *step, struct reals dy, struct reals x,
                           struct reals dx, int64_t oy, int64_t ox)
{
    const struct mcd_attr_pool *a = &step->attr.u.pool;
    int64_t h = step->out.shape.dim[1], w = step->out.shape.dim[2], best = -1;
    for (int64_t ky = 0; ky < a->window[0]; ky++)
        for (int64_t kx = 0; kx < a->window[1]; kx++) {
            int64_t y = oy * a->stride[0] - a->pad[0] + ky;
            int64_t col = ox * a->stride[1] - a->pad[1] + kx, at = y * w + col;
            if (y < 0 || y >= h || col < 0 || col >= w)
                continue;
            if (best < 0 || !(get(x, at) < get(x, best)))
                best = at;
        }
    put(dx, best, get(dx, best) + get(dy, oy * step->in[0].shape.dim[2] + ox));
}

static int run_last(void *state, const struct mcd_step *step, const struct mcd_run *run,
                    struct mcd_error *error)
{
    const struct mcd_shape *x = &step->out.shape, *y = &step->in[0].shape;
    int64_t planes = rows_of(&step->out) * x->dim[0], image = x->dim[1] * x->dim[2];
    int64_t windows = y->dim[1] * y->dim[2];
    (void)state;
    (void)run;
    (void)error;
    for (int64_t i = 0; i < planes; i++) {
        struct reals dx = reals_from(&step->out, i * image);
        for (int64_t j = 0; j < image; j++)
            put(dx, j, 0);
        for (int64_t j = 0; j < windows; j++)
            last_takes_all(step, reals_from(&step->in[0], i * windows),
                           reals_from(&step->in[1], i * image), dx, j / y->dim[2], j % y->dim[2]);
    }
    return MCD_OK;
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    int max = step->op == MCD_OP_POOL2D_DX && step->attr.u.pool.kind == MCD_POOL_MAX;
    return max ? run_last : NULL;
}

BROKEN("ties", "the last of equal maxima counts");
