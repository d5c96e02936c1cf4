/*
 * LINEAR and its gradients: products of whole matrices, cut into tiles of the result.
 *
 * A tile's sums are never divided, so that the number of workers changes no bit. Tiles of up to
 * 512 x 256 are nearly as fast as the whole, and there are enough of them for some workers.
 */
#include "products.h"

#include <stdatomic.h>
#include <string.h>

enum { ROWS = 512, COLUMNS = 256, ALIGN = 16 /* columns that a vector register holds */ };

/* c [m, n] = a b (a [m, k], b [k, n], each perhaps stored transposed), plus a bias to each row */
struct product {
    const struct mcd_products *by;
    float *c;
    const float *a, *b, *bias; /* bias NULL: none */
    int64_t m, n, k;
    int a_transposed, b_transposed;
    int64_t tile[2];               /* rows and columns of a tile */
    const struct mcd_chain *chain; /* what follows, on each tile */
    atomic_int failed;
};

/* Extent cut into equal parts of at most `most`, each a multiple of `align` but the last. */
static int64_t tile_of(int64_t extent, int64_t most, int64_t align)
{
    int64_t parts = (extent + most - 1) / most, size = (extent + parts - 1) / parts;
    return (size + align - 1) / align * align;
}

static void compute_tile(struct product *p, int64_t row, int64_t column)
{
    int64_t m = p->m - row, n = p->n - column;
    m = m < p->tile[0] ? m : p->tile[0];
    n = n < p->tile[1] ? n : p->tile[1];
    float *c = p->c + row * p->n + column;
    const float *a = p->a + (p->a_transposed ? row : row * p->k);
    const float *b = p->b + (p->b_transposed ? column * p->k : column);
    for (int64_t i = 0; p->bias && i < m; i++)
        memcpy(c + i * p->n, p->bias + column, (size_t)n * sizeof *c);
    p->failed |= p->by->multiply(p->a_transposed, p->b_transposed, m, n, p->k, a,
                                 p->a_transposed ? p->m : p->k, b, p->b_transposed ? p->k : p->n,
                                 p->bias ? 1.0f : 0.0f, c, p->n);
    for (int64_t i = 0; p->chain->count && i < m; i++)
        mcd_chain_piece(p->chain, c + i * p->n, c + i * p->n, row + i, column, n);
}

static void tiles(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    struct product *p = arg;
    int64_t across = (p->n + p->tile[1] - 1) / p->tile[1];
    int before = p->by->enter();
    (void)worker;
    for (int64_t i = first; i < first + count; i++)
        compute_tile(p, i / across * p->tile[0], i % across * p->tile[1]);
    p->by->leave(before);
}

/* What the op multiplies: y = x w^T + b, dx = dy w or dw = dy^T x. */
static struct product product_of(const struct mcd_step *step)
{
    const struct mcd_tensor *in = step->in;
    struct product p = {
        .c = mcd_floats(&step->out), .a = mcd_floats(&in[0]), .b = mcd_floats(&in[1])};
    switch (mcd_first_op(step)) {
    case MCD_OP_LINEAR:
        p.bias = step->nin > 2 ? mcd_floats(&in[2]) : NULL;
        p.b_transposed = 1;
        p.m = mcd_rows(&in[0]);
        p.n = in[1].shape.dim[0];
        p.k = in[1].shape.dim[1];
        break;
    case MCD_OP_LINEAR_DX:
        p.m = mcd_rows(&in[0]);
        p.n = in[1].shape.dim[1];
        p.k = in[1].shape.dim[0];
        break;
    default:
        p.a_transposed = 1;
        p.m = step->out.shape.dim[0];
        p.n = step->out.shape.dim[1];
        p.k = mcd_rows(&in[0]);
    }
    return p;
}

/* `chain` is what follows, started. */
static int compute(const struct mcd_cpu *cpu, const struct mcd_products *products,
                   const struct mcd_chain *chain, const struct mcd_step *step,
                   struct mcd_error *error)
{
    struct product p = product_of(step);
    p.by = products;
    p.chain = chain;
    p.tile[0] = tile_of(p.m, ROWS, ALIGN);
    p.tile[1] = tile_of(p.n, COLUMNS, chain->count ? MCD_CHAIN_ALIGN : ALIGN);
    int64_t down = (p.m + p.tile[0] - 1) / p.tile[0];
    int64_t across = (p.n + p.tile[1] - 1) / p.tile[1];
    mcd_cpu_split(cpu, down * across, 1, tiles, &p);
    return p.failed ? cpu->host->fail(error, MCD_DEVICE, "linear", "a product of matrices failed")
                    : MCD_OK;
}

/* A kernel's state. */
struct linear {
    struct mcd_cpu *cpu;
    const struct mcd_products *products;
    struct mcd_chain chain;
};

static int multiply(void *state, const struct mcd_step *step, const struct mcd_run *run,
                    struct mcd_error *error)
{
    const struct linear *l = state;
    struct mcd_chain chain = l->chain;
    mcd_chain_start(&chain, l->cpu, run, mcd_rows(&step->out), mcd_floats(&step->workspace));
    return compute(l->cpu, l->products, &chain, step, error);
}

static void release(void *state)
{
    const struct linear *l = state;
    l->cpu->host->release(l->cpu->host, state);
}

int mcd_cpu_linear(struct mcd_cpu *cpu, const struct mcd_products *products,
                   const struct mcd_step *step, struct mcd_kernel *kernel, struct mcd_error *error)
{
    struct mcd_chain chain;
    int status = mcd_chain_make_pieces(cpu, step, &chain, error);
    if (status)
        return status;
    struct linear *l = cpu->host->alloc(cpu->host, sizeof *l);
    if (!l)
        return cpu->host->fail(error, MCD_NOMEM, "linear", "out of memory");
    *l = (struct linear){cpu, products, chain};
    *kernel = (struct mcd_kernel){.run = multiply,
                                  .state = l,
                                  .release = release,
                                  .workspace = mcd_chain_bytes(&chain, mcd_rows(&step->out))};
    return MCD_OK;
}
