#include "run.h"

#include "ring.h"

#include <string.h>

struct mcd_cuda_run {
    struct mcd_cuda *cuda;
    struct mcd_cuda_ring ring; /* slots as large as the device's copy */
    char *device;
    uint8_t *filled; /* by site, room for filled_room */
    uint32_t filled_room;
    int any_filled;
};

/* Where things lie in a copy, in bytes; the struct mcd_run is at 0. */
struct layout {
    size_t draws, bits, words, end;
};

struct mcd_cuda_run *mcd_cuda_run_create(struct mcd_cuda *cuda, struct mcd_error *error)
{
    struct mcd_cuda_run *r = cuda->host->alloc(cuda->host, sizeof *r);
    if (!r)
        cuda->host->fail(error, MCD_NOMEM, "memory", "%zu bytes are not to be had", sizeof *r);
    else
        *r = (struct mcd_cuda_run){.cuda = cuda};
    return r;
}

static void remove_copies(struct mcd_cuda_run *r)
{
    mcd_cuda_ring_destroy(&r->ring);
    cudaFree(r->device);
    r->device = NULL;
}

void mcd_cuda_run_destroy(struct mcd_cuda_run *r)
{
    if (!r)
        return;
    const struct mcd_host *host = r->cuda->host;
    remove_copies(r);
    host->release(host, r->filled);
    host->release(host, r);
}

/* ---- room ------------------------------------------------------------------------------------ */

static size_t words_of(const struct mcd_run *run, uint32_t units)
{
    return (size_t)run->passes * run->rows * ((units + 31) / 32);
}

static int is_filled(const struct mcd_run *run, uint32_t site, const uint32_t *units)
{
    return units[site] && run->bits && run->bits[site];
}

static struct layout lay_out(const struct mcd_run *run, uint32_t sites, const uint32_t *units)
{
    struct layout at = {.draws = (sizeof *run + 63) / 64 * 64};
    at.bits = at.draws + (size_t)sites * run->passes * sizeof *run->draws;
    at.words = at.bits + sites * sizeof *run->bits;
    at.end = at.words;
    for (uint32_t s = 0; s < sites; s++)
        if (is_filled(run, s, units))
            at.end += words_of(run, units[s]) * sizeof **run->bits;
    return at;
}

/* The stream may still use what is given back: it is waited for. Rare, for rooms double. */
static int grow(struct mcd_cuda_run *r, size_t bytes, struct mcd_error *error)
{
    struct mcd_cuda *cuda = r->cuda;
    size_t room = 4096;
    while (room < bytes)
        room *= 2;
    int status = mcd_cuda_status(cuda, cudaStreamSynchronize(cuda->stream),
                                 "waiting for earlier runs", error);
    if (status)
        return status;
    remove_copies(r);
    status = mcd_cuda_status(cuda, cudaMalloc((void **)&r->device, room),
                             "making room for a run's numbers", error);
    if (status)
        r->device = NULL;
    else
        status = mcd_cuda_ring_create(cuda, &r->ring, room, error);
    if (status)
        remove_copies(r);
    return status;
}

static int grow_filled(struct mcd_cuda_run *r, uint32_t sites, struct mcd_error *error)
{
    const struct mcd_host *host = r->cuda->host;
    uint8_t *filled = host->alloc(host, sites);
    if (!filled)
        return host->fail(error, MCD_NOMEM, "memory", "%u bytes are not to be had", sites);
    host->release(host, r->filled);
    r->filled = filled;
    r->filled_room = sites;
    return MCD_OK;
}

/* ---- upload ---------------------------------------------------------------------------------- */

/* A copy whose pointers are right on the device. */
static void compose(struct mcd_cuda_run *r, char *to, const struct mcd_run *run,
                    const struct layout *at, uint32_t sites, const uint32_t *units)
{
    struct mcd_run *copy = (struct mcd_run *)to;
    const uint32_t **bits = (const uint32_t **)(to + at->bits);
    size_t next = at->words;
    *copy = *run;
    copy->draws = sites && run->draws ? (const struct mcd_draw *)(r->device + at->draws) : NULL;
    if (copy->draws)
        memcpy(to + at->draws, run->draws, at->bits - at->draws);
    r->any_filled = 0;
    for (uint32_t s = 0; s < sites; s++) {
        r->filled[s] = (uint8_t)is_filled(run, s, units);
        bits[s] = r->filled[s] ? (const uint32_t *)(r->device + next) : NULL;
        if (!r->filled[s])
            continue;
        size_t bytes = words_of(run, units[s]) * sizeof **bits;
        memcpy(to + next, run->bits[s], bytes);
        next += bytes;
        r->any_filled = 1;
    }
    copy->bits = r->any_filled ? (const uint32_t *const *)(r->device + at->bits) : NULL;
}

int mcd_cuda_run_upload(struct mcd_cuda_run *r, const struct mcd_run *run, uint32_t sites,
                        const uint32_t *units, struct mcd_error *error)
{
    struct mcd_cuda *cuda = r->cuda;
    const struct layout at = lay_out(run, sites, units);
    uint32_t slot;
    int status = MCD_OK;
    if (!r->device || at.end > r->ring.bytes)
        status = grow(r, at.end, error);
    if (status == MCD_OK && sites > r->filled_room)
        status = grow_filled(r, sites, error);
    if (status == MCD_OK)
        status = mcd_cuda_ring_take(cuda, &r->ring, &slot, error);
    if (status)
        return status;
    char *pinned = mcd_cuda_ring_slot(&r->ring, slot);
    compose(r, pinned, run, &at, sites, units);
    status = mcd_cuda_status(
        cuda, cudaMemcpyAsync(r->device, pinned, at.end, cudaMemcpyHostToDevice, cuda->stream),
        "copying a run's numbers to the card", error);
    return status ? status : mcd_cuda_ring_pass(cuda, &r->ring, slot, error);
}

const struct mcd_run *mcd_cuda_run_device(const struct mcd_cuda_run *r)
{
    return (const struct mcd_run *)r->device;
}

const uint8_t *mcd_cuda_run_filled(const struct mcd_cuda_run *r)
{
    return r->any_filled ? r->filled : NULL;
}

/* ---- sites ----------------------------------------------------------------------------------- */

/* Notes that an op draws, unless it looks at no random number at all. */
static uint32_t note_site(uint32_t op, const struct mcd_attr_drop *drop, uint32_t sites,
                          uint32_t *units)
{
    int draws = op == MCD_OP_NOISE || (op == MCD_OP_DROP && drop->p > 0 && drop->p < 1);
    if (!draws)
        return sites;
    const uint32_t site = (uint32_t)drop->site;
    for (; sites <= site; sites++)
        units[sites] = 0;
    units[site] = (uint32_t)drop->units;
    return sites;
}

uint32_t mcd_cuda_run_sites(uint32_t nsteps, const struct mcd_step *step, uint32_t *units)
{
    uint32_t sites = 0;
    for (uint32_t i = 0; i < nsteps; i++) {
        sites = note_site(step[i].op, &step[i].attr.u.drop, sites, units);
        for (uint32_t k = 0; k < step[i].nparts; k++)
            sites = note_site(step[i].part[k].op, &step[i].part[k].attr.u.drop, sites, units);
    }
    return sites;
}
