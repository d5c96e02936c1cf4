/*
 * LINEAR and its gradients: products of whole matrices, cut into tiles of the result.
 *
 * A tile's sums are never divided, so that the number of workers changes no bit. Each shape of tile
 * has an operation of its own, made with the plan. A factor that is a parameter is packed for them:
 * once for each contents that it has, which in prediction means once.
 */
#include "../cpu/openmp.h"
#include "ops.h"

#include <stdatomic.h>

enum { ROWS = 512, COLUMNS = 256, ALIGN = 16 /* columns that a vector register holds */ };

/* c [m, n] = a b (a [m, k], b [k, n], each perhaps stored transposed), plus a bias to each row */
struct product {
    struct mcd_onednn *self;
    int64_t m, n, k, tile[2];
    int a_transposed, b_transposed;
    uint32_t a, b; /* which inputs of the step they are */
    int has_bias, b_kept;

    struct mcd_dnn_op *op[2][2]; /* last row of tiles, last column of tiles, where these differ */
    struct mcd_dnn_op *pack[2];  /* of one column of tiles; NULL: b stays as it is */
    char *packed;                /* for each column of tiles packed_size bytes */
    size_t packed_size, scratch;
    uint64_t version;       /* of what is packed */
    struct mcd_chain chain; /* what follows, on each tile */
};

/* One run. */
struct job {
    const struct product *p;
    struct mcd_chain chain;
    float *c;
    char *a, *b; /* narrow, if that is the type of factors */
    float *bias;
    char *scratch;
    atomic_int failed;
};

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Extent cut into equal parts of at most `most`, each a multiple of `align` but the last. */
static int64_t tile_of(int64_t extent, int64_t most, int64_t align)
{
    int64_t parts = (extent + most - 1) / most, size = (extent + parts - 1) / parts;
    return smaller((size + align - 1) / align * align, extent);
}

static int64_t tiles_along(const struct product *p, int axis)
{
    return ((axis ? p->n : p->m) + p->tile[axis] - 1) / p->tile[axis];
}

static int is_narrow(const struct product *p)
{
    return p->self->type == MCD_DNN_BF16;
}

static size_t element(const struct product *p)
{
    return is_narrow(p) ? sizeof(uint16_t) : sizeof(float);
}

/* ---- running ----------------------------------------------------------------------------- */

/* The rest of a fused step, on a tile. */
static void follow(const struct job *j, int64_t row, int64_t column)
{
    const struct product *p = j->p;
    int64_t end = smaller(row + p->tile[0], p->m), n = smaller(p->tile[1], p->n - column);
    for (; row < end; row++) {
        float *at = j->c + row * p->n + column;
        mcd_chain_piece(&j->chain, at, at, row, column, n);
    }
}

static void tiles(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    struct job *j = arg;
    const struct product *p = j->p;
    const int64_t across = tiles_along(p, 1);
    char *scratch = j->scratch + worker * p->scratch;
    int before = mcd_openmp_enter();
    for (int64_t i = first; i < first + count; i++) {
        int64_t row = i / across * p->tile[0], column = i % across * p->tile[1];
        int last_row = row + p->tile[0] > p->m, last_column = column + p->tile[1] > p->n;
        int64_t a = p->a_transposed ? row : row * p->k;
        int64_t b = p->b_transposed ? column * p->k : column;
        void *data[MCD_DNN_SIDES] = {
            [MCD_DNN_X] = j->a + (size_t)a * element(p),
            [MCD_DNN_W] = p->pack[last_column] ? p->packed + (size_t)(i % across) * p->packed_size
                                               : j->b + (size_t)b * element(p),
            [MCD_DNN_BIAS] = j->bias ? j->bias + column : NULL,
            [MCD_DNN_Y] = j->c + row * p->n + column,
        };
        if (mcd_dnn_run(p->op[last_row][last_column], worker, data, scratch))
            j->failed = 1;
        else if (j->chain.count)
            follow(j, row, column);
    }
    mcd_openmp_leave(before);
}

static void pack(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    struct job *j = arg;
    const struct product *p = j->p;
    int before = mcd_openmp_enter();
    for (int64_t i = first; i < first + count; i++) {
        int64_t column = i * p->tile[1], at = p->b_transposed ? column * p->k : column;
        struct mcd_dnn_op *op = p->pack[column + p->tile[1] > p->n];
        void *data[MCD_DNN_SIDES] = {
            [MCD_DNN_X] = (float *)j->b + at,
            [MCD_DNN_Y] = p->packed + (size_t)i * p->packed_size,
        };
        if (op && mcd_dnn_run(op, worker, data, j->scratch + worker * p->scratch))
            j->failed = 1;
    }
    mcd_openmp_leave(before);
}

static size_t narrow_a(const struct product *p)
{
    return is_narrow(p) ? mcd_onednn_lines((size_t)(p->m * p->k) * sizeof(uint16_t)) : 0;
}

static size_t narrow_b(const struct product *p)
{
    return is_narrow(p) && !p->b_kept ? mcd_onednn_lines((size_t)(p->k * p->n) * sizeof(uint16_t))
                                      : 0;
}

const struct mcd_products mcd_onednn_products = {mcd_openmp_enter, mcd_openmp_leave, mcd_dnn_sgemm,
                                                 1};

/* Packs a parameter, unless that has been done since it changed. */
static void pack_parameter(struct product *p, struct job *j, const struct mcd_tensor *b)
{
    uint64_t version = mcd_cpu_version(b);
    if (!p->packed || (version && version == p->version))
        return;
    mcd_cpu_split(&p->self->cpu, tiles_along(p, 1), 1, pack, j);
    p->version = j->failed ? 0 : version;
}

static int multiply(void *state, const struct mcd_step *step, const struct mcd_run *run,
                    struct mcd_error *error)
{
    struct product *p = state;
    const struct mcd_cpu *cpu = &p->self->cpu;
    float *a = mcd_floats(&step->in[p->a]), *b = mcd_floats(&step->in[p->b]);
    char *workspace = mcd_host_pointer(&step->workspace);
    struct job j = {.p = p, .c = mcd_floats(&step->out), .a = (char *)a, .b = (char *)b};
    j.chain = p->chain;
    j.scratch = workspace + narrow_a(p) + narrow_b(p);
    mcd_chain_start(&j.chain, cpu, run, p->m, j.scratch + cpu->host->workers * p->scratch);
    j.bias = p->has_bias ? mcd_floats(&step->in[2]) : NULL;
    pack_parameter(p, &j, &step->in[p->b]);
    if (narrow_a(p)) {
        mcd_cpu_narrow(cpu, (uint16_t *)workspace, a, p->m * p->k);
        j.a = workspace;
    }
    if (narrow_b(p)) {
        mcd_cpu_narrow(cpu, (uint16_t *)(workspace + narrow_a(p)), b, p->k * p->n);
        j.b = workspace + narrow_a(p);
    }
    mcd_cpu_split(cpu, tiles_along(p, 0) * tiles_along(p, 1), 1, tiles, &j);
    return j.failed ? cpu->host->fail(error, MCD_DEVICE, "onednn", "oneDNN failed in a product")
                    : MCD_OK;
}

/* ---- making ------------------------------------------------------------------------------ */

static struct mcd_dnn_side matrix(int64_t rows, int64_t columns, int64_t down, int64_t right,
                                  enum mcd_dnn_type type)
{
    return (struct mcd_dnn_side){2, {rows, columns}, {down, right}, type};
}

/* b's part for one column of tiles, as it is stored. */
static struct mcd_dnn_side stored(const struct product *p, int64_t n, enum mcd_dnn_type type)
{
    return p->b_transposed ? matrix(p->k, n, 1, p->k, type) : matrix(p->k, n, p->n, 1, type);
}

/* The operation for tiles of one shape. */
static int make_tile(struct product *p, int last_row, int last_column, struct mcd_error *error)
{
    const enum mcd_dnn_type type = p->self->type;
    int64_t m = last_row ? (p->m - 1) % p->tile[0] + 1 : p->tile[0];
    int64_t n = last_column ? (p->n - 1) % p->tile[1] + 1 : p->tile[1];
    struct mcd_dnn_side side[MCD_DNN_SIDES] = {
        [MCD_DNN_X] =
            p->a_transposed ? matrix(m, p->k, 1, p->m, type) : matrix(m, p->k, p->k, 1, type),
        [MCD_DNN_W] = p->b_kept ? matrix(p->k, n, 0, 0, type) : stored(p, n, type),
        [MCD_DNN_Y] = matrix(m, n, p->n, 1, MCD_DNN_F32),
    };
    if (p->has_bias)
        side[MCD_DNN_BIAS] = matrix(1, n, n, 1, MCD_DNN_F32);
    struct mcd_dnn_op **op = &p->op[last_row][last_column];
    int status =
        mcd_dnn_matmul(p->self->dnn, side, last_row ? p->op[0][last_column] : NULL, op, error);
    if (status || last_row || !p->b_kept)
        return status;
    struct mcd_dnn_side plain = stored(p, n, MCD_DNN_F32);
    return mcd_dnn_copy_in(p->self->dnn, *op, MCD_DNN_W, &plain, &p->pack[last_column], error);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* All operations, and how much memory they want. */
static int make_tiles(struct product *p, struct mcd_error *error)
{
    int rows = p->m % p->tile[0] ? 2 : 1, columns = p->n % p->tile[1] ? 2 : 1;
    for (int row = 0; row < rows; row++)
        for (int column = 0; column < columns; column++) {
            int status = make_tile(p, row, column, error);
            if (status)
                return status;
            p->scratch = larger(p->scratch, mcd_dnn_scratch(p->op[row][column]));
            p->scratch = larger(p->scratch, mcd_dnn_scratch(p->pack[column]));
            p->packed_size = larger(p->packed_size, mcd_dnn_bytes(p->op[row][column], MCD_DNN_W));
        }
    p->scratch = mcd_onednn_lines(p->scratch);
    p->packed_size = mcd_onednn_lines(p->packed_size);
    return MCD_OK;
}

static void release(void *state)
{
    struct product *p = state;
    const struct mcd_host *host = p->self->cpu.host;
    for (int i = 0; i < 2; i++) {
        for (int k = 0; k < 2; k++)
            mcd_dnn_op_destroy(p->op[i][k]);
        mcd_dnn_op_destroy(p->pack[i]);
    }
    host->release(host, p->packed);
    host->release(host, p);
}

static int make_packed(struct product *p, struct mcd_error *error)
{
    const struct mcd_host *host = p->self->cpu.host;
    if (!p->pack[0] && !p->pack[1])
        return MCD_OK;
    p->packed = host->alloc(host, (size_t)tiles_along(p, 1) * p->packed_size);
    return p->packed ? MCD_OK : host->fail(error, MCD_NOMEM, "onednn", "out of memory");
}

/* What the op multiplies. */
static struct product product_of(const struct mcd_step *step)
{
    const struct mcd_tensor *in = step->in;
    switch (mcd_first_op(step)) {
    case MCD_OP_LINEAR: /* y = x w^T + b */
        return (struct product){.m = mcd_rows(&in[0]),
                                .n = in[1].shape.dim[0],
                                .k = in[1].shape.dim[1],
                                .b_transposed = 1,
                                .b = 1,
                                .b_kept = 1,
                                .has_bias = step->nin > 2};
    case MCD_OP_LINEAR_DX: /* dx = dy w */
        return (struct product){.m = mcd_rows(&in[0]),
                                .n = in[1].shape.dim[1],
                                .k = in[1].shape.dim[0],
                                .b = 1,
                                .b_kept = 1};
    default: /* dw = dy^T x */
        return (struct product){.m = step->out.shape.dim[0],
                                .n = step->out.shape.dim[1],
                                .k = mcd_rows(&in[0]),
                                .a_transposed = 1,
                                .b = 1};
    }
}

int mcd_onednn_linear(struct mcd_onednn *self, const struct mcd_step *step,
                      struct mcd_kernel *kernel, struct mcd_error *error)
{
    const struct mcd_host *host = self->cpu.host;
    struct product *p = host->alloc(host, sizeof *p);
    if (!p)
        return host->fail(error, MCD_NOMEM, "onednn", "out of memory");
    *p = product_of(step);
    p->self = self;
    int status = mcd_chain_make_pieces(&self->cpu, step, &p->chain, error);
    p->tile[0] = tile_of(p->m, ROWS, ALIGN);
    p->tile[1] = tile_of(p->n, COLUMNS, p->chain.count ? MCD_CHAIN_ALIGN : ALIGN);
    if (!status)
        status = make_tiles(p, error);
    if (!status)
        status = make_packed(p, error);
    if (status) {
        release(p);
        return status;
    }
    *kernel = (struct mcd_kernel){
        .run = multiply,
        .state = p,
        .release = release,
        .workspace = narrow_a(p) + narrow_b(p) + host->workers * p->scratch +
                     mcd_chain_bytes(&p->chain, p->m),
    };
    return MCD_OK;
}
