/*
 * Forward passes in blocks. Jobs - one block each - are computed in waves; while the blocks of one
 * wave are computed, those of the wave before go to the sink in order.
 */
#include "core/predict/forward.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/base/reals.h"
#include "core/graph/plan.h"
#include "core/predict/geometry.h"

#include <string.h>

enum {
    JOBS_PER_WORKER = 4,
    DEVICE_WORKERS = 2 /* one asks and hands on while the other one's block is computed */
};

/* What one worker computes with; made when it gets its first job. */
struct worker {
    struct mcd_plan *plan;
    uint32_t row_block; /* whose prefix is in the plan; UINT32_MAX for none */
    void *x;            /* one block of input in the backend's type */
    struct mcd_draw *draws;
    uint32_t **bits; /* by site, or NULL */
};

struct job {
    int status;
    struct mcd_error error;
    void *samples;
};

/* Consecutive jobs that are computed side by side. */
struct wave {
    struct job *job;
    uint64_t first; /* number of job[0] */
    uint32_t count;
};

struct run {
    const struct mcd_forward *f;
    const struct mcd_host *host;
    struct mcd_recording recording;
    uint64_t jobs;
    uint32_t width, workers; /* jobs of a wave at most */
    int by_job;              /* worker i has job i of each wave, whichever thread computes it */
    struct worker *worker;
    struct wave current, previous; /* what is computed, and what is handed on */
    int sink_status;
    struct mcd_error sink_error;
};

static const struct mcd_sampler *sampler(const struct run *r)
{
    return r->f->sampler->plugin->api;
}

static size_t element(const struct run *r)
{
    return mcd_type_size(r->f->network->store->type);
}

static size_t input_size(const struct run *r)
{
    return (size_t)mcd_shape_count(&r->f->network->input);
}

/* What job `number` computes, of the rows that exist. */
static struct mcd_block block_of(const struct run *r, uint64_t number)
{
    const struct mcd_forward *f = r->f;
    struct mcd_block b = {.row_block = (uint32_t)(number / f->block_count),
                          .pass_block = f->first_block + number % f->block_count,
                          .passes = f->block_passes};
    b.first_row = (int64_t)b.row_block * f->block_rows;
    b.rows = f->rows - b.first_row < f->block_rows ? f->rows - b.first_row : f->block_rows;
    b.first_pass = b.pass_block * f->block_passes;
    return b;
}

/* ---- one worker's memory ----------------------------------------------------------------- */

static int alloc_bits(const struct run *r, struct worker *w)
{
    const struct mcd_graph_core *g = r->recording.graph;
    size_t rows = (size_t)r->f->block_rows * r->f->block_passes;
    w->bits = r->host->alloc(r->host, (g->nsites + 1) * sizeof *w->bits);
    if (!w->bits)
        return MCD_NOMEM;
    memset(w->bits, 0, (g->nsites + 1) * sizeof *w->bits);
    for (uint32_t s = 0; s < g->nsites; s++) {
        if (g->site[s].law != MCD_BERNOULLI)
            continue;
        w->bits[s] = r->host->alloc(r->host, rows * ((g->site[s].units + 31) / 32) * 4);
        if (!w->bits[s])
            return MCD_NOMEM;
    }
    return MCD_OK;
}

static int worker_create(const struct run *r, struct worker *w, struct mcd_error *error)
{
    const struct mcd_graph_core *g = r->recording.graph;
    struct mcd_plan_spec spec = {
        .graph = g,
        .store = r->f->network->store,
        .rows = r->f->block_rows,
        .passes = r->f->block_passes,
        .noutputs = 1,
        .output = &r->recording.y,
    };
    int status = mcd_plan_create(&spec, &w->plan, error);
    if (status)
        return status;
    w->row_block = UINT32_MAX;
    w->x = r->host->alloc(r->host, r->f->block_rows * input_size(r) * element(r));
    size_t draws = ((size_t)g->nsites * r->f->block_passes + 1) * sizeof *w->draws;
    w->draws = r->host->alloc(r->host, draws);
    if (!w->x || !w->draws || (r->f->sampler && sampler(r)->fill && alloc_bits(r, w)))
        return mcd_fail(error, MCD_NOMEM, "prediction", "out of memory");
    memset(w->draws, 0, draws);
    return MCD_OK;
}

static void worker_destroy(const struct run *r, struct worker *w)
{
    mcd_plan_destroy(w->plan);
    for (uint32_t s = 0; w->bits && s < r->recording.graph->nsites; s++)
        r->host->release(r->host, w->bits[s]);
    r->host->release(r->host, w->bits);
    r->host->release(r->host, w->draws);
    r->host->release(r->host, w->x);
    *w = (struct worker){0};
}

/* ---- one block --------------------------------------------------------------------------- */

/* Writes a block of input; rows beyond the last one are zeros. */
static int write_input(const struct run *r, struct worker *w, const struct mcd_block *b,
                       struct mcd_error *error)
{
    size_t n = input_size(r);
    const float *from = r->f->x + (size_t)b->first_row * n;
    memset(w->x, 0, r->f->block_rows * n * element(r));
    mcd_reals_copy(w->x, r->f->network->store->type, from, MCD_F32, (size_t)b->rows * n);
    return mcd_plan_write(w->plan, r->recording.x, w->x, error);
}

static int fill_bits(const struct run *r, struct worker *w, const struct mcd_site *site,
                     const struct mcd_run *run, uint64_t first_pass, struct mcd_error *error)
{
    uint32_t words = (site->units + 31) / 32;
    for (uint32_t v = 0; v < run->passes * run->rows; v++) {
        int status = sampler(r)->fill(r->f->sampler->self, site, run->seed,
                                      first_pass + v / run->rows, run->first_row + v % run->rows,
                                      w->bits[site->id] + (size_t)v * words, error);
        if (status)
            return mcd_item_status(r->f->sampler, status, error);
    }
    return MCD_OK;
}

/*
 * How one pass draws at one site. A stream that is too large would reach into the other words of
 * the address and correlate sites in silence.
 */
static int ask_draw(const struct run *r, const struct mcd_site *site, uint64_t pass,
                    struct mcd_draw *draw, struct mcd_error *error)
{
    int status = sampler(r)->draw(r->f->sampler->self, site, r->f->seed, pass, draw, error);
    if (status)
        return mcd_item_status(r->f->sampler, status, error);
    if (draw->stream >= MCD_MAX_STREAM)
        return mcd_fail(error, MCD_UNSUPPORTED, r->f->sampler->plugin->name,
                        "pass %llu reads stream %llu: expected below 2^48",
                        (unsigned long long)pass, (unsigned long long)draw->stream);
    return MCD_OK;
}

/* Asks the sampler how each pass of the block draws at each site. */
static int ask_sampler(const struct run *r, struct worker *w, const struct mcd_run *run,
                       uint64_t first_pass, struct mcd_error *error)
{
    const struct mcd_graph_core *g = r->recording.graph;
    int status = MCD_OK;
    for (uint32_t s = 0; !status && s < g->nsites; s++) {
        if (w->bits && w->bits[s]) {
            status = fill_bits(r, w, &g->site[s], run, first_pass, error);
            continue;
        }
        for (uint32_t p = 0; !status && p < run->passes; p++)
            status = ask_draw(r, &g->site[s], first_pass + p,
                              &w->draws[(size_t)s * run->passes + p], error);
    }
    return status;
}

static int compute(const struct run *r, struct worker *w, uint64_t number, void *samples,
                   struct mcd_error *error)
{
    const struct mcd_forward *f = r->f;
    const struct mcd_block b = block_of(r, number);
    struct mcd_run run = {
        .size = sizeof run,
        .domain = MCD_DOMAIN_PREDICT,
        .seed = f->seed,
        .first_row = f->first_row + (uint64_t)b.first_row,
        .passes = f->block_passes,
        .rows = f->block_rows,
        .draws = w->draws,
        .bits = (const uint32_t *const *)w->bits,
    };
    int status = MCD_OK;
    if (w->row_block != b.row_block) {
        w->row_block = UINT32_MAX;
        struct mcd_run once = run; /* the prefix has rows alone: no passes, no draws */
        once.passes = 1;
        once.draws = NULL;
        once.bits = NULL;
        status = write_input(r, w, &b, error);
        if (!status)
            status = mcd_plan_run_prefix(w->plan, &once, error);
    }
    if (!status && f->sampler)
        status = ask_sampler(r, w, &run, b.first_pass, error);
    if (!status)
        status = mcd_plan_run_body(w->plan, &run, error);
    if (!status)
        status = mcd_plan_read(w->plan, r->recording.y, samples, error);
    if (!status)
        w->row_block = b.row_block;
    return status;
}

/* ---- waves ------------------------------------------------------------------------------- */

/* Moves the rows of each pass together where the block has fewer rows than are computed. */
static void close_up(const struct run *r, const struct mcd_block *b, char *samples)
{
    size_t row = (size_t)r->f->network->outputs * element(r);
    size_t from = row * r->f->block_rows, to = row * (size_t)b->rows;
    for (uint64_t p = 1; from != to && p < b->passes; p++)
        memmove(samples + p * to, samples + p * from, to);
}

static void hand_on(struct run *r)
{
    for (uint32_t i = 0; i < r->previous.count && !r->sink_status; i++) {
        struct mcd_block b = block_of(r, r->previous.first + i);
        close_up(r, &b, r->previous.job[i].samples);
        b.samples = r->previous.job[i].samples;
        r->sink_status = r->f->sink(r->f->arg, &b, &r->sink_error);
    }
}

/* Task 0 hands on what is done; the others compute. */
static void task(void *arg, uint32_t i, uint32_t worker)
{
    struct run *r = arg;
    if (i == 0) {
        hand_on(r);
        return;
    }
    struct job *job = &r->current.job[i - 1];
    struct worker *w = &r->worker[r->by_job ? i - 1 : worker];
    job->status = w->plan ? MCD_OK : worker_create(r, w, &job->error);
    if (job->status)
        worker_destroy(r, w); /* the next job may find what was missing here */
    else
        job->status = compute(r, w, r->current.first + i - 1, job->samples, &job->error);
}

static int first_failure(const struct run *r, struct mcd_error *error)
{
    if (r->sink_status)
        return mcd_fail(error, r->sink_status, r->sink_error.where, "%s", r->sink_error.text);
    for (uint32_t i = 0; i < r->current.count; i++) {
        const struct job *job = &r->current.job[i];
        if (job->status)
            return mcd_fail(error, job->status, job->error.where, "%s", job->error.text);
    }
    return MCD_OK;
}

/* What was handed on makes room for what comes next. */
static void next_wave(struct run *r)
{
    struct wave done = r->current;
    r->current = (struct wave){.job = r->previous.job, .first = done.first + done.count};
    r->previous = done;
}

static int run_waves(struct run *r, struct mcd_error *error)
{
    const struct mcd_forward *f = r->f;
    while (r->current.first < r->jobs || r->previous.count) {
        uint64_t left = r->jobs - r->current.first;
        r->current.count = left < r->width ? (uint32_t)left : r->width;
        r->host->parallel(r->host, r->current.count + 1, task, r);
        int status = first_failure(r, error);
        if (status)
            return status;
        next_wave(r);
        if (f->progress)
            f->progress(f->arg, r->current.first, r->jobs);
        if (f->stop && *f->stop && (r->current.first < r->jobs || r->previous.count))
            return mcd_fail(error, MCD_STOPPED, "", "interrupted");
    }
    return MCD_OK;
}

/* ---- putting it together ----------------------------------------------------------------- */

static int wave_alloc(const struct run *r, struct wave *w, struct mcd_error *error)
{
    const struct mcd_forward *f = r->f;
    size_t bytes =
        (size_t)f->block_rows * f->block_passes * (size_t)f->network->outputs * element(r);
    w->job = mcd_host_zalloc(r->host, r->width * sizeof *w->job, error);
    for (uint32_t i = 0; w->job && i < r->width; i++)
        if (!(w->job[i].samples = mcd_host_zalloc(r->host, bytes, error)))
            return MCD_NOMEM;
    return w->job ? MCD_OK : MCD_NOMEM;
}

static void wave_release(const struct run *r, struct wave *w)
{
    for (uint32_t i = 0; w->job && i < r->width; i++)
        r->host->release(r->host, w->job[i].samples);
    r->host->release(r->host, w->job);
}

/*
 * What computes with large blocks needs few of them at a time, and memory for a second one only if
 * it is there.
 */
static int make_device_workers(struct run *r, struct mcd_error *error)
{
    struct mcd_error no_second = {0};
    int status = worker_create(r, &r->worker[0], error);
    if (!status && r->width > 1 && worker_create(r, &r->worker[1], &no_second)) {
        worker_destroy(r, &r->worker[1]);
        r->width = 1;
    }
    return status;
}

static int run_alloc(struct run *r, struct mcd_error *error)
{
    r->worker = mcd_host_zalloc(r->host, r->workers * sizeof *r->worker, error);
    int status = r->worker ? MCD_OK : MCD_NOMEM;
    if (!status && r->by_job)
        status = make_device_workers(r, error);
    if (!status)
        status = wave_alloc(r, &r->current, error);
    return status ? status : wave_alloc(r, &r->previous, error);
}

static void run_release(struct run *r)
{
    for (uint32_t i = 0; r->worker && i < r->workers; i++)
        worker_destroy(r, &r->worker[i]);
    wave_release(r, &r->current);
    wave_release(r, &r->previous);
    r->host->release(r->host, r->worker);
    mcd_graph_destroy(r->recording.graph);
}

/* A sampler that fills bits need not be able to do anything else. */
static int check_sampler(const struct run *r, struct mcd_error *error)
{
    const struct mcd_graph_core *g = r->recording.graph;
    const char *name = r->f->sampler->plugin->name;
    if (sampler(r)->group(r->f->sampler->self) == 0)
        return mcd_fail(error, MCD_INVALID, name, "its groups have 0 passes: expected 1 or more");
    for (uint32_t s = 0; s < g->nsites && !sampler(r)->draw; s++)
        if (g->site[s].law != MCD_BERNOULLI)
            return mcd_fail(error, MCD_UNSUPPORTED, name,
                            "serves dropout alone: expected a network without other noise");
    return MCD_OK;
}

int mcd_forward_run(const struct mcd_forward *f, struct mcd_error *error)
{
    uint64_t row_blocks = ((uint64_t)f->rows + f->block_rows - 1) / f->block_rows;
    struct run r = {.f = f, .host = f->network->host, .jobs = row_blocks * f->block_count};
    r.by_job = mcd_rows_wished(f->network) > 0;
    r.workers = r.by_job ? DEVICE_WORKERS : r.host->workers;
    r.width = r.by_job ? (uint32_t)(r.jobs < DEVICE_WORKERS ? r.jobs : DEVICE_WORKERS)
                       : r.workers * JOBS_PER_WORKER;
    int status = mcd_network_record(f->network, f->sampler != NULL, &r.recording, error);
    if (status)
        return status;
    if (f->sampler)
        status = mcd_recording_check_stochastic(f->network, &r.recording, error);
    if (!status && f->sampler)
        status = check_sampler(&r, error);
    if (!status)
        status = run_alloc(&r, error);
    if (!status)
        status = run_waves(&r, error);
    run_release(&r);
    return status;
}
