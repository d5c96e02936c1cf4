/*
 * The graph: a layer or model records what happens to one row of input; it computes nothing.
 *
 * Recording functions append an op and return its value. Value 0 stands for a failure; every op
 * that is given one returns one, so that nothing needs checking between ops: the first failure is
 * kept by the graph and reported by whoever started the recording. The core differentiates the
 * graph in reverse, so that a layer made of these ops needs no code for its gradient and runs on
 * every backend.
 *
 * A graph is recorded by one thread. Values belong to the graph and are valid while it is
 * recorded. Recording never crashes over wrong inputs, shapes or attributes: it fails, and says
 * what would be right.
 *
 * Numbers are what IEEE arithmetic gives in the backend's type, up to rounding: no op hides a NaN
 * or an infinity that its input has, unless its definition here says so.
 */
#ifndef MCDROP_GRAPH_H
#define MCDROP_GRAPH_H

#include <mcdrop/tensor.h>
#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A value of the graph: a tensor of each row, or without rows. 0: a failure. */
typedef uint32_t mcd_val;

/*
 * The ops. Shapes are those of one row; r(x) is whether x has rows (parameters have none). Unless
 * said otherwise the result has rows if any input has.
 */
enum mcd_op {
    MCD_OP_NONE = 0,

    /* (x [in], w [out, in], optional b [out]) -> [out]: y = w x + b. w and b without rows. */
    MCD_OP_LINEAR,

    /*
     * (x [c, h, w], k [o, c, kh, kw], optional b [o]) -> [o, h', w']: correlation, zeros beyond
     * the image. k and b without rows. h' = floor((h + 2 pad - dilation (kh - 1) - 1) / stride) + 1
     */
    MCD_OP_CONV2D,

    /*
     * (x [c, h, w]) -> [c, h', w'], h' as above without dilation; pad is at most half of the
     * window. The mean is of what lies in the image alone. The maximum never takes the padding;
     * of equals it is the first in row-major order, and where there are NaN it is the last of
     * these, so that none is lost.
     */
    MCD_OP_POOL2D,

    MCD_OP_MAP,    /* (x) -> the same shape, a function of each element */
    MCD_OP_BINARY, /* (a, b) -> add, sub, mul, div, numpy's broadcasting of trailing dimensions */
    MCD_OP_AFFINE, /* (x) -> scale x + shift, constants of the recording */

    /*
     * (x) -> attr.shape: sum or mean over every dimension that is 1 or missing there (from the
     * left). Rows stay unless attr.over_rows; then the sum or mean is over them too.
     */
    MCD_OP_REDUCE,

    /*
     * (x) -> attr.shape, the reverse: repeated along dimensions that are 1 or missing in x. Has
     * rows if x has or attr.over_rows.
     */
    MCD_OP_EXPAND,

    MCD_OP_SOFTMAX,    /* (x [..., k]) -> the same shape, over the last dimension, stably */
    MCD_OP_LOGSOFTMAX, /* its logarithm, stably */
    MCD_OP_RESHAPE,    /* (x) -> attr.shape with as many elements. No backend ever sees it: the
                          planner makes it another view of the same memory */

    MCD_OP_DROP,  /* (x) -> x times noise of mean 1, see struct mcd_attr_drop; always has rows. A
                     dropped element is 0, whatever it was */
    MCD_OP_NOISE, /* (x) -> noise of x's shape, not a function of x; always has rows */

    /*
     * (logits [k], label [] of i32) -> [], no rows: mean over rows of
     * logsumexp(logits) - logits[label], in nats. Both inputs have rows. A label outside 0 .. k - 1
     * is the user's mistake: the backend refuses the run with MCD_INVALID or gives NaN, here and in
     * XENT_DX, but never reads out of bounds.
     */
    MCD_OP_XENT,

    MCD_OP_MSE, /* (a, b, equal shapes) -> [], no rows: mean over rows and elements of (a - b)^2;
                   both have rows or neither */

    /*
     * (x, up to 3) -> attr.custom.shape: a layer's own function of a row, struct mcd_custom. No
     * backend ever sees it: the core computes it in host memory.
     */
    MCD_OP_CUSTOM,

    /*
     * Gradients and updates: appended by the core, for backends to compute, not for recording.
     * dy is the derivative of the loss with respect to the op's output, attr that of the op.
     */
    MCD_OP_LINEAR_DX = 64, /* (dy, w, x) -> dx; x only for its shape */
    MCD_OP_LINEAR_DW,      /* (dy, x) -> dw, summed over rows */
    MCD_OP_CONV2D_DX,      /* (dy, k, x) -> dx; x only for its shape */
    MCD_OP_CONV2D_DW,      /* (dy, x, k) -> dk, summed over rows; k only for its shape */
    MCD_OP_POOL2D_DX,      /* (dy, x) -> dx; a maximum's goes to the element that it took */
    MCD_OP_MAP_DX,         /* (dy, x, y) -> dx, where y = map(x) */
    MCD_OP_SOFTMAX_DX,     /* (dy, y) -> dx = y (dy - sum of dy y), sums over the last dimension */
    MCD_OP_LOGSOFTMAX_DX,  /* (dy, y) -> dx = dy - e^y times the sum of dy */
    MCD_OP_XENT_DX,        /* (dy [], logits, label) -> dy / rows (softmax - 1 at the label) */
    MCD_OP_MSE_DX,         /* (dy [], a, b) -> da = dy 2 (a - b) / (rows x elements); db = -da */
    MCD_OP_SGD,       /* (w, dw, velocity) -> w in place; velocity too, absent if momentum is 0 */
    MCD_OP_ADAM,      /* (w, dw, m, v) -> w in place; m and v too; the step is mcd_run.update + 1 */
    MCD_OP_CUSTOM_DX, /* (dy, x, ...) -> of input attr.custom.input, in each row; the core's too */
    MCD_OP_FUSED,     /* a chain of others that the planner makes one step: see struct mcd_part */

    /*
     * (table [n, ...], order [m] of i32) -> [...] with rows, of the table's type, which may be i32:
     * row r is table[order[mcd_run.first_place + r]]. Both inputs without rows; depends on no pass.
     * A place outside 0 .. m - 1, or a row outside 0 .. n - 1, is never read: the backend refuses
     * the run with MCD_INVALID, or gives a row of NaN, of -1 for i32. The core's own, for data that
     * stay in a backend's memory; never part of MCD_OP_FUSED.
     */
    MCD_OP_GATHER,

    /*
     * The passes of a prediction, summarised where they are: at the end of its body, appended by
     * the core where the backend's memory is not the host's. mcdrop/moments.h says what is
     * computed; values are f64 or i64 whatever the backend's type. A backend that refuses them
     * gives the passes themselves to the core. None is ever part of MCD_OP_FUSED.
     */

    /*
     * (y) -> [channels] of f64, for each pass: outputs offset + scale y, and in classification
     * their probabilities, and the entropy of these as the last one.
     */
    MCD_OP_CHANNELS,

    /*
     * (channels [c], tree [levels, m, c]) -> [m, c], all f64, with the run's input rows, no passes:
     * means and M2, and where attr.group > 1 (then m is 4, else 2) means and M2 of the means of
     * groups, of this run's passes and those that the tree joins with them. Let mcd_run.joined in
     * binary end in l ones: this run's moments are joined with level 0 of the tree, passes before
     * its own, the result with level 1 and so on, l times, never more than there are levels. What
     * comes of it is also kept as level l, if there is one. So after 2^l runs it is of all of them.
     * Passes of a run are a multiple of attr.group.
     */
    MCD_OP_MOMENTS,

    /*
     * (sums [MCD_BATCHES, 2 n + 1] of i64, channels [2 n + 1] of f64) -> sums in place, with the
     * run's input rows: for each batch and each of n classes the probabilities in units, the passes
     * in which its output was the largest, the first of equals; and the entropies in units. Run
     * mcd_run.summed 0 starts anew, others add. Numbers that are not finite count as 0.
     */
    MCD_OP_SUMS
};

enum mcd_pool { MCD_POOL_MAX = 0, MCD_POOL_MEAN };
enum mcd_map {
    MCD_RELU = 0, /* 0 for x <= 0, else x: NaN passes; derivative 0 at 0, 1 at NaN */
    MCD_TANH,
    MCD_SIGMOID,
    MCD_EXP,
    MCD_LOG,      /* natural; NaN below 0 */
    MCD_SQRT,     /* NaN below 0 */
    MCD_SOFTPLUS, /* log(1 + e^x), stable for either sign */
    MCD_GELU      /* x Phi(x), exact (erf), Hendrycks & Gimpel 2016; NaN at -inf */
};
enum mcd_binary { MCD_ADD = 0, MCD_SUB, MCD_MUL, MCD_DIV };
enum mcd_reduce { MCD_SUM = 0, MCD_MEAN };
enum mcd_law {
    MCD_BERNOULLI = 0, /* DROP: 0 with probability p, else 1 / (1 - p); p = 1 gives zeros */
    MCD_GAUSSIAN, /* DROP: normal, mean 1, variance p / (1 - p), p < 1 (Srivastava et al. 2014);
                     NOISE: standard normal */
    MCD_UNIFORM   /* NOISE: uniform in the open interval (0, 1) */
};

struct mcd_attr_conv {
    int64_t stride[2], pad[2], dilation[2]; /* height, width */
};
struct mcd_attr_pool {
    int64_t kind, window[2], stride[2], pad[2];
};
struct mcd_attr_reduce {
    struct mcd_shape shape;
    int64_t kind, over_rows; /* kind: enum mcd_reduce; EXPAND ignores it */
};
/*
 * DROP and NOISE alike. One random number serves `span` successive elements of a row: 1 for units,
 * height x width for whole channels; `span` divides the number of elements. Unit u serves elements
 * u span ... (u + 1) span - 1, and its number is that of unit u at the row's address (random.h):
 * mcd_drop_block for the Bernoulli law, mcd_normal and mcd_uniform for the others; how a pass reads
 * it (stream, flip) says mcd_run. Recording sets law, span and, for DROP, p; `site`, in recording
 * order, and `units` are filled in by the core.
 */
struct mcd_attr_drop {
    int64_t law, site, units, span; /* units * span = elements of a row */
    double p;                       /* DROP only */
};
/*
 * dw += decay w; velocity = momentum velocity + dw; w -= rate velocity. Here and in Adam a run may
 * multiply the rate: mcd_step_rate (backend.h).
 */
struct mcd_attr_sgd {
    double rate, momentum, decay;
};
/*
 * Kingma & Ba 2015, as PyTorch's Adam: dw += decay w; m = beta1 m + (1 - beta1) dw; v = beta2 v +
 * (1 - beta2) dw^2; w -= rate m' / (sqrt(v') + epsilon) with m' = m / (1 - beta1^t), v' = v / (1 -
 * beta2^t) and t the step.
 */
struct mcd_attr_adam {
    double rate, beta1, beta2, epsilon, decay;
};

/*
 * A function that no op here is, and its derivative: one row of each of n inputs to one row of
 * output. Both are called with rows in any order, several at a time from different threads, and
 * compute in double precision whatever the backend's type is: the core brings values to host memory
 * and back, which takes time, and is the reason to record other ops where they do. A value without
 * rows is the same at each call. Neither may allocate, and neither can fail: what is wrong shows as
 * NaN. The answer depends on the arguments alone.
 *
 * `self` is what the layer recorded, shape[0 .. n - 1] are those of the inputs, shape[n] that of
 * the output, and values lie dense and row-major in shape's order. Constant, as long as the plugin
 * lives.
 */
struct mcd_custom {
    uint32_t size;
    void (*forward)(const void *self, const struct mcd_shape *shape, const double *const *x,
                    double *y);

    /*
     * The derivative of the loss with respect to x[input], given that with respect to y: sets all
     * of dx, shaped like x[input]. NULL: training is refused.
     */
    void (*backward)(const void *self, const struct mcd_shape *shape, uint32_t input,
                     const double *const *x, const double *dy, double *dx);
};
struct mcd_attr_custom {
    const struct mcd_custom *function;
    const void *self; /* the layer's, kept with the layer while anything runs; NULL is fine */
    int64_t input;    /* CUSTOM_DX only */
    struct mcd_shape shape;
};
/* CHANNELS: task, offset and scale; MOMENTS and SUMS: group. */
struct mcd_attr_moments {
    int64_t task;         /* enum mcd_task (model.h) */
    int64_t group;        /* passes, see sampler.h */
    const double *offset; /* by output, in host memory, as long as the plan lives; NULL: 0 */
    const double *scale;  /* likewise; NULL, where offset is, too: 1 */
};

/* Which member counts follows from the op; the rest is zero. */
struct mcd_attr {
    union {
        uint64_t room[16]; /* fixes the size for later ops */
        struct mcd_attr_conv conv;
        struct mcd_attr_pool pool;
        struct {
            int64_t function; /* enum mcd_map */
        } map;
        struct {
            int64_t kind; /* enum mcd_binary */
        } binary;
        struct {
            double scale, shift;
        } affine;
        struct mcd_attr_reduce reduce; /* EXPAND and RESHAPE too (RESHAPE: shape alone) */
        struct mcd_attr_drop drop;
        struct mcd_attr_sgd sgd;
        struct mcd_attr_adam adam;
        struct mcd_attr_custom custom;
        struct mcd_attr_moments moments;
    } u;
};

/* Initialiser for an attr without content. */
#define MCD_ATTR_ZERO                                                                              \
    {                                                                                              \
        {                                                                                          \
            {                                                                                      \
                0                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }

/*
 * What records. Functions that take `mcd_val *in` read n values from there; shapes and attributes
 * are copied. Names are not empty; one that stands for two things fails the recording.
 */
struct mcd_graph {
    uint32_t size;
    uint32_t stochastic; /* 1: record noise; 0: weight averaging, record the mean network */

    mcd_val (*op)(struct mcd_graph *, uint32_t op, uint32_t n, const mcd_val *in,
                  const struct mcd_attr *); /* attr may be NULL for ops without one */

    /*
     * A trained parameter without rows, named `<layer>.<name>` in files of weights. It starts
     * uniform between start - spread and start + spread, from the seed in MCD_DOMAIN_INIT.
     * Recording the same name again gives the same parameter; its shape must agree.
     */
    mcd_val (*param)(struct mcd_graph *, const char *name, const struct mcd_shape *shape,
                     double start, double spread);

    /*
     * Records a layer plugin under a name. `format` makes its specification, "linear:out=10", in
     * the C locale. Names nest with dots: parameters of a layer within layer "a" are "a.b.weight".
     */
    mcd_val (*layer)(struct mcd_graph *, const char *name, uint32_t n, const mcd_val *in,
                     const char *format, va_list);

    /*
     * Adds a scalar, [] without rows, to the loss of training, whose other term is a mean over the
     * batch; several add up. Ignored in prediction.
     */
    void (*penalty)(struct mcd_graph *, mcd_val scalar);

    /* Shape of a value; rank 0 for value 0. */
    struct mcd_shape (*shape)(const struct mcd_graph *, mcd_val);

    /*
     * Fails the recording with a message, MCD_INVALID in the name of the layer that is being
     * recorded, unless it has failed already; returns 0.
     */
    mcd_val (*fail)(struct mcd_graph *, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

    /* Since 1.1: */

    uint32_t batch; /* rows of the update that is recorded for training; 0: for prediction */

    /*
     * What one nat of the whole training set's negative log likelihood is in the loss: 1 / rows for
     * cross entropy; 2 / (rows * outputs) for mean squared error, where the noise has precision 1,
     * to be divided by any other precision. A prior's negative logarithm or a divergence from one,
     * in nats, times this is the penalty. 0 in prediction.
     */
    double nat;

    /*
     * What a layer remembers from update to update, a running mean: named and kept as a parameter
     * without rows, but not trained. All its elements start at `start`; `track` changes them.
     * Recording the same name again gives the same one.
     */
    mcd_val (*state)(struct mcd_graph *, const char *name, const struct mcd_shape *, double start);

    /*
     * At the end of each update, in recording order, state -= rate (state - value): a moving
     * average. `value` has the state's shape, no rows, and is what it was before the update; rate
     * is between 0 and 1. In prediction nothing happens.
     */
    void (*track)(struct mcd_graph *, mcd_val state, mcd_val value, double rate);
};

/* Wrappers that make recording read like calls. An absent bias is MCD_ABSENT. */
#define MCD_ABSENT ((mcd_val)0xFFFFFFFFu)

static inline struct mcd_shape mcd_shape_of(const struct mcd_graph *g, mcd_val x)
{
    return g->shape(g, x);
}

static inline mcd_val mcd_op1(struct mcd_graph *g, uint32_t op, mcd_val x,
                              const struct mcd_attr *attr)
{
    return g->op(g, op, 1, &x, attr);
}

static inline mcd_val mcd_param(struct mcd_graph *g, const char *name, struct mcd_shape shape,
                                double start, double spread)
{
    return g->param(g, name, &shape, start, spread);
}

static inline mcd_val mcd_state(struct mcd_graph *g, const char *name, struct mcd_shape shape,
                                double start)
{
    return g->state(g, name, &shape, start);
}

/* One layer of one input: mcd_layer(g, "fc1", x, "linear:out=%d", 10). */
__attribute__((format(printf, 4, 5))) static inline mcd_val
mcd_layer(struct mcd_graph *g, const char *name, mcd_val x, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    mcd_val y = g->layer(g, name, 1, &x, format, args);
    va_end(args);
    return y;
}

static inline mcd_val mcd_linear(struct mcd_graph *g, mcd_val x, mcd_val w, mcd_val bias)
{
    mcd_val in[3] = {x, w, bias};
    return g->op(g, MCD_OP_LINEAR, bias == MCD_ABSENT ? 2 : 3, in, NULL);
}

static inline mcd_val mcd_conv2d(struct mcd_graph *g, mcd_val x, mcd_val kernel, mcd_val bias,
                                 const struct mcd_attr_conv *conv)
{
    mcd_val in[3] = {x, kernel, bias};
    struct mcd_attr attr = MCD_ATTR_ZERO;
    attr.u.conv = *conv;
    return g->op(g, MCD_OP_CONV2D, bias == MCD_ABSENT ? 2 : 3, in, &attr);
}

static inline mcd_val mcd_pool2d(struct mcd_graph *g, mcd_val x, const struct mcd_attr_pool *pool)
{
    struct mcd_attr attr = MCD_ATTR_ZERO;
    attr.u.pool = *pool;
    return mcd_op1(g, MCD_OP_POOL2D, x, &attr);
}

static inline mcd_val mcd_map(struct mcd_graph *g, enum mcd_map function, mcd_val x)
{
    struct mcd_attr attr = MCD_ATTR_ZERO;
    attr.u.map.function = function;
    return mcd_op1(g, MCD_OP_MAP, x, &attr);
}

static inline mcd_val mcd_binary(struct mcd_graph *g, enum mcd_binary kind, mcd_val a, mcd_val b)
{
    mcd_val in[2] = {a, b};
    struct mcd_attr attr = MCD_ATTR_ZERO;
    attr.u.binary.kind = kind;
    return g->op(g, MCD_OP_BINARY, 2, in, &attr);
}

static inline mcd_val mcd_add(struct mcd_graph *g, mcd_val a, mcd_val b)
{
    return mcd_binary(g, MCD_ADD, a, b);
}

static inline mcd_val mcd_sub(struct mcd_graph *g, mcd_val a, mcd_val b)
{
    return mcd_binary(g, MCD_SUB, a, b);
}

static inline mcd_val mcd_mul(struct mcd_graph *g, mcd_val a, mcd_val b)
{
    return mcd_binary(g, MCD_MUL, a, b);
}

static inline mcd_val mcd_div(struct mcd_graph *g, mcd_val a, mcd_val b)
{
    return mcd_binary(g, MCD_DIV, a, b);
}

static inline mcd_val mcd_affine(struct mcd_graph *g, mcd_val x, double scale, double shift)
{
    struct mcd_attr attr = MCD_ATTR_ZERO;
    attr.u.affine.scale = scale;
    attr.u.affine.shift = shift;
    return mcd_op1(g, MCD_OP_AFFINE, x, &attr);
}

/* Sum or mean of x down to `shape`; over the rows too if `over_rows`. */
static inline mcd_val mcd_reduce(struct mcd_graph *g, enum mcd_reduce kind, mcd_val x,
                                 struct mcd_shape shape, int over_rows)
{
    struct mcd_attr attr = MCD_ATTR_ZERO;
    attr.u.reduce.shape = shape;
    attr.u.reduce.kind = kind;
    attr.u.reduce.over_rows = over_rows;
    return mcd_op1(g, MCD_OP_REDUCE, x, &attr);
}

static inline mcd_val mcd_softmax(struct mcd_graph *g, mcd_val x)
{
    return mcd_op1(g, MCD_OP_SOFTMAX, x, NULL);
}

static inline mcd_val mcd_logsoftmax(struct mcd_graph *g, mcd_val x)
{
    return mcd_op1(g, MCD_OP_LOGSOFTMAX, x, NULL);
}

static inline mcd_val mcd_reshape(struct mcd_graph *g, mcd_val x, struct mcd_shape shape)
{
    struct mcd_attr attr = MCD_ATTR_ZERO;
    attr.u.reduce.shape = shape;
    return mcd_op1(g, MCD_OP_RESHAPE, x, &attr);
}

/* A function of the layer's own of n values, 1 to 3. */
static inline mcd_val mcd_custom(struct mcd_graph *g, const struct mcd_custom *function,
                                 const void *self, uint32_t n, const mcd_val *in,
                                 struct mcd_shape shape)
{
    struct mcd_attr attr = MCD_ATTR_ZERO;
    attr.u.custom.function = function;
    attr.u.custom.self = self;
    attr.u.custom.shape = shape;
    return g->op(g, MCD_OP_CUSTOM, n, in, &attr);
}

/*
 * x times noise of mean 1, one number for `span` elements. Records x unchanged in weight averaging,
 * where noise averages to nothing.
 */
static inline mcd_val mcd_drop(struct mcd_graph *g, mcd_val x, enum mcd_law law, double p,
                               int64_t span)
{
    struct mcd_attr attr = MCD_ATTR_ZERO;
    attr.u.drop.law = law;
    attr.u.drop.p = p;
    attr.u.drop.span = span;
    return g->stochastic ? mcd_op1(g, MCD_OP_DROP, x, &attr) : x;
}

/*
 * Noise shaped like x, one number an element (span 1; record the op itself for more). Fails in
 * weight averaging: a layer looks at g->stochastic first.
 */
static inline mcd_val mcd_noise(struct mcd_graph *g, enum mcd_law law, mcd_val like)
{
    struct mcd_attr attr = MCD_ATTR_ZERO;
    attr.u.drop.law = law;
    attr.u.drop.span = 1;
    return mcd_op1(g, MCD_OP_NOISE, like, &attr);
}

#ifdef __cplusplus
}
#endif
#endif
