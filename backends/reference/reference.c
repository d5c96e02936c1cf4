/*
 * reference: plain loops, every sum in double precision. What the other backends are held against;
 * it shares no kernel with them and needs no library. With precision=f64 values are doubles too,
 * for checking gradients.
 */
#include "linalg.h"
#include "ops.h"

#include <mcdrop/param.h>
#include <string.h>

#define PARAMS(X) X(ENUM, precision, "f32", "f32|f64", "type of all values; sums are always f64")

static const struct mcd_param params[] = {PARAMS(MCD_ROW) MCD_PARAM_END};

enum { MAX_OPS = 64, ALIGNMENT = 64, PIECE = 1 << 15, MAX_PIECES = 1 << 20 };

struct reference;

/* One for each op, made with the backend, so that a kernel needs no memory of its own. */
struct offer {
    const struct reference *backend;
    const struct op *op;
};

struct reference {
    const struct mcd_host *host;
    uint32_t type, offers;
    struct offer offer[MAX_OPS];
};

static const struct op *const families[] = {
    linear_ops, conv2d_ops, pool2d_ops, map_ops,    broadcast_ops, softmax_ops,
    noise_ops,  loss_ops,   update_ops, gather_ops, moments_ops,
};

static int create(MCD_CREATE_ARGS PARAMS(MCD_ARG))
{
    struct reference *r = mcd_self_create(host, sizeof *r, self, error);
    if (!r)
        return MCD_NOMEM;
    r->host = host;
    r->type = precision ? MCD_F64 : MCD_F32;
    for (size_t family = 0; family < sizeof families / sizeof *families; family++)
        for (const struct op *op = families[family]; op->op; op++)
            r->offer[r->offers++] = (struct offer){r, op};
    return MCD_OK;
}

static void info(void *self, struct mcd_backend_info *i)
{
    const struct reference *r = self;
    i->type = r->type;
    strcpy(i->device, "CPU");
    strcpy(i->library, "");
}

/* The buffer's struct stands before its contents, one line of alignment away. */
static int alloc(void *self, size_t bytes, struct mcd_buffer **buffer, struct mcd_error *error)
{
    const struct mcd_host *host = ((struct reference *)self)->host;
    char *memory = bytes > SIZE_MAX - ALIGNMENT ? NULL : host->alloc(host, bytes + ALIGNMENT);
    if (!memory)
        return host->fail(error, MCD_NOMEM, "reference", "out of memory: %zu bytes", bytes);
    *buffer = (struct mcd_buffer *)memory;
    **buffer = (struct mcd_buffer){bytes, memory + ALIGNMENT};
    return MCD_OK;
}

static void release(void *self, struct mcd_buffer *buffer)
{
    const struct mcd_host *host = ((struct reference *)self)->host;
    host->release(host, buffer);
}

static size_t tensor_bytes(const struct mcd_tensor *t)
{
    return (size_t)mcd_tensor_count(t) * mcd_type_size(t->type);
}

static int write(void *self, const struct mcd_tensor *to, const void *from, struct mcd_error *error)
{
    (void)self;
    (void)error;
    memcpy(mcd_host_pointer(to), from, tensor_bytes(to));
    return MCD_OK;
}

static int read(void *self, const struct mcd_tensor *from, void *to, struct mcd_error *error)
{
    (void)self;
    (void)error;
    memcpy(to, mcd_host_pointer(from), tensor_bytes(from));
    return MCD_OK;
}

struct cut {
    struct job job;
    void (*compute)(const struct job *, int64_t first, int64_t end);
    int64_t items, piece;
};

static void compute_piece(void *arg, uint32_t i, uint32_t worker)
{
    const struct cut *c = arg;
    int64_t first = i * c->piece, end = first + c->piece;
    (void)worker;
    c->compute(&c->job, first, end < c->items ? end : c->items);
}

/* Cuts the step into pieces of about the same work, whoever computes them. */
static int run_step(void *state, const struct mcd_step *step, const struct mcd_run *run,
                    struct mcd_error *error)
{
    const struct offer *offer = state;
    const struct mcd_host *host = offer->backend->host;
    struct work work = offer->op->work(step);
    struct cut cut = {{step, run}, offer->op->compute, work.items, 1};
    (void)error;
    if (work.cost < PIECE)
        cut.piece = PIECE / (work.cost + 1) + 1;
    if (cut.piece < work.items / MAX_PIECES)
        cut.piece = work.items / MAX_PIECES + 1;
    host->parallel(host, (uint32_t)((work.items + cut.piece - 1) / cut.piece), compute_piece, &cut);
    return MCD_OK;
}

/*
 * All values are of the backend's type, but labels, which may be gathered, too. Moments are f64 and
 * i64 whatever it is; only passes that they begin with are not.
 */
static int types_agree(const struct mcd_step *step, uint32_t type)
{
    int moves_labels = step->op == MCD_OP_GATHER && step->in[0].type == MCD_I32;
    if (step->op == MCD_OP_MOMENTS || step->op == MCD_OP_SUMS)
        return 1;
    if (step->op == MCD_OP_CHANNELS)
        return step->in[0].type == type;
    for (uint32_t i = 0; i < step->nin; i++) {
        int label = mcd_input_is_i32(step->op, i) || moves_labels;
        if (step->in[i].type != (label ? (uint32_t)MCD_I32 : type))
            return 0;
    }
    return step->out.type == (moves_labels ? (uint32_t)MCD_I32 : type);
}

static int kernel(void *self, const struct mcd_step *step, struct mcd_kernel *k,
                  struct mcd_error *error)
{
    struct reference *r = self;
    for (uint32_t i = 0; i < r->offers; i++) {
        const struct op *op = r->offer[i].op;
        if (op->op != step->op)
            continue;
        const char *reason = op->refuse ? op->refuse(step) : NULL;
        if (!reason && !types_agree(step, r->type))
            reason = "a type other than the backend's precision";
        if (reason)
            return r->host->fail(error, MCD_UNSUPPORTED, op->name, "reference cannot do %s",
                                 reason);
        *k = (struct mcd_kernel){.run = run_step, .state = &r->offer[i]};
        return MCD_OK;
    }
    return r->host->fail(error, MCD_UNSUPPORTED, "", "reference does not know op %u", step->op);
}

static const struct mcd_backend api = {
    .size = sizeof api,
    .info = info,
    .alloc = alloc,
    .release = release,
    .write = write,
    .read = read,
    .kernel = kernel,
    .linalg = &mcd_reference_linalg,
};
MCD_PLUGIN(MCD_BACKEND, "reference", "MIT", "plain loops, sums in double precision",
           mcd_self_destroy);
