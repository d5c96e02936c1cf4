/*
 * loops: a backend in single precision, one plain function an op. It has what networks of linear
 * layers, relu, tanh and dropout need to be trained as regressions, and so what any of them needs
 * to predict, and refuses all else.
 *
 *     make
 *     mcdrop check ./loops.so
 *     mcdrop --model mlp2:hidden=64x64 --backend ./loops.so --epochs 200 --out run
 */
#include <math.h>
#include <mcdrop/backend.h>

enum { ALIGNMENT = 64 };

static const struct mcd_param params[] = {MCD_PARAM_END};

struct own {
    const struct mcd_host *host;
};

static int create(MCD_CREATE_ARGS)
{
    struct own *own = (struct own *)mcd_self_create(host, sizeof *own, self, error);
    if (!own)
        return MCD_NOMEM;
    own->host = host;
    return MCD_OK;
}

static void info(void *self, struct mcd_backend_info *i)
{
    (void)self;
    i->type = MCD_F32;
    strcpy(i->device, "CPU, 1 thread");
}

/* ---- memory ------------------------------------------------------------------------------ */

/* The struct stands before its contents, in a line of alignment. */
static int alloc(void *self, size_t bytes, struct mcd_buffer **buffer, struct mcd_error *error)
{
    const struct mcd_host *host = ((const struct own *)self)->host;
    char *memory = NULL;
    if (bytes <= SIZE_MAX - ALIGNMENT)
        memory = (char *)host->alloc(host, bytes + ALIGNMENT);
    if (!memory)
        return host->fail(error, MCD_NOMEM, "loops", "%zu bytes are not to be had", bytes);
    *buffer = (struct mcd_buffer *)memory;
    (*buffer)->bytes = bytes;
    (*buffer)->host = memory + ALIGNMENT;
    return MCD_OK;
}

static void release(void *self, struct mcd_buffer *buffer)
{
    const struct mcd_host *host = ((const struct own *)self)->host;
    host->release(host, buffer);
}

static size_t bytes_of(const struct mcd_tensor *t)
{
    return (size_t)mcd_tensor_count(t) * mcd_type_size(t->type);
}

static int write(void *self, const struct mcd_tensor *to, const void *from, struct mcd_error *error)
{
    (void)self, (void)error;
    memcpy(mcd_host_pointer(to), from, bytes_of(to));
    return MCD_OK;
}

static int read(void *self, const struct mcd_tensor *from, void *to, struct mcd_error *error)
{
    (void)self, (void)error;
    memcpy(to, mcd_host_pointer(from), bytes_of(from));
    return MCD_OK;
}

/* ---- ops: `s` is the step. Sums are in double precision ---------------------------------- */

static int64_t rows_of(const struct mcd_tensor *t)
{
    return t->rows ? t->rows : 1;
}

/* What row v reads: its own row, one that passes share, or the only one of a parameter. */
static float *row(const struct mcd_tensor *t, int64_t v)
{
    return (float *)mcd_host_pointer(t) + v % rows_of(t) * mcd_shape_count(&t->shape);
}

/* y = w x + b */
static void linear(const struct mcd_step *s)
{
    int64_t outputs = s->in[1].shape.dim[0], inputs = s->in[1].shape.dim[1];
    const float *w = row(&s->in[1], 0), *b = s->nin == 3 ? row(&s->in[2], 0) : NULL;
    for (int64_t v = 0; v < rows_of(&s->out); v++)
        for (int64_t o = 0; o < outputs; o++) {
            const float *x = row(&s->in[0], v);
            double sum = b ? b[o] : 0;
            for (int64_t i = 0; i < inputs; i++)
                sum += (double)w[o * inputs + i] * x[i];
            row(&s->out, v)[o] = (float)sum;
        }
}

/*
 * y = sum of factor[k * stride] times row k of m, which has `count` rows of n numbers: row by row, as
 * they lie in memory, a strip at a time, whose sums stay at hand.
 */
static void add_rows(float *y, int64_t n, const float *m, int64_t count, const float *factor,
                     int64_t stride)
{
    enum { STRIP = 64 };
    for (int64_t first = 0; first < n; first += STRIP) {
        double sum[STRIP] = {0};
        int64_t width = n - first;
        if (width > STRIP)
            width = STRIP;
        for (int64_t k = 0; k < count; k++)
            for (int64_t i = 0; i < width; i++)
                sum[i] += (double)factor[k * stride] * m[k * n + first + i];
        for (int64_t i = 0; i < width; i++)
            y[first + i] = (float)sum[i];
    }
}

/* (dy, w, x) -> dx = w^T dy */
static void linear_dx(const struct mcd_step *s)
{
    int64_t outputs = s->in[1].shape.dim[0], inputs = s->in[1].shape.dim[1];
    for (int64_t v = 0; v < rows_of(&s->out); v++)
        add_rows(row(&s->out, v), inputs, row(&s->in[1], 0), outputs, row(&s->in[0], v), 1);
}

/* (dy, x) -> dw = sum of dy x^T over rows */
static void linear_dw(const struct mcd_step *s)
{
    int64_t outputs = s->out.shape.dim[0], inputs = s->out.shape.dim[1];
    const float *dy = row(&s->in[0], 0), *x = row(&s->in[1], 0);
    for (int64_t o = 0; o < outputs; o++)
        add_rows(row(&s->out, 0) + o * inputs, inputs, x, rows_of(&s->in[0]), dy + o, outputs);
}

static double mapped(int64_t function, double x)
{
    if (function == MCD_RELU)
        return x <= 0 ? 0 : x; /* a NaN passes */
    return tanh(x);
}

/* The derivative at x, where y is the value. */
static double slope(int64_t function, double x, double y)
{
    if (function == MCD_RELU)
        return x <= 0 ? 0 : 1;
    return 1 - y * y;
}

static void map(const struct mcd_step *s)
{
    const float *x = row(&s->in[0], 0);
    float *y = row(&s->out, 0);
    for (int64_t i = 0; i < mcd_tensor_count(&s->out); i++)
        y[i] = (float)mapped(s->attr.u.map.function, x[i]);
}

/* (dy, x, y) -> dx */
static void map_dx(const struct mcd_step *s)
{
    const float *dy = row(&s->in[0], 0), *x = row(&s->in[1], 0), *y = row(&s->in[2], 0);
    float *dx = row(&s->out, 0);
    for (int64_t i = 0; i < mcd_tensor_count(&s->out); i++)
        dx[i] = (float)(dy[i] * slope(s->attr.u.map.function, x[i], y[i]));
}

/* The sum over rows. */
static void reduce(const struct mcd_step *s)
{
    const float one = 1;
    add_rows(row(&s->out, 0), mcd_shape_count(&s->out.shape), row(&s->in[0], 0), rows_of(&s->in[0]),
             &one, 0);
}

/* Whether unit u of row v is dropped: the sampler's bits, or those of the row's address. */
static void dropped(const struct mcd_step *s, const struct mcd_run *run, uint32_t v, uint32_t block,
                    uint32_t out[4])
{
    const struct mcd_attr_drop *a = &s->attr.u.drop;
    uint32_t site = (uint32_t)a->site, words = (uint32_t)((a->units + 31) / 32);
    if (run->bits && run->bits[site]) {
        for (uint32_t i = 0; i < 4 && 4 * block + i < words; i++)
            out[i] = run->bits[site][(size_t)v * words + 4 * block + i];
        return;
    }
    struct mcd_address at = mcd_run_address(run, site, v);
    mcd_drop_block(&at, block, mcd_threshold(a->p), mcd_run_flip(run, site, v), out);
}

static void drop(const struct mcd_step *s, const struct mcd_run *run)
{
    const struct mcd_attr_drop *a = &s->attr.u.drop;
    double scale = 1 / (1 - a->p);
    uint32_t out[4] = {0, 0, 0, 0};
    for (uint32_t v = 0; v < rows_of(&s->out); v++)
        for (int64_t u = 0; u < a->units; u++) {
            if (u % 128 == 0 && a->p > 0 && a->p < 1) /* else nobody has numbers for the site */
                dropped(s, run, v, (uint32_t)(u / 128), out);
            int gone = a->p >= 1 || (out[u % 128 / 32] >> u % 32 & 1);
            for (int64_t i = u * a->span; i < (u + 1) * a->span; i++)
                row(&s->out, v)[i] = gone ? 0 : (float)(row(&s->in[0], v)[i] * scale);
        }
}

/* ---- losses and updates ------------------------------------------------------------------ */

static void mse(const struct mcd_step *s)
{
    int64_t n = mcd_tensor_count(&s->in[0]);
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double d = (double)row(&s->in[0], 0)[i] - row(&s->in[1], 0)[i];
        sum += d * d;
    }
    *row(&s->out, 0) = (float)(sum / (double)n);
}

static void mse_dx(const struct mcd_step *s)
{
    const float *a = row(&s->in[1], 0), *b = row(&s->in[2], 0);
    int64_t n = mcd_tensor_count(&s->in[1]);
    double scale = 2 * (double)*row(&s->in[0], 0) / (double)n;
    for (int64_t i = 0; i < n; i++)
        row(&s->out, 0)[i] = (float)(scale * ((double)a[i] - b[i]));
}

static void sgd(const struct mcd_step *s, const struct mcd_run *run)
{
    const struct mcd_attr_sgd *a = &s->attr.u.sgd;
    const float *dw = row(&s->in[1], 0);
    double rate = mcd_step_rate(s, run, a->rate);
    float *w = row(&s->in[0], 0), *velocity = s->nin == 3 ? row(&s->in[2], 0) : NULL;
    for (int64_t i = 0; i < mcd_tensor_count(&s->out); i++) {
        double change = dw[i] + a->decay * w[i];
        if (velocity)
            velocity[i] = (float)(change += a->momentum * velocity[i]);
        w[i] = (float)(w[i] - rate * change);
    }
}

static void adam(const struct mcd_step *s, const struct mcd_run *run)
{
    const struct mcd_attr_adam *a = &s->attr.u.adam;
    float *w = row(&s->in[0], 0), *m = row(&s->in[2], 0), *v = row(&s->in[3], 0);
    double t = (double)run->update + 1, rate = mcd_step_rate(s, run, a->rate);
    double mean_bias = 1 - pow(a->beta1, t), square_bias = 1 - pow(a->beta2, t);
    for (int64_t i = 0; i < mcd_tensor_count(&s->out); i++) {
        double dw = row(&s->in[1], 0)[i] + a->decay * w[i];
        double mean = a->beta1 * m[i] + (1 - a->beta1) * dw;
        double square = a->beta2 * v[i] + (1 - a->beta2) * dw * dw;
        double size = sqrt(square / square_bias) + a->epsilon;
        m[i] = (float)mean;
        v[i] = (float)square;
        w[i] = (float)(w[i] - rate * (mean / mean_bias) / size);
    }
}

/* ---- what there is ----------------------------------------------------------------------- */

/* What is computed from the step alone has `compute`; what needs to know the run has `with_run`. */
struct op {
    uint32_t op;
    void (*compute)(const struct mcd_step *);
    void (*with_run)(const struct mcd_step *, const struct mcd_run *);
};

static const struct op ops[] = {
    {MCD_OP_LINEAR, linear, NULL}, {MCD_OP_LINEAR_DX, linear_dx, NULL},
    {MCD_OP_MAP, map, NULL},       {MCD_OP_LINEAR_DW, linear_dw, NULL},
    {MCD_OP_MSE, mse, NULL},       {MCD_OP_MAP_DX, map_dx, NULL},
    {MCD_OP_DROP, NULL, drop},     {MCD_OP_MSE_DX, mse_dx, NULL},
    {MCD_OP_ADAM, NULL, adam},     {MCD_OP_REDUCE, reduce, NULL},
    {MCD_OP_SGD, NULL, sgd},
};

/* Why a step cannot be done, or NULL. What graph.h demands of shapes is the core's to check. */
static const char *refused(const struct mcd_step *s)
{
    const struct mcd_attr_reduce *sum = &s->attr.u.reduce;
    for (uint32_t i = 0; i < s->nin; i++)
        if (s->in[i].type != MCD_F32)
            return "works in single precision";
    if ((s->op == MCD_OP_MAP || s->op == MCD_OP_MAP_DX) && s->attr.u.map.function > MCD_TANH)
        return "has relu and tanh alone";
    if (s->op == MCD_OP_REDUCE && (sum->kind != MCD_SUM || !sum->over_rows ||
                                   !mcd_shape_equal(&s->in[0].shape, &s->out.shape)))
        return "sums over rows alone";
    if (s->op == MCD_OP_DROP && s->attr.u.drop.law != MCD_BERNOULLI)
        return "drops by Bernoulli's law alone";
    return NULL;
}

static int run_step(void *state, const struct mcd_step *step, const struct mcd_run *run,
                    struct mcd_error *error)
{
    const struct op *op = (const struct op *)state;
    (void)error;
    if (op->compute)
        op->compute(step);
    else
        op->with_run(step, run);
    return MCD_OK;
}

static int kernel(void *self, const struct mcd_step *step, struct mcd_kernel *k,
                  struct mcd_error *error)
{
    const struct mcd_host *host = ((const struct own *)self)->host;
    const char *reason = "does not know this op";
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (ops[i].op == step->op) {
            reason = refused(step);
            k->run = run_step;
            k->state = (void *)&ops[i];
            break;
        }
    return reason ? host->fail(error, MCD_UNSUPPORTED, "loops", "%s", reason) : MCD_OK;
}

static const struct mcd_backend api = {.size = sizeof api,
                                       .info = info,
                                       .alloc = alloc,
                                       .release = release,
                                       .write = write,
                                       .read = read,
                                       .kernel = kernel};
MCD_PLUGIN(MCD_BACKEND, "loops", "MIT", "plain code in single precision", mcd_self_destroy);
