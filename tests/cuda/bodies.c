/* The CUDA backend's kernels on the host: see bodies.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/cuda/bodies.h"

#include "core/base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/cuda/loops.h"
#include "tests/scratch.h"

/* ---- launches ----------------------------------------------------------------------------- */

static uint32_t launches;

#define LAUNCH(name, ...)                                                                          \
    cudaError_t mcd_launch_##name(cudaStream_t stream, int64_t count,                              \
                                  const struct name##_args *args)                                  \
    {                                                                                              \
        (void)stream;                                                                              \
        launches += count > 0;                                                                     \
        loop_##name(args, count);                                                                  \
        return cudaSuccess;                                                                        \
    }
MCD_CUDA_KERNELS(LAUNCH)
MCD_CUDA_TEAMS(LAUNCH)
#undef LAUNCH

/* ---- the backend -------------------------------------------------------------------------- */

static int alloc(void *self, size_t bytes, struct mcd_buffer **buffer, struct mcd_error *error)
{
    struct mcd_cuda_buffer *b = calloc(1, sizeof *b);
    (void)self, (void)error;
    assert_non_null(b);
    b->base.bytes = bytes;
    b->device = aligned_alloc(64, (bytes + 63) / 64 * 64);
    assert_non_null(b->device);
    *buffer = &b->base;
    return MCD_OK;
}

static void release(void *self, struct mcd_buffer *buffer)
{
    (void)self;
    if (buffer)
        free(((struct mcd_cuda_buffer *)buffer)->device);
    free(buffer);
}

static size_t bytes_of(const struct mcd_tensor *t)
{
    return (size_t)mcd_tensor_count(t) * mcd_type_size(t->type);
}

static int write_tensor(void *self, const struct mcd_tensor *to, const void *from,
                        struct mcd_error *error)
{
    (void)self, (void)error;
    memcpy(mcd_cuda_pointer(to), from, bytes_of(to));
    return MCD_OK;
}

static int read_tensor(void *self, const struct mcd_tensor *from, void *to, struct mcd_error *error)
{
    (void)self, (void)error;
    memcpy(to, mcd_cuda_pointer(from), bytes_of(from));
    return MCD_OK;
}

/* Which sites have bits: the step's own is the last that matters. */
static uint8_t *filled_of(const struct mcd_step *step, const struct mcd_run *run)
{
    size_t sites = (size_t)step->attr.u.drop.site + 1;
    uint8_t *filled = run->bits ? calloc(sites, 1) : NULL;
    for (size_t i = 0; filled && i < sites; i++)
        filled[i] = run->bits[i] != NULL;
    return filled;
}

static int run_step(void *state, const struct mcd_step *step, const struct mcd_run *run,
                    struct mcd_error *error)
{
    const struct mcd_cuda_op *op = state;
    int noisy = step->op == MCD_OP_DROP || step->op == MCD_OP_NOISE;
    uint8_t *filled = noisy ? filled_of(step, run) : NULL;
    struct mcd_cuda_call call = {
        .cuda = op->cuda,
        .step = step,
        .run = run,
        .passes = run->passes,
        .rows = run->rows,
        .filled = filled,
        .error = error,
    };
    int status = op->enqueue(op, &call);
    free(filled);
    return status;
}

static const struct mcd_cuda_offer *find(const struct bodies *b, uint32_t op)
{
    for (size_t i = 0; b->families[i]; i++)
        for (const struct mcd_cuda_offer *o = b->families[i]; o->op; o++)
            if (o->op == op)
                return o;
    return NULL;
}

static int kernel(void *self, const struct mcd_step *step, struct mcd_kernel *k,
                  struct mcd_error *error)
{
    struct bodies *b = self;
    const struct mcd_cuda_offer *offer = find(b, step->op);
    const char *reason = offer ? NULL : "this op";
    if (offer && offer->refuse)
        reason = offer->refuse(step);
    if (reason)
        return mcd_fail(error, MCD_UNSUPPORTED, "bodies", "cannot do %s", reason);
    struct mcd_cuda_op *op = calloc(1, sizeof *op);
    assert_non_null(op);
    *op = (struct mcd_cuda_op){.cuda = &b->cuda, .enqueue = offer->enqueue};
    *k = (struct mcd_kernel){.run = run_step, .state = op, .release = free};
    k->workspace = offer->workspace ? offer->workspace(step) : 0;
    return MCD_OK;
}

static const struct mcd_backend api = {
    .size = sizeof api,
    .alloc = alloc,
    .release = release,
    .write = write_tensor,
    .read = read_tensor,
    .kernel = kernel,
};

void bodies_open(struct bodies *b, const struct mcd_cuda_offer *const *families)
{
    struct mcd_error e = {0};
    *b = (struct bodies){.families = families};
    assert_ok(mcd_engine_open("reference:precision=f64", 1, &b->oracle, &e), e);
    b->engine = (struct mcd_engine){.api = &api, .self = b, .type = MCD_F32};
    b->cuda.host = b->oracle.host;
}

void bodies_close(struct bodies *b)
{
    assert_int_equal(mcd_engine_close(&b->oracle), 0);
}

int bodies_set_up(void **state, const struct mcd_cuda_offer *const *families)
{
    static struct bodies b;
    bodies_open(&b, families);
    *state = &b;
    return 0;
}

int bodies_tear_down(void **state)
{
    bodies_close(*state);
    return 0;
}

struct one bodies_one(uint32_t op, uint32_t rows, const char *note)
{
    struct one one = {{NULL, 0, 0}, NULL};
    one.of = mcd_case_add(&one.list, op, rows, note);
    assert_non_null(one.list.at);
    return one;
}

/* ---- comparing ---------------------------------------------------------------------------- */

static double *room_of(const struct mcd_step_case *c)
{
    double *room = calloc((size_t)mcd_step_results(c), sizeof *room);
    assert_non_null(room);
    return room;
}

static double *run_case(const struct mcd_engine *engine, const struct mcd_step_case *c,
                        uint32_t key)
{
    struct mcd_placed_step p;
    struct mcd_error e = {0};
    char text[300];
    size_t byte;
    double *results = room_of(c);
    mcd_case_describe(c, text, sizeof text);
    if (mcd_step_place(engine, c, key, &p, &e) || mcd_step_execute(&p, results, &e))
        fail_msg("%s: %s: %s", text, e.where, e.text);
    const char *spoilt = mcd_step_spoilt(&p, &byte);
    if (spoilt)
        fail_msg("%s: wrote to %s, byte %zu of the arena", text, spoilt, byte);
    mcd_step_remove(&p);
    return results;
}

double *bodies_results(struct bodies *b, const struct mcd_step_case *c, uint32_t key)
{
    launches = 0;
    double *results = run_case(&b->engine, c, key);
    b->launches = launches;
    return results;
}

static void compare(const struct mcd_step_case *c, const double *got, const double *expected,
                    double tolerance)
{
    int64_t n = mcd_step_results(c);
    double largest = 0;
    char text[300];
    mcd_case_describe(c, text, sizeof text);
    for (int64_t i = 0; i < n; i++)
        if (isfinite(expected[i]))
            largest = fmax(largest, fabs(expected[i]));
    for (int64_t i = 0; i < n; i++) {
        double e = c->out.type ? expected[i] : (double)(float)expected[i]; /* or infinite here */
        int same = isnan(e) ? isnan(got[i]) : got[i] == e;
        if (!same && !(isfinite(e) && fabs(got[i] - e) <= tolerance * largest))
            fail_msg("%s: number %lld is %.9g, expected %.9g +- %.2g", text, (long long)i, got[i],
                     expected[i], tolerance * largest);
    }
}

void bodies_agree(struct bodies *b, const struct mcd_step_case *c, uint32_t key, double tolerance)
{
    double *got = bodies_results(b, c, key), *expected = run_case(&b->oracle, c, key);
    backwards = 1;
    double *again = bodies_results(b, c, key);
    backwards = 0;
    compare(c, got, expected, tolerance);
    compare(c, again, got, 0);
    free(got);
    free(again);
    free(expected);
}

uint32_t bodies_agree_on_all(struct bodies *b, double tolerance)
{
    struct mcd_case_list list = mcd_cases_create();
    uint32_t count = 0, stride = getenv("MCDROP_FAST") ? 5 : 1;
    assert_non_null(list.at);
    for (uint32_t i = 0; i < list.count; i++)
        if (find(b, list.at[i].op) && count++ % stride == 0)
            bodies_agree(b, &list.at[i], 100 * i, tolerance);
    mcd_cases_release(&list);
    return count;
}

void bodies_run_steps(struct bodies *b, const struct mcd_step *step, uint32_t nsteps,
                      const struct mcd_run *run, int together)
{
    struct mcd_cuda_call call = {.cuda = &b->cuda, .run = run, .passes = 1, .rows = run->rows};
    launches = 0;
    for (uint32_t i = 0; i < nsteps; i += call.nsteps) {
        struct mcd_kernel k = {0};
        struct mcd_error e = {0};
        assert_ok(kernel(b, &step[i], &k, &e), e);
        assert_int_equal(k.workspace, 0);
        const struct mcd_cuda_op *op = k.state;
        call.step = &step[i];
        call.nsteps = together ? mcd_cuda_together(&step[i], nsteps - i) : 1;
        assert_int_equal(op->enqueue(op, &call), MCD_OK);
        k.release(k.state);
    }
    b->launches = launches;
}

void bodies_refuse(struct bodies *b, const struct mcd_step_case *c, const char *reason)
{
    struct mcd_placed_step p;
    struct mcd_error e = {0};
    assert_int_equal(mcd_step_place(&b->engine, c, 1, &p, &e), MCD_UNSUPPORTED);
    if (!strstr(e.text, reason))
        fail_msg("'%s': expected '%s'", e.text, reason);
}
