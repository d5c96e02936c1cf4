/*
 * The kernel of a layer's own function. All memory is there from the start: a copy of each tensor
 * as the backend has it, and for each worker one row of each in double precision.
 */
#include "core/graph/custom.h"
#include "core/base/error.h"
#include "core/base/host.h"
#include "core/graph/graph.h"

#include <string.h>

enum { TENSORS = MCD_MAX_INPUTS + 1, PIECE = 1 << 14 };

struct custom {
    const struct mcd_host *host;
    const struct mcd_item *backend;
    const struct mcd_step *step;
    uint32_t count;                  /* tensors: the step's inputs, then its output */
    void *copy[TENSORS];             /* as the backend has it */
    int64_t size[TENSORS];           /* elements of a row */
    int64_t at[TENSORS], row;        /* where it lies in a worker's row, and how long that is */
    double *rows;                    /* [workers][row] */
    struct mcd_shape shape[TENSORS]; /* as the function is told them: inputs, output */
    int64_t piece;                   /* rows that are computed at a time */
};

int mcd_op_is_custom(uint32_t op)
{
    return op == MCD_OP_CUSTOM || op == MCD_OP_CUSTOM_DX;
}

static const struct mcd_tensor *tensor(const struct custom *c, uint32_t i)
{
    return i < c->step->nin ? &c->step->in[i] : &c->step->out;
}

static void widen(const struct mcd_tensor *t, const void *copy, int64_t row, int64_t n, double *to)
{
    if (t->type == MCD_F64)
        memcpy(to, (const double *)copy + row * n, (size_t)n * sizeof *to);
    else
        for (int64_t i = 0; i < n; i++)
            to[i] = ((const float *)copy)[row * n + i];
}

static void narrow(const struct mcd_tensor *t, const double *from, int64_t row, int64_t n,
                   void *copy)
{
    if (t->type == MCD_F64)
        memcpy((double *)copy + row * n, from, (size_t)n * sizeof *from);
    else
        for (int64_t i = 0; i < n; i++)
            ((float *)copy)[row * n + i] = (float)from[i];
}

/* The inputs of CUSTOM_DX are dy and those of the function. */
static void compute_row(const struct custom *c, double *row)
{
    const struct mcd_attr_custom *a = &c->step->attr.u.custom;
    const double *in[TENSORS];
    for (uint32_t i = 0; i < c->step->nin; i++)
        in[i] = row + c->at[i];
    double *out = row + c->at[c->step->nin];
    if (c->step->op == MCD_OP_CUSTOM)
        a->function->forward(a->self, c->shape, in, out);
    else
        a->function->backward(a->self, c->shape, (uint32_t)a->input, in + 1, in[0], out);
}

/* What has no rows is the same for all of a piece. */
static void compute_piece(void *arg, uint32_t piece, uint32_t worker)
{
    const struct custom *c = arg;
    const struct mcd_tensor *out = tensor(c, c->step->nin);
    double *row = c->rows + worker * c->row;
    int64_t first = piece * c->piece, rows = out->rows ? out->rows : 1;
    int64_t end = first + c->piece < rows ? first + c->piece : rows;
    for (int64_t v = first; v < end; v++) {
        for (uint32_t i = 0; i < c->step->nin; i++)
            if (tensor(c, i)->rows || v == first)
                widen(tensor(c, i), c->copy[i], tensor(c, i)->rows ? v : 0, c->size[i],
                      row + c->at[i]);
        compute_row(c, row);
        narrow(out, row + c->at[c->step->nin], v, c->size[c->step->nin], c->copy[c->step->nin]);
    }
}

static int run_custom(void *state, const struct mcd_step *step, const struct mcd_run *run,
                      struct mcd_error *error)
{
    const struct custom *c = state;
    const struct mcd_backend *backend = c->backend->plugin->api;
    int64_t rows = step->out.rows ? step->out.rows : 1;
    int status = MCD_OK;
    (void)run;
    for (uint32_t i = 0; !status && i < step->nin; i++)
        status = backend->read(c->backend->self, &step->in[i], c->copy[i], error);
    if (status)
        return status;
    c->host->parallel(c->host, (uint32_t)((rows + c->piece - 1) / c->piece), compute_piece,
                      (void *)c);
    return backend->write(c->backend->self, &step->out, c->copy[step->nin], error);
}

static void release(void *state)
{
    struct custom *c = state;
    for (uint32_t i = 0; i < c->count; i++)
        c->host->release(c->host, c->copy[i]);
    c->host->release(c->host, c->rows);
    c->host->release(c->host, c);
}

/*
 * The function's own inputs and output; CUSTOM_DX has them behind dy, which is shaped like the
 * latter.
 */
static void tell_shapes(struct custom *c)
{
    uint32_t skip = c->step->op == MCD_OP_CUSTOM_DX, n = c->step->nin - skip;
    for (uint32_t i = 0; i < n; i++)
        c->shape[i] = c->step->in[i + skip].shape;
    c->shape[n] = c->step->attr.u.custom.shape;
}

static int allocate(struct custom *c, struct mcd_error *error)
{
    for (uint32_t i = 0; i < c->count; i++) {
        const struct mcd_tensor *t = tensor(c, i);
        c->size[i] = mcd_shape_count(&t->shape);
        c->at[i] = c->row;
        c->row += c->size[i];
        c->copy[i] =
            mcd_host_zalloc(c->host, (size_t)mcd_tensor_count(t) * mcd_type_size(t->type), error);
        if (!c->copy[i])
            return MCD_NOMEM;
    }
    c->piece = PIECE / c->row + 1;
    c->rows = mcd_host_zalloc(c->host, c->host->workers * (size_t)c->row * sizeof *c->rows, error);
    return c->rows ? MCD_OK : MCD_NOMEM;
}

int mcd_custom_kernel(const struct mcd_host *host, const struct mcd_item *backend,
                      const struct mcd_step *step, struct mcd_kernel *kernel,
                      struct mcd_error *error)
{
    struct custom *c = mcd_host_zalloc(host, sizeof *c, error);
    if (!c)
        return MCD_NOMEM;
    c->host = host;
    c->backend = backend;
    c->step = step;
    c->count = step->nin + 1;
    tell_shapes(c);
    int status = allocate(c, error);
    if (status)
        release(c);
    else
        *kernel = (struct mcd_kernel){.run = run_custom, .state = c, .release = release};
    return status;
}
