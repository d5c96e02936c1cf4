/* Plans whose parameters change. */
#include "core/check/conformance/parameters.h"

#include "core/base/error.h"

#include <stdlib.h>
#include <string.h>

enum { PLANS = 2, KEY = 4242, UPDATE = 100 };

const char *const mcd_parameter_stages[MCD_PARAMETER_STAGES] = {
    "after the parameter was written", "when it runs again",
    "after the parameter was written again", "after an update by SGD", "after an update by ADAM"};

static void add(struct mcd_case_list *l, uint32_t op, int images, int gradient)
{
    struct mcd_shape x = mcd_shape3(3, 9, 7), k = mcd_shape4(5, 3, 3, 2), y = mcd_shape3(5, 7, 6);
    struct mcd_shape from = images ? x : mcd_shape1(37), to = images ? y : mcd_shape1(19);
    struct mcd_step_case *c = mcd_case_add(l, op, 5, "its parameter changes");
    if (images)
        c->attr.u.conv = (struct mcd_attr_conv){{1, 1}, {0, 0}, {1, 1}};
    mcd_case_input(c, 5, gradient ? to : from, MCD_FILL_MIXED);
    mcd_case_input(c, 0, images ? k : mcd_shape2(19, 37), MCD_FILL_MIXED);
    if (gradient)
        mcd_case_input(c, 5, from, MCD_FILL_NAN); /* only its shape counts */
    mcd_case_output(c, 5, gradient ? from : to);
}

struct mcd_case_list mcd_parameters_cases(void)
{
    struct mcd_case_list l = {NULL, 0, 0};
    add(&l, MCD_OP_LINEAR, 0, 0);
    add(&l, MCD_OP_LINEAR_DX, 0, 1);
    add(&l, MCD_OP_CONV2D, 1, 0);
    add(&l, MCD_OP_CONV2D_DX, 1, 1);
    return l;
}

/* A tensor that is alone in its buffer, as those of the store are. */
static int tensor_make(const struct mcd_engine *b, const struct mcd_operand *o,
                       struct mcd_tensor *t, struct mcd_error *e)
{
    *t = (struct mcd_tensor){NULL, 0, b->type, o->rows, o->shape};
    return b->api->alloc(b->self, (size_t)mcd_tensor_count(t) * mcd_type_size(t->type), &t->buffer,
                         e);
}

static int tensor_write(const struct mcd_engine *b, const struct mcd_operand *o,
                        const struct mcd_tensor *t, uint32_t key, struct mcd_error *e)
{
    size_t count = (size_t)mcd_tensor_count(t);
    double *wide = malloc(count * sizeof *wide);
    float *narrow = malloc(count * sizeof *narrow);
    int status = wide && narrow ? MCD_OK : mcd_fail(e, MCD_NOMEM, "", "out of memory");
    if (!status) {
        mcd_operand_values(o, key, wide);
        for (size_t i = 0; i < count; i++)
            narrow[i] = (float)wide[i];
        status = b->api->write(b->self, t, b->type == MCD_F64 ? (void *)wide : narrow, e);
    }
    free(wide);
    free(narrow);
    return status;
}

static int tensor_read(const struct mcd_engine *b, const struct mcd_tensor *t, double *to,
                       struct mcd_error *e)
{
    int status = b->api->read(b->self, t, to, e);
    for (int64_t i = mcd_tensor_count(t); i-- > 0 && b->type == MCD_F32;) {
        float f;
        memcpy(&f, (char *)to + (size_t)i * sizeof f, sizeof f);
        to[i] = (double)f;
    }
    return status;
}

/* One kernel with its workspace; the tensors are others'. */
struct planned {
    struct mcd_step step;
    struct mcd_kernel kernel;
};

static int plan(const struct mcd_engine *b, struct planned *p, struct mcd_error *e)
{
    p->step.size = sizeof p->step;
    int status = b->api->kernel(b->self, &p->step, &p->kernel, e);
    if (status)
        return status;
    struct mcd_tensor *w = &p->step.workspace;
    *w = (struct mcd_tensor){NULL, 0, MCD_U8, 0, mcd_shape1((int64_t)p->kernel.workspace)};
    return b->api->alloc(b->self, p->kernel.workspace + 1, &w->buffer, e);
}

static int run(const struct mcd_engine *b, struct planned *p, struct mcd_error *e)
{
    struct mcd_run r = {.size = sizeof r, .passes = 1, .rows = 5};
    int status = p->kernel.run(p->kernel.state, &p->step, &r, e);
    return !status && b->api->sync ? b->api->sync(b->self, e) : status;
}

static void unplan(const struct mcd_engine *b, struct planned *p)
{
    if (p->kernel.release)
        p->kernel.release(p->kernel.state);
    b->api->release(b->self, p->step.workspace.buffer);
}

/* An update of the parameter, whose gradient, and what else it takes, are made up. */
static int update(const struct mcd_engine *b, const struct mcd_step_case *c,
                  const struct mcd_tensor *w, uint32_t op, struct mcd_error *e)
{
    struct mcd_tensor in[MCD_MAX_INPUTS] = {*w};
    struct mcd_operand like = {.shape = c->in[1].shape, .fill = MCD_FILL_POSITIVE};
    struct planned p = {.step = {.op = op, .nin = op == MCD_OP_SGD ? 2 : 4, .in = in, .out = *w}};
    int status = MCD_OK;
    if (op == MCD_OP_SGD)
        p.step.attr.u.sgd = (struct mcd_attr_sgd){.rate = 0.5};
    else
        p.step.attr.u.adam = (struct mcd_attr_adam){0.5, 0.9, 0.999, 1e-8, 0};
    for (uint32_t i = 1; i < p.step.nin && !status; i++) {
        status = tensor_make(b, &like, &in[i], e);
        status = status ? status : tensor_write(b, &like, &in[i], UPDATE + i, e);
    }
    status = status ? status : plan(b, &p, e);
    status = status ? status : run(b, &p, e);
    unplan(b, &p);
    for (uint32_t i = 1; i < p.step.nin; i++)
        b->api->release(b->self, in[i].buffer);
    return status;
}

static int change(const struct mcd_engine *b, const struct mcd_step_case *c,
                  const struct mcd_tensor *w, int stage, struct mcd_error *e)
{
    switch (stage) {
    case 0:
    case 2:
        return tensor_write(b, &c->in[1], w, KEY + (uint32_t)stage, e);
    case 3:
        return update(b, c, w, MCD_OP_SGD, e);
    case 4:
        return update(b, c, w, MCD_OP_ADAM, e);
    default:
        return MCD_OK;
    }
}

static int run_stages(const struct mcd_engine *b, const struct mcd_step_case *c,
                      struct planned *plans, double *results, struct mcd_error *e)
{
    int status = MCD_OK;
    for (int stage = 0; stage < MCD_PARAMETER_STAGES && !status; stage++) {
        status = change(b, c, &plans[0].step.in[1], stage, e);
        for (int i = 0; i < PLANS && !status; i++, results += mcd_step_results(c)) {
            status = run(b, &plans[i], e);
            status = status ? status : tensor_read(b, &plans[i].step.out, results, e);
        }
    }
    return status;
}

int mcd_parameters_run(const struct mcd_engine *b, const struct mcd_step_case *c, double *results,
                       struct mcd_error *e)
{
    struct mcd_tensor in[MCD_MAX_INPUTS] = {{0}}, out = {0};
    struct planned plans[PLANS] = {{.kernel = {0}}};
    int status = tensor_make(b, &c->out, &out, e);
    for (uint32_t i = 0; i < c->nin && !status; i++) {
        status = tensor_make(b, &c->in[i], &in[i], e);
        status = status ? status : tensor_write(b, &c->in[i], &in[i], KEY + 10 * i, e);
    }
    for (int i = 0; i < PLANS && !status; i++) {
        plans[i].step =
            (struct mcd_step){.op = c->op, .attr = c->attr, .nin = c->nin, .in = in, .out = out};
        status = plan(b, &plans[i], e);
    }
    if (!status)
        status = run_stages(b, c, plans, results, e);
    for (int i = 0; i < PLANS; i++)
        unplan(b, &plans[i]);
    for (uint32_t i = 0; i < c->nin; i++)
        b->api->release(b->self, in[i].buffer);
    b->api->release(b->self, out.buffer);
    return status;
}
