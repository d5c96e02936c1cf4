/*
 * Forward passes in blocks. Jobs - one block each, or several whose passes are condensed - are
 * computed in waves; while those of one wave are computed, those of the wave before go to the sink
 * in order.
 */
#include "core/predict/forward.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/predict/geometry.h"
#include "core/predict/leaves.h"

#include <string.h>

enum {
    JOBS_PER_WORKER = 4,
    DEVICE_WORKERS = 2 /* of each device: while one's block is computed, the other one asks */
};

struct job {
    int status;
    struct mcd_error error;
    struct mcd_block block; /* what it computes, or the first of several */
    uint32_t pass_blocks;
    int condensed; /* 1: leaves are what comes of it */
    void *samples; /* room for those of one block */
    struct mcd_leaves leaves;
};

/* Consecutive jobs that are computed side by side. */
struct wave {
    struct job *job;
    uint32_t count;
};

struct run {
    const struct mcd_forward *f;
    const struct mcd_host *host;
    struct mcd_work work;
    uint64_t blocks;         /* of passes and rows: all */
    uint64_t next;           /* the first block that is in no job yet */
    uint32_t width, workers; /* jobs of a wave at most */
    int by_job;              /* worker i has job i of each wave, whichever thread computes it */
    struct mcd_worker *worker;
    struct wave current, previous; /* what is computed, and what is handed on */
    int sink_status;
    struct mcd_error sink_error;
};

static const struct mcd_sampler *sampler(const struct run *r)
{
    return r->f->sampler->plugin->api;
}

/* ---- jobs -------------------------------------------------------------------------------- */

static int condenses(const struct run *r)
{
    return r->work.condensed.noutputs > 1;
}

/* Block `number` of rows and passes, of the rows that exist. */
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

/* Pass blocks of a job, at most: a power of two, and no more than leave each worker its share. */
static uint32_t most_joined(const struct run *r)
{
    uint64_t share = (r->blocks + r->width - 1) / r->width;
    uint32_t most = 1;
    while (most < share && most < MCD_MOST_JOINED)
        most *= 2;
    return most;
}

/* Block `number`, with those after it whose passes are condensed with its own. */
static void plan_job(const struct run *r, uint64_t number, struct job *job)
{
    uint64_t left = r->f->block_count - number % r->f->block_count, whole = 0;
    uint32_t most = most_joined(r);
    job->block = block_of(r, number);
    if (condenses(r))
        whole = mcd_moments_whole_blocks(r->f->moments, job->block.pass_block);
    whole = whole < left ? whole : left;
    job->condensed = whole > 0;
    job->pass_blocks = whole < most ? (uint32_t)whole : most;
    if (!job->condensed)
        job->pass_blocks = 1;
}

static int compute_leaves(const struct run *r, struct mcd_worker *w, struct job *job)
{
    return mcd_leaves_compute(&r->work, w, &job->block, job->pass_blocks, &job->leaves,
                              job->samples, &job->error);
}

static int compute_samples(const struct run *r, struct mcd_worker *w, struct job *job)
{
    int status = mcd_worker_run(&r->work, w, &job->block, (struct mcd_joining){0, 0}, &job->error);
    return status ? status : mcd_worker_read(&r->work, w, job->samples, &job->error);
}

/* ---- waves ------------------------------------------------------------------------------- */

/* Moves the rows of each pass together where the block has fewer rows than are computed. */
static void close_up(const struct run *r, const struct mcd_block *b, char *samples)
{
    size_t row = (size_t)r->f->network->outputs * mcd_work_element(&r->work);
    size_t from = row * r->f->block_rows, to = row * (size_t)b->rows;
    for (uint64_t p = 1; from != to && p < b->passes; p++)
        memmove(samples + p * to, samples + p * from, to);
}

static int hand_on_samples(struct run *r, struct job *job)
{
    close_up(r, &job->block, job->samples);
    job->block.samples = job->samples;
    return r->f->sink(r->f->arg, &job->block, &r->sink_error);
}

static void hand_on(struct run *r)
{
    for (uint32_t i = 0; i < r->previous.count && !r->sink_status; i++) {
        struct job *job = &r->previous.job[i];
        r->sink_status = job->condensed
                             ? mcd_leaves_hand_on(&r->work, &job->block, job->pass_blocks,
                                                  &job->leaves, &r->sink_error)
                             : hand_on_samples(r, job);
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
    uint32_t number = r->by_job ? i - 1 : worker;
    struct mcd_worker *w = &r->worker[number];
    job->status = w->plan ? MCD_OK : mcd_worker_create(&r->work, number, w, &job->error);
    if (job->status)
        mcd_worker_destroy(&r->work, w); /* the next job may find what was missing here */
    else
        job->status = job->condensed ? compute_leaves(r, w, job) : compute_samples(r, w, job);
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
    struct wave spare = r->previous;
    r->previous = r->current;
    r->current = spare;
    for (r->current.count = 0; r->current.count < r->width && r->next < r->blocks;) {
        struct job *job = &r->current.job[r->current.count++];
        plan_job(r, r->next, job);
        r->next += job->pass_blocks;
    }
}

static int run_waves(struct run *r, struct mcd_error *error)
{
    const struct mcd_forward *f = r->f;
    for (next_wave(r); r->current.count || r->previous.count; next_wave(r)) {
        r->host->parallel(r->host, r->current.count + 1, task, r);
        int status = first_failure(r, error);
        if (status)
            return status;
        if (f->progress)
            f->progress(f->arg, r->next, r->blocks);
        if (f->stop && *f->stop && r->current.count)
            return mcd_fail(error, MCD_STOPPED, "", "interrupted");
    }
    return MCD_OK;
}

/* ---- putting it together ----------------------------------------------------------------- */

static int wave_alloc(const struct run *r, struct wave *w, struct mcd_error *error)
{
    const struct mcd_forward *f = r->f;
    size_t bytes = (size_t)f->block_rows * f->block_passes * (size_t)f->network->outputs *
                   mcd_work_element(&r->work);
    w->job = mcd_host_zalloc(r->host, r->width * sizeof *w->job, error);
    for (uint32_t i = 0; w->job && i < r->width; i++)
        if (!(w->job[i].samples = mcd_host_zalloc(r->host, bytes, error)))
            return MCD_NOMEM;
    return w->job ? MCD_OK : MCD_NOMEM;
}

static void wave_release(const struct run *r, struct wave *w)
{
    for (uint32_t i = 0; w->job && i < r->width; i++) {
        r->host->release(r->host, w->job[i].samples);
        mcd_leaves_release(&r->work, &w->job[i].leaves);
    }
    r->host->release(r->host, w->job);
}

/* Whether the backend condenses passes, and has room for it, the first worker's plan tells. */
static int make_first_worker(struct run *r, struct mcd_error *error)
{
    struct mcd_error refusal = {0};
    int status = mcd_worker_create(&r->work, 0, &r->worker[0], condenses(r) ? &refusal : error);
    if (!condenses(r) || !status)
        return status;
    mcd_worker_destroy(&r->work, &r->worker[0]);
    if (status != MCD_UNSUPPORTED && status != MCD_NOMEM)
        return mcd_fail(error, status, refusal.where, "%s", refusal.text);
    r->work.condensed.noutputs = 1;
    return mcd_worker_create(&r->work, 0, &r->worker[0], error);
}

/*
 * What computes with large blocks needs few of them at a time, and memory for another one only if
 * it is there.
 */
static int make_device_workers(struct run *r, struct mcd_error *error)
{
    int status = make_first_worker(r, error);
    for (uint32_t i = 1; !status && r->by_job && i < r->width; i++) {
        struct mcd_error reason = {0};
        int missing = mcd_worker_create(&r->work, i, &r->worker[i], &reason);
        if (!missing)
            continue;
        mcd_worker_destroy(&r->work, &r->worker[i]);
        r->width = i;
        if (missing != MCD_NOMEM)
            status = mcd_fail(error, missing, reason.where, "%s", reason.text);
    }
    return status;
}

/* How many workers there are, and how many jobs they have at a time. */
static void choose_width(struct run *r)
{
    uint32_t most = DEVICE_WORKERS * r->work.devices.count;
    r->by_job = mcd_rows_wished(r->f->network) > 0;
    r->workers = r->by_job ? most : r->host->workers;
    r->width =
        r->by_job ? (uint32_t)(r->blocks < most ? r->blocks : most) : r->workers * JOBS_PER_WORKER;
}

static int run_alloc(struct run *r, struct mcd_error *error)
{
    choose_width(r);
    r->worker = mcd_host_zalloc(r->host, r->workers * sizeof *r->worker, error);
    int status = r->worker ? MCD_OK : MCD_NOMEM;
    if (!status && (r->by_job || condenses(r)))
        status = make_device_workers(r, error);
    if (!status)
        status = wave_alloc(r, &r->current, error);
    return status ? status : wave_alloc(r, &r->previous, error);
}

static void run_release(struct run *r)
{
    for (uint32_t i = 0; r->worker && i < r->workers; i++)
        mcd_worker_destroy(&r->work, &r->worker[i]);
    wave_release(r, &r->current);
    wave_release(r, &r->previous);
    r->host->release(r->host, r->worker);
    mcd_devices_close(&r->work.devices);
    mcd_graph_destroy(r->work.recording.graph);
}

/* A sampler that fills bits need not be able to do anything else. */
static int check_sampler(const struct run *r, struct mcd_error *error)
{
    const struct mcd_graph_core *g = r->work.recording.graph;
    const char *name = r->f->sampler->plugin->name;
    if (sampler(r)->group(r->f->sampler->self) == 0)
        return mcd_fail(error, MCD_INVALID, name, "its groups have 0 passes: expected 1 or more");
    for (uint32_t s = 0; s < g->nsites && !sampler(r)->draw; s++)
        if (g->site[s].law != MCD_BERNOULLI)
            return mcd_fail(error, MCD_UNSUPPORTED, name,
                            "serves dropout alone: expected a network without other noise");
    return MCD_OK;
}

/* No more than there are blocks: a device for nothing costs a copy of the parameters. */
static uint32_t devices_for(const struct run *r)
{
    return r->blocks < 1 ? 1 : r->blocks < UINT32_MAX ? (uint32_t)r->blocks : UINT32_MAX;
}

int mcd_forward_run(const struct mcd_forward *f, struct mcd_error *error)
{
    uint64_t row_blocks = ((uint64_t)f->rows + f->block_rows - 1) / f->block_rows;
    struct run r = {.f = f, .host = f->network->host, .blocks = row_blocks * f->block_count};
    r.work = (struct mcd_work){.f = f, .host = r.host};
    int status = mcd_network_record(f->network, f->sampler != NULL, &r.work.recording, error);
    if (status)
        return status;
    if (f->sampler)
        status = mcd_recording_check_stochastic(f->network, &r.work.recording, error);
    if (!status && f->sampler)
        status = check_sampler(&r, error);
    if (!status)
        status = mcd_condense_record(f->network, f->moments, &r.work.recording, &r.work.condensed,
                                     error);
    if (!status)
        status = mcd_devices_open(f->network, devices_for(&r), &r.work.devices, error);
    if (!status)
        status = run_alloc(&r, error);
    if (!status)
        status = run_waves(&r, error);
    run_release(&r);
    return status;
}
