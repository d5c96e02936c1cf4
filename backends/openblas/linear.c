/*
 * LINEAR and its gradients: products of whole matrices, cut into tiles of the result.
 *
 * A tile's sums are never divided, so that the number of workers changes no bit. Tiles of up to
 * 512 x 256 are nearly as fast in OpenBLAS as the whole, and there are enough of them for some
 * workers.
 */
#include "ops.h"
#include "single.h"

#include <cblas.h>
#include <string.h>

enum { ROWS = 512, COLUMNS = 256, ALIGN = 16 /* what OpenBLAS's kernels compute at a time */ };

/* c [m, n] = a b (a [m, k], b [k, n], each perhaps stored transposed), plus a bias to each row */
struct product {
    float *c;
    const float *a, *b, *bias; /* bias NULL: none */
    int64_t m, n, k;
    int a_transposed, b_transposed;
    int64_t tile[2]; /* rows and columns of a tile */
};

/* Extent cut into equal parts of at most `most`, each a multiple of ALIGN but the last. */
static int64_t tile_of(int64_t extent, int64_t most)
{
    int64_t parts = (extent + most - 1) / most, size = (extent + parts - 1) / parts;
    return (size + ALIGN - 1) / ALIGN * ALIGN;
}

static void compute_tile(const struct product *p, int64_t row, int64_t column)
{
    int64_t m = p->m - row, n = p->n - column;
    m = m < p->tile[0] ? m : p->tile[0];
    n = n < p->tile[1] ? n : p->tile[1];
    float *c = p->c + row * p->n + column;
    const float *a = p->a + (p->a_transposed ? row : row * p->k);
    const float *b = p->b + (p->b_transposed ? column * p->k : column);
    for (int64_t i = 0; p->bias && i < m; i++)
        memcpy(c + i * p->n, p->bias + column, (size_t)n * sizeof *c);
    cblas_sgemm(CblasRowMajor, p->a_transposed ? CblasTrans : CblasNoTrans,
                p->b_transposed ? CblasTrans : CblasNoTrans, (blasint)m, (blasint)n, (blasint)p->k,
                1.0f, a, (blasint)(p->a_transposed ? p->m : p->k), b,
                (blasint)(p->b_transposed ? p->k : p->n), p->bias ? 1.0f : 0.0f, c, (blasint)p->n);
}

static void tiles(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct product *p = arg;
    int64_t across = (p->n + p->tile[1] - 1) / p->tile[1];
    int before = mcd_single_enter();
    (void)worker;
    for (int64_t i = first; i < first + count; i++)
        compute_tile(p, i / across * p->tile[0], i % across * p->tile[1]);
    mcd_single_leave(before);
}

static void multiply(const struct mcd_cpu *cpu, struct product *p)
{
    p->tile[0] = tile_of(p->m, ROWS);
    p->tile[1] = tile_of(p->n, COLUMNS);
    int64_t down = (p->m + p->tile[0] - 1) / p->tile[0];
    int64_t across = (p->n + p->tile[1] - 1) / p->tile[1];
    mcd_cpu_split(cpu, down * across, 1, tiles, p);
}

/* y = x w^T + b */
static int linear(void *state, const struct mcd_step *step, const struct mcd_run *run,
                  struct mcd_error *error)
{
    const struct mcd_tensor *x = &step->in[0], *w = &step->in[1];
    struct product p = {.c = mcd_floats(&step->out),
                        .a = mcd_floats(x),
                        .b = mcd_floats(w),
                        .bias = step->nin > 2 ? mcd_floats(&step->in[2]) : NULL,
                        .m = mcd_rows(x),
                        .n = w->shape.dim[0],
                        .k = w->shape.dim[1],
                        .b_transposed = 1};
    (void)run, (void)error;
    multiply(state, &p);
    return MCD_OK;
}

/* dx = dy w */
static int linear_dx(void *state, const struct mcd_step *step, const struct mcd_run *run,
                     struct mcd_error *error)
{
    const struct mcd_tensor *dy = &step->in[0], *w = &step->in[1];
    struct product p = {.c = mcd_floats(&step->out),
                        .a = mcd_floats(dy),
                        .b = mcd_floats(w),
                        .m = mcd_rows(dy),
                        .n = w->shape.dim[1],
                        .k = w->shape.dim[0]};
    (void)run, (void)error;
    multiply(state, &p);
    return MCD_OK;
}

/* dw = dy^T x */
static int linear_dw(void *state, const struct mcd_step *step, const struct mcd_run *run,
                     struct mcd_error *error)
{
    const struct mcd_tensor *dy = &step->in[0], *x = &step->in[1];
    struct product p = {.c = mcd_floats(&step->out),
                        .a = mcd_floats(dy),
                        .b = mcd_floats(x),
                        .m = step->out.shape.dim[0],
                        .n = step->out.shape.dim[1],
                        .k = mcd_rows(dy),
                        .a_transposed = 1};
    (void)run, (void)error;
    multiply(state, &p);
    return MCD_OK;
}

void mcd_openblas_linear(struct mcd_cpu *cpu, const struct mcd_step *step,
                         struct mcd_kernel *kernel)
{
    mcd_kernel_run run = step->op == MCD_OP_LINEAR      ? linear
                         : step->op == MCD_OP_LINEAR_DX ? linear_dx
                                                        : linear_dw;
    *kernel = (struct mcd_kernel){.run = run, .state = cpu};
}
