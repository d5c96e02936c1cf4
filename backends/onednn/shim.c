/* oneDNN 2.x and 3.x behind shim.h. */
#include "shim.h"

#include <dnnl.h>
#include <stdio.h>

#if DNNL_VERSION_MAJOR < 2
#error "oneDNN 2.6 or later is needed"
#endif

enum { SCRATCH = MCD_DNN_SIDES, ARGS };

struct mcd_dnn {
    const struct mcd_host *host;
    dnnl_engine_t engine;
    dnnl_primitive_attr_t attr; /* scratch memory comes from the caller */
};

/* What one worker needs to run an operation: memory objects are not shared between threads. */
struct runner {
    dnnl_stream_t stream;
    dnnl_memory_t memory[ARGS]; /* NULL: there is no such side */
    void *at[ARGS];             /* where each of them points */
};

struct mcd_dnn_op {
    struct mcd_dnn *dnn;
    dnnl_primitive_t primitive;
    dnnl_memory_desc_t layout[ARGS];
    int name[ARGS];            /* oneDNN's number of each side; 0: there is none */
    struct runner *of_workers; /* as many as the host has */
};

/* A convolution's; dilation 0 is a dense kernel. */
struct geometry {
    dnnl_dims_t stride, dilation, pad;
};

/* ---- what differs between versions ------------------------------------------------------- */

#if DNNL_VERSION_MAJOR >= 3

typedef const_dnnl_memory_desc_t layout_view;

#define layout_with_strides dnnl_memory_desc_create_with_strides
#define layout_with_tag     dnnl_memory_desc_create_with_tag

static layout_view view(const dnnl_memory_desc_t *layout)
{
    return *layout;
}

static int layout_copy(dnnl_memory_desc_t *to, layout_view from)
{
    return dnnl_memory_desc_clone(to, from) != dnnl_success;
}

static void layout_clear(dnnl_memory_desc_t *layout)
{
    dnnl_memory_desc_destroy(*layout);
    *layout = NULL;
}

static int matmul_create(dnnl_primitive_desc_t *pd, const struct mcd_dnn *dnn,
                         const layout_view l[])
{
    return dnnl_matmul_primitive_desc_create(pd, dnn->engine, l[MCD_DNN_X], l[MCD_DNN_W],
                                             l[MCD_DNN_BIAS], l[MCD_DNN_Y],
                                             dnn->attr) != dnnl_success;
}

static int forward_create(dnnl_primitive_desc_t *pd, const struct mcd_dnn *dnn,
                          const struct geometry *g, const layout_view l[], int training)
{
    return dnnl_convolution_forward_primitive_desc_create(
               pd, dnn->engine, training ? dnnl_forward_training : dnnl_forward_inference,
               dnnl_convolution_direct, l[MCD_DNN_X], l[MCD_DNN_W], l[MCD_DNN_BIAS], l[MCD_DNN_Y],
               g->stride, g->dilation, g->pad, g->pad, dnn->attr) != dnnl_success;
}

static int backward_create(dnnl_primitive_desc_t *pd, const struct mcd_dnn *dnn, int result,
                           const struct geometry *g, const layout_view l[],
                           dnnl_primitive_desc_t forward)
{
    if (result == MCD_DNN_X)
        return dnnl_convolution_backward_data_primitive_desc_create(
                   pd, dnn->engine, dnnl_convolution_direct, l[MCD_DNN_X], l[MCD_DNN_W],
                   l[MCD_DNN_Y], g->stride, g->dilation, g->pad, g->pad, forward,
                   dnn->attr) != dnnl_success;
    return dnnl_convolution_backward_weights_primitive_desc_create(
               pd, dnn->engine, dnnl_convolution_direct, l[MCD_DNN_X], l[MCD_DNN_W], NULL,
               l[MCD_DNN_Y], g->stride, g->dilation, g->pad, g->pad, forward,
               dnn->attr) != dnnl_success;
}

#else /* 2.x: descriptions are values, and operations are described before they are created */

typedef const dnnl_memory_desc_t *layout_view;

#define layout_with_strides dnnl_memory_desc_init_by_strides
#define layout_with_tag     dnnl_memory_desc_init_by_tag

static layout_view view(const dnnl_memory_desc_t *layout)
{
    return layout->ndims ? layout : NULL;
}

static int layout_copy(dnnl_memory_desc_t *to, layout_view from)
{
    *to = *from;
    return 0;
}

static void layout_clear(dnnl_memory_desc_t *layout)
{
    (void)layout;
}

static int create(dnnl_primitive_desc_t *pd, const struct mcd_dnn *dnn, const void *description,
                  dnnl_primitive_desc_t forward)
{
    return dnnl_primitive_desc_create(pd, description, dnn->attr, dnn->engine, forward) !=
           dnnl_success;
}

static int matmul_create(dnnl_primitive_desc_t *pd, const struct mcd_dnn *dnn,
                         const layout_view l[])
{
    dnnl_matmul_desc_t d;
    return dnnl_matmul_desc_init(&d, l[MCD_DNN_X], l[MCD_DNN_W], l[MCD_DNN_BIAS], l[MCD_DNN_Y]) ||
           create(pd, dnn, &d, NULL);
}

static int forward_create(dnnl_primitive_desc_t *pd, const struct mcd_dnn *dnn,
                          const struct geometry *g, const layout_view l[], int training)
{
    dnnl_convolution_desc_t d;
    return dnnl_dilated_convolution_forward_desc_init(
               &d, training ? dnnl_forward_training : dnnl_forward_inference,
               dnnl_convolution_direct, l[MCD_DNN_X], l[MCD_DNN_W], l[MCD_DNN_BIAS], l[MCD_DNN_Y],
               g->stride, g->dilation, g->pad, g->pad) ||
           create(pd, dnn, &d, NULL);
}

static int backward_create(dnnl_primitive_desc_t *pd, const struct mcd_dnn *dnn, int result,
                           const struct geometry *g, const layout_view l[],
                           dnnl_primitive_desc_t forward)
{
    dnnl_convolution_desc_t d;
    return (result == MCD_DNN_X ? dnnl_dilated_convolution_backward_data_desc_init(
                                      &d, dnnl_convolution_direct, l[MCD_DNN_X], l[MCD_DNN_W],
                                      l[MCD_DNN_Y], g->stride, g->dilation, g->pad, g->pad)
                                : dnnl_dilated_convolution_backward_weights_desc_init(
                                      &d, dnnl_convolution_direct, l[MCD_DNN_X], l[MCD_DNN_W], NULL,
                                      l[MCD_DNN_Y], g->stride, g->dilation, g->pad, g->pad)) ||
           create(pd, dnn, &d, forward);
}

#endif

/* ---- the library ------------------------------------------------------------------------- */

int mcd_dnn_uses_openmp(void)
{
    return dnnl_version()->cpu_runtime == DNNL_RUNTIME_OMP;
}

int mcd_dnn_open(const struct mcd_host *host, struct mcd_dnn **dnn, struct mcd_error *error)
{
    unsigned runtime = dnnl_version()->cpu_runtime;
    if (runtime != DNNL_RUNTIME_OMP && runtime != DNNL_RUNTIME_SEQ)
        return host->fail(
            error, MCD_DEVICE, "onednn",
            "this build of oneDNN has threads of its own: expected one for OpenMP, or "
            "a sequential one");
    struct mcd_dnn *d = host->alloc(host, sizeof *d);
    if (!d)
        return host->fail(error, MCD_NOMEM, "onednn", "out of memory");
    *d = (struct mcd_dnn){.host = host};
    if (dnnl_engine_create(&d->engine, dnnl_cpu, 0) || dnnl_primitive_attr_create(&d->attr) ||
        dnnl_primitive_attr_set_scratchpad_mode(d->attr, dnnl_scratchpad_mode_user)) {
        mcd_dnn_close(d);
        return host->fail(error, MCD_DEVICE, "onednn", "oneDNN has no engine for this CPU");
    }
    *dnn = d;
    return MCD_OK;
}

void mcd_dnn_close(struct mcd_dnn *d)
{
    if (!d)
        return;
    if (d->attr)
        dnnl_primitive_attr_destroy(d->attr);
    if (d->engine)
        dnnl_engine_destroy(d->engine);
    d->host->release(d->host, d);
}

void mcd_dnn_version(char *text, size_t size)
{
    const dnnl_version_t *v = dnnl_version();
    snprintf(text, size, "%d.%d.%d (%s)", v->major, v->minor, v->patch,
             v->cpu_runtime == DNNL_RUNTIME_OMP ? "OpenMP" : "sequential");
}

/* Each set's bits contain those of the sets that it extends. */
static int has(dnnl_cpu_isa_t set)
{
    return (dnnl_get_effective_cpu_isa() & set) == set;
}

int mcd_dnn_has_bf16(void)
{
    return has(dnnl_cpu_isa_avx512_core_bf16);
}

const char *mcd_dnn_instructions(void)
{
    static const struct {
        dnnl_cpu_isa_t set;
        const char *name;
    } sets[] = {
        {dnnl_cpu_isa_avx512_core_amx, "AMX"},
        {dnnl_cpu_isa_avx512_core_bf16, "AVX-512 with bf16"},
        {dnnl_cpu_isa_avx512_core, "AVX-512"},
        {dnnl_cpu_isa_avx2, "AVX2"},
        {dnnl_cpu_isa_avx, "AVX"},
        {dnnl_cpu_isa_sse41, "SSE4.1"},
    };
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (has(sets[i].set))
            return sets[i].name;
    return "plain code";
}

/* ---- operations -------------------------------------------------------------------------- */

static int fail(const struct mcd_dnn *d, struct mcd_error *error, const char *what)
{
    return d->host->fail(error, MCD_UNSUPPORTED, "", "oneDNN %d.%d offers no %s of these shapes",
                         dnnl_version()->major, dnnl_version()->minor, what);
}

static int layout_make(dnnl_memory_desc_t *to, const struct mcd_dnn_side *s)
{
    dnnl_data_type_t type = s->type == MCD_DNN_BF16 ? dnnl_bf16 : dnnl_f32;
    dnnl_dims_t dims = {0}, strides = {0};
    memcpy(dims, s->dim, sizeof s->dim);
    memcpy(strides, s->stride, sizeof s->stride);
    return (s->stride[0]
                ? layout_with_strides(to, s->rank, dims, type, strides)
                : layout_with_tag(to, s->rank, dims, type, dnnl_format_tag_any)) != dnnl_success;
}

static struct mcd_dnn_op *op_alloc(struct mcd_dnn *d, struct mcd_error *error)
{
    const struct mcd_host *host = d->host;
    size_t bytes = sizeof(struct mcd_dnn_op) + host->workers * sizeof(struct runner);
    struct mcd_dnn_op *op = host->alloc(host, bytes);
    if (!op) {
        host->fail(error, MCD_NOMEM, "onednn", "out of memory");
        return NULL;
    }
    memset(op, 0, bytes);
    op->dnn = d;
    op->of_workers = (struct runner *)(op + 1);
    return op;
}

void mcd_dnn_op_destroy(struct mcd_dnn_op *op)
{
    if (!op)
        return;
    const struct mcd_host *host = op->dnn->host;
    for (uint32_t i = 0; i < host->workers; i++) {
        struct runner *r = &op->of_workers[i];
        for (int side = 0; side < ARGS; side++)
            if (r->memory[side])
                dnnl_memory_destroy(r->memory[side]);
        if (r->stream)
            dnnl_stream_destroy(r->stream);
    }
    for (int side = 0; side < ARGS; side++)
        if (op->name[side])
            layout_clear(&op->layout[side]);
    if (op->primitive)
        dnnl_primitive_destroy(op->primitive);
    host->release(host, op);
}

static int runner_make(const struct mcd_dnn_op *op, struct runner *r)
{
    int bad = dnnl_stream_create(&r->stream, op->dnn->engine, dnnl_stream_default_flags) != 0;
    for (int side = 0; !bad && side < ARGS; side++)
        if (op->name[side])
            bad = dnnl_memory_create(&r->memory[side], view(&op->layout[side]), op->dnn->engine,
                                     DNNL_MEMORY_NONE) != 0;
    return bad;
}

/* The operation that `pd`, which goes, describes; name[] are its sides. */
static int op_make(struct mcd_dnn *d, dnnl_primitive_desc_t pd, const int name[MCD_DNN_SIDES],
                   struct mcd_dnn_op **result, struct mcd_error *error)
{
    struct mcd_dnn_op *op = op_alloc(d, error);
    int bad = !op;
    for (int side = 0; !bad && side < ARGS; side++) {
        int arg = side == SCRATCH ? DNNL_ARG_SCRATCHPAD : name[side];
        layout_view l = arg ? dnnl_primitive_desc_query_md(pd, dnnl_query_exec_arg_md, arg) : NULL;
        if (!l || !dnnl_memory_desc_get_size(l))
            continue;
        bad = layout_copy(&op->layout[side], l);
        op->name[side] = bad ? 0 : arg;
    }
    bad = bad || dnnl_primitive_create(&op->primitive, pd);
    dnnl_primitive_desc_destroy(pd);
    for (uint32_t i = 0; !bad && i < d->host->workers; i++)
        bad = runner_make(op, &op->of_workers[i]);
    if (bad) {
        mcd_dnn_op_destroy(op);
        return d->host->fail(error, MCD_NOMEM, "onednn", "oneDNN cannot make an operation");
    }
    *result = op;
    return MCD_OK;
}

static void sides_clear(dnnl_memory_desc_t layout[MCD_DNN_SIDES],
                        const struct mcd_dnn_side side[MCD_DNN_SIDES])
{
    for (int i = 0; i < MCD_DNN_SIDES; i++)
        if (side[i].rank)
            layout_clear(&layout[i]);
}

/* What the sides are described as; `like` gives W's layout. Nothing to clear on failure. */
static int sides_make(const struct mcd_dnn_side side[MCD_DNN_SIDES], const struct mcd_dnn_op *like,
                      dnnl_memory_desc_t layout[MCD_DNN_SIDES], layout_view views[MCD_DNN_SIDES])
{
    int bad = 0;
    memset(layout, 0, MCD_DNN_SIDES * sizeof *layout);
    for (int i = 0; i < MCD_DNN_SIDES && !bad; i++) {
        views[i] = NULL;
        if (!side[i].rank)
            continue;
        bad = i == MCD_DNN_W && like ? layout_copy(&layout[i], view(&like->layout[i]))
                                     : layout_make(&layout[i], &side[i]);
        views[i] = view(&layout[i]);
    }
    if (bad)
        sides_clear(layout, side);
    return bad;
}

int mcd_dnn_matmul(struct mcd_dnn *d, const struct mcd_dnn_side side[MCD_DNN_SIDES],
                   const struct mcd_dnn_op *like, struct mcd_dnn_op **op, struct mcd_error *error)
{
    static const int name[] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST};
    dnnl_memory_desc_t layout[MCD_DNN_SIDES];
    layout_view l[MCD_DNN_SIDES];
    dnnl_primitive_desc_t pd;
    if (sides_make(side, like, layout, l))
        return fail(d, error, "product");
    int bad = matmul_create(&pd, d, l);
    sides_clear(layout, side);
    return bad ? fail(d, error, "product") : op_make(d, pd, name, op, error);
}

/* oneDNN wants to see the convolution first whose derivative it makes, in its factors' type. */
static int hint_create(dnnl_primitive_desc_t *pd, const struct mcd_dnn *d, const struct geometry *g,
                       const struct mcd_dnn_side side[MCD_DNN_SIDES])
{
    struct mcd_dnn_side alike[MCD_DNN_SIDES];
    dnnl_memory_desc_t layout[MCD_DNN_SIDES];
    layout_view l[MCD_DNN_SIDES];
    memcpy(alike, side, sizeof alike);
    alike[MCD_DNN_X].type = alike[MCD_DNN_W].type = side[MCD_DNN_Y].type;
    if (sides_make(alike, NULL, layout, l))
        return 1;
    int bad = forward_create(pd, d, g, l, 1);
    sides_clear(layout, alike);
    return bad;
}

static int conv2d_create(dnnl_primitive_desc_t *pd, const struct mcd_dnn *d, int result,
                         const struct mcd_attr_conv *a,
                         const struct mcd_dnn_side side[MCD_DNN_SIDES], const layout_view l[])
{
    const struct geometry g = {{a->stride[0], a->stride[1]},
                               {a->dilation[0] - 1, a->dilation[1] - 1},
                               {a->pad[0], a->pad[1]}};
    dnnl_primitive_desc_t forward;
    if (result == MCD_DNN_Y)
        return forward_create(pd, d, &g, l, 0);
    if (hint_create(&forward, d, &g, side))
        return 1;
    int bad = backward_create(pd, d, result, &g, l, forward);
    dnnl_primitive_desc_destroy(forward);
    return bad;
}

int mcd_dnn_conv2d(struct mcd_dnn *d, int result, const struct mcd_attr_conv *attr,
                   const struct mcd_dnn_side side[MCD_DNN_SIDES], const struct mcd_dnn_op *like,
                   struct mcd_dnn_op **op, struct mcd_error *error)
{
    static const int names[MCD_DNN_SIDES][MCD_DNN_SIDES] = {
        [MCD_DNN_Y] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST},
        [MCD_DNN_X] = {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, 0, DNNL_ARG_DIFF_DST},
        [MCD_DNN_W] = {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, 0, DNNL_ARG_DIFF_DST},
    };
    dnnl_memory_desc_t layout[MCD_DNN_SIDES];
    layout_view l[MCD_DNN_SIDES];
    dnnl_primitive_desc_t pd;
    if (sides_make(side, like, layout, l))
        return fail(d, error, "convolution");
    int bad = conv2d_create(&pd, d, result, attr, side, l);
    sides_clear(layout, side);
    return bad ? fail(d, error, "convolution") : op_make(d, pd, names[result], op, error);
}

/* A copy between `plain` and an operation's side; `in`: into the latter. */
static int copy(struct mcd_dnn *d, const struct mcd_dnn_op *op, int side,
                const struct mcd_dnn_side *plain, int in, struct mcd_dnn_op **result,
                struct mcd_error *error)
{
    static const int name[] = {DNNL_ARG_FROM, 0, 0, DNNL_ARG_TO};
    dnnl_memory_desc_t layout;
    dnnl_primitive_desc_t pd;
    layout_view packed = view(&op->layout[side]);
    *result = NULL;
    if (layout_make(&layout, plain))
        return fail(d, error, "copy");
    layout_view dense = view(&layout);
    int same = dnnl_memory_desc_equal(dense, packed);
    int bad = !same && dnnl_reorder_primitive_desc_create(&pd, in ? dense : packed, d->engine,
                                                          in ? packed : dense, d->engine, d->attr);
    layout_clear(&layout);
    if (same)
        return MCD_OK;
    return bad ? fail(d, error, "copy") : op_make(d, pd, name, result, error);
}

int mcd_dnn_copy_in(struct mcd_dnn *d, const struct mcd_dnn_op *op, int side,
                    const struct mcd_dnn_side *plain, struct mcd_dnn_op **result,
                    struct mcd_error *error)
{
    return copy(d, op, side, plain, 1, result, error);
}

int mcd_dnn_copy_out(struct mcd_dnn *d, const struct mcd_dnn_op *op, int side,
                     const struct mcd_dnn_side *plain, struct mcd_dnn_op **result,
                     struct mcd_error *error)
{
    return copy(d, op, side, plain, 0, result, error);
}

size_t mcd_dnn_bytes(const struct mcd_dnn_op *op, int side)
{
    return op && op->name[side] ? dnnl_memory_desc_get_size(view(&op->layout[side])) : 0;
}

size_t mcd_dnn_scratch(const struct mcd_dnn_op *op)
{
    return mcd_dnn_bytes(op, SCRATCH);
}

int mcd_dnn_run(struct mcd_dnn_op *op, uint32_t worker, void *const data[MCD_DNN_SIDES],
                void *scratch)
{
    struct runner *r = &op->of_workers[worker];
    dnnl_exec_arg_t arg[ARGS];
    int count = 0;
    for (int side = 0; side < ARGS; side++) {
        void *at = side == SCRATCH ? scratch : data[side];
        if (!op->name[side])
            continue;
        /* 2.x writes zeros into the padding of what a memory object is pointed to. */
        if (r->at[side] != at && dnnl_memory_set_data_handle(r->memory[side], at))
            return 1;
        r->at[side] = at;
        arg[count++] = (dnnl_exec_arg_t){op->name[side], r->memory[side]};
    }
    return dnnl_primitive_execute(op->primitive, r->stream, count, arg) ||
           dnnl_stream_wait(r->stream);
}

int mcd_dnn_sgemm(int a_transposed, int b_transposed, int64_t m, int64_t n, int64_t k,
                  const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
                  int64_t ldc)
{
    return dnnl_sgemm(a_transposed ? 'T' : 'N', b_transposed ? 'T' : 'N', m, n, k, 1.0f, a, lda, b,
                      ldb, beta, c, ldc) != dnnl_success;
}
