/* Placing and running single steps. */
#include "core/check/conformance/step.h"

#include "core/base/error.h"
#include "core/plugin/loader.h"

#include <math.h>
#include <stdlib.h>

enum { ALIGNMENT = 64, GUARD = 128 };

const struct mcd_step_memory mcd_step_clean = {0, GUARD}, mcd_step_poisoned = {0xFF, 4160};

static double uniform(uint32_t key, int64_t i)
{
    struct mcd_words w = mcd_philox(key, (uint32_t)i, 0, 0, 0);
    return mcd_uniform(w.w[0]);
}

/* Specials at every seventh place, starting somewhere. */
static double special(uint32_t key, int64_t i, double usual, int64_t kinds)
{
    static const double specials[] = {NAN, INFINITY, -0.0, -INFINITY, 1e-40, -3e-42};
    return (i + key) % 7 ? usual : specials[(i + key) / 7 % kinds];
}

static double fill_value(const struct mcd_operand *o, uint32_t key, int64_t i, int64_t count)
{
    double u = uniform(key, i), mixed = (float)(3 * u - 1);
    switch (o->fill) {
    case MCD_FILL_POSITIVE:
        return (float)(0.1 + 1.9 * u);
    case MCD_FILL_LARGE:
        return (float)(200 * u - 100);
    case MCD_FILL_TIES:
        return floor(5 * u) - 2;
    case MCD_FILL_WHOLE:
        return floor(255 * u) - 127;
    case MCD_FILL_EXTREME:
        return (float)special(key, i, mixed, 6);
    case MCD_FILL_INFINITE:
        return special(key, i, mixed, 4);
    case MCD_FILL_ONE_NAN:
        return i == count / 2 ? (double)NAN : mixed;
    case MCD_FILL_ONE_INF:
        return i == count / 2 ? (double)INFINITY : mixed;
    case MCD_FILL_NAN:
        return NAN;
    case MCD_FILL_LABEL:
        return floor(u * o->classes);
    default:
        return mixed;
    }
}

static int64_t operand_count(const struct mcd_operand *o)
{
    return mcd_shape_count(&o->shape) * (o->rows ? o->rows : 1);
}

void mcd_operand_values(const struct mcd_operand *o, uint32_t key, double *values)
{
    int64_t count = operand_count(o);
    for (int64_t i = 0; i < count; i++)
        values[i] = o->data ? o->data[i] : fill_value(o, key, i, count);
}

int64_t mcd_step_results(const struct mcd_step_case *c)
{
    int64_t count = operand_count(&c->out);
    for (uint32_t i = 0; i < c->nin; i++)
        if (c->updates >> i & 1)
            count += operand_count(&c->in[i]);
    return count;
}

static void store(const struct mcd_tensor *t, unsigned char *memory, int64_t i, double value)
{
    float f = (float)value;
    int32_t label = t->type == MCD_I32 ? (int32_t)value : 0;
    int64_t whole = t->type == MCD_I64 ? (int64_t)value : 0;
    size_t size = mcd_type_size(t->type);
    const void *from = t->type == MCD_F64   ? (void *)&value
                       : t->type == MCD_F32 ? (void *)&f
                       : t->type == MCD_I64 ? (void *)&whole
                                            : &label;
    memcpy(memory + t->offset + (size_t)i * size, from, size);
}

static double load(const struct mcd_tensor *t, const unsigned char *memory, int64_t i)
{
    float f;
    double d;
    int32_t label;
    int64_t whole;
    const unsigned char *from = memory + t->offset + (size_t)i * mcd_type_size(t->type);
    switch (t->type) {
    case MCD_F64:
        memcpy(&d, from, sizeof d);
        return d;
    case MCD_I32:
        memcpy(&label, from, sizeof label);
        return label;
    case MCD_I64:
        memcpy(&whole, from, sizeof whole);
        return (double)whole;
    default:
        memcpy(&f, from, sizeof f);
        return f;
    }
}

static struct mcd_tensor tensor_of(const struct mcd_operand *o, uint32_t type)
{
    if (o->fill == MCD_FILL_LABEL)
        type = MCD_I32;
    return (struct mcd_tensor){
        .type = o->type ? o->type : type, .rows = o->rows, .shape = o->shape};
}

static size_t tensor_bytes(const struct mcd_tensor *t)
{
    return (size_t)mcd_tensor_count(t) * mcd_type_size(t->type);
}

/* Gives a tensor its place in the arena, after a gap; returns where the next may begin. */
static size_t place(const struct mcd_placed_step *p, struct mcd_tensor *t,
                    struct mcd_buffer *buffer, size_t end)
{
    t->buffer = buffer;
    t->offset = (end + p->memory.gap + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return t->offset + tensor_bytes(t);
}

/* Describes the step as a planner does before anything has a place. */
static void describe(struct mcd_placed_step *p)
{
    const struct mcd_step_case *c = p->of;
    p->step = (struct mcd_step){
        .size = sizeof p->step, .op = c->op, .attr = c->attr, .nin = c->nin, .in = p->in};
    p->step.scheduled = c->scheduled;
    for (uint32_t i = 0; i < c->nin; i++)
        p->in[i] = tensor_of(&c->in[i], p->backend->type);
    p->step.out = tensor_of(&c->out, p->backend->type);
    p->step.workspace = (struct mcd_tensor){.type = MCD_U8};
}

/* Lays everything out, with buffer NULL to learn the size. */
static size_t lay_out(struct mcd_placed_step *p, struct mcd_buffer *buffer)
{
    size_t end = 0;
    for (uint32_t i = 0; i < p->of->nin; i++)
        end = place(p, &p->in[i], buffer, end);
    if (p->of->in_place == MCD_NO_INPUT)
        end = place(p, &p->step.out, buffer, end);
    else
        p->step.out = p->in[p->of->in_place];
    p->step.workspace.shape = mcd_shape1((int64_t)p->kernel.workspace);
    end = place(p, &p->step.workspace, buffer, end) + p->memory.gap;
    p->arena = (struct mcd_tensor){buffer, 0, MCD_U8, 0, mcd_shape1((int64_t)end)};
    return end;
}

/* Draws of all sites up to the step's own; what belongs to the others must not be read. */
static int make_run(struct mcd_placed_step *p, uint32_t key)
{
    const struct mcd_step_case *c = p->of;
    uint32_t site = (uint32_t)c->attr.u.drop.site, sites = site + 1, rows = c->passes * c->rows;
    int noisy = c->op == MCD_OP_DROP || c->op == MCD_OP_NOISE;
    size_t units = noisy ? (size_t)c->attr.u.drop.units : 0, words = (units + 31) / 32 * rows;
    p->run = (struct mcd_run){.size = sizeof p->run,
                              .domain = c->domain,
                              .seed = c->seed,
                              .update = c->update,
                              .first_row = c->first_row,
                              .passes = c->passes,
                              .rows = c->rows,
                              .first_place = c->first_place,
                              .first_pass = c->first_pass,
                              .joined = c->joined,
                              .summed = c->summed,
                              /* who is not scheduled must not look */
                              .rate_factor = c->scheduled ? c->rate_factor : (double)NAN};
    if (!noisy)
        return 1;
    p->draws = malloc((size_t)sites * c->passes * sizeof *p->draws);
    p->words = malloc((words + 1) * sizeof *p->words);
    p->bits = calloc(sites, sizeof *p->bits);
    if (!p->draws || !p->words || !p->bits)
        return 0;
    for (uint32_t i = 0; i < sites * c->passes; i++)
        p->draws[i] =
            (struct mcd_draw){.stream = c->stream + 3 * i + 1, .flip = i & 1, .shared = i >> 1 & 1};
    for (uint32_t i = 0; i < c->passes; i++)
        p->draws[site * c->passes + i] = (struct mcd_draw){
            .stream = c->stream + 5 * i, .flip = c->flip >> i % 32 & 1, .shared = c->shared};
    for (size_t i = 0; i < words; i++)
        p->words[i] = mcd_philox(key, (uint32_t)i, 1, 0, 0).w[0];
    p->bits[site] = p->words;
    int random = c->op == MCD_OP_NOISE || (c->attr.u.drop.p > 0 && c->attr.u.drop.p < 1);
    p->run.draws = random ? p->draws : NULL; /* whoever looks all the same crashes */
    p->run.bits = c->bits ? p->bits : NULL;
    return 1;
}

/* The arena before the run: inputs in place, the filling everywhere else. */
static int make_image(struct mcd_placed_step *p, uint32_t key, size_t bytes)
{
    p->before = malloc(bytes);
    p->after = malloc(bytes);
    if (!p->before || !p->after)
        return 0;
    memset(p->before, p->memory.fill, bytes);
    for (uint32_t i = 0; i < p->of->nin; i++) {
        int64_t count = mcd_tensor_count(&p->in[i]);
        double *values = malloc((size_t)count * sizeof *values);
        if (!values)
            return 0;
        mcd_operand_values(&p->of->in[i], key + i, values);
        for (int64_t j = 0; j < count; j++)
            store(&p->in[i], p->before, j, values[j]);
        free(values);
    }
    return 1;
}

int mcd_step_place_in(const struct mcd_engine *b, const struct mcd_step_case *c, uint32_t key,
                      const struct mcd_step_memory *memory, struct mcd_placed_step *p,
                      struct mcd_error *e)
{
    *p = (struct mcd_placed_step){.backend = b, .of = c, .memory = *memory};
    describe(p);
    if (c->scheduled && b->item && mcd_item_is_older(b->item, 1))
        return MCD_UNSUPPORTED; /* the core does not ask it, either */
    int status = b->api->kernel(b->self, &p->step, &p->kernel, e);
    if (status)
        return status;
    struct mcd_buffer *buffer = NULL;
    size_t bytes = lay_out(p, NULL);
    status = b->api->alloc(b->self, bytes, &buffer, e);
    lay_out(p, buffer);
    if (!status && !(make_run(p, key) && make_image(p, key, bytes)))
        status = mcd_fail(e, MCD_NOMEM, "", "out of memory");
    if (status)
        mcd_step_remove(p);
    return status;
}

int mcd_step_place(const struct mcd_engine *b, const struct mcd_step_case *c, uint32_t key,
                   struct mcd_placed_step *p, struct mcd_error *e)
{
    return mcd_step_place_in(b, c, key, &mcd_step_poisoned, p, e);
}

static int inside(const struct mcd_tensor *t, size_t byte)
{
    return byte >= t->offset && byte < t->offset + tensor_bytes(t);
}

/* What lies at a byte of the arena, if a kernel may not write there. */
static const char *protected_at(const struct mcd_placed_step *p, size_t byte)
{
    static const char *const names[MCD_MAX_INPUTS] = {"input 0", "input 1", "input 2", "input 3"};
    if (inside(&p->step.out, byte) || inside(&p->step.workspace, byte))
        return NULL;
    for (uint32_t i = 0; i < p->of->nin; i++)
        if (inside(&p->in[i], byte))
            return p->of->updates >> i & 1 ? NULL : names[i];
    return "memory of nobody";
}

const char *mcd_step_spoilt(const struct mcd_placed_step *p, size_t *byte)
{
    for (*byte = 0; *byte < tensor_bytes(&p->arena); ++*byte) {
        const char *what = p->before[*byte] == p->after[*byte] ? NULL : protected_at(p, *byte);
        if (what)
            return what;
    }
    return NULL;
}

int mcd_step_execute(struct mcd_placed_step *p, double *results, struct mcd_error *e)
{
    const struct mcd_backend *api = p->backend->api;
    void *self = p->backend->self;
    int status = api->write(self, &p->arena, p->before, e);
    if (!status)
        status = p->kernel.run(p->kernel.state, &p->step, &p->run, e);
    if (!status && api->sync)
        status = api->sync(self, e);
    if (!status)
        status = api->read(self, &p->arena, p->after, e);
    if (status)
        return status;
    int64_t at = 0;
    for (int64_t i = 0; i < mcd_tensor_count(&p->step.out); i++)
        results[at++] = load(&p->step.out, p->after, i);
    for (uint32_t k = 0; k < p->of->nin; k++)
        for (int64_t i = 0; p->of->updates >> k & 1 && i < mcd_tensor_count(&p->in[k]); i++)
            results[at++] = load(&p->in[k], p->after, i);
    return MCD_OK;
}

void mcd_step_remove(struct mcd_placed_step *p)
{
    if (p->kernel.release)
        p->kernel.release(p->kernel.state);
    p->backend->api->release(p->backend->self, p->arena.buffer);
    free(p->draws);
    free(p->words);
    free(p->bits);
    free(p->before);
    free(p->after);
}
