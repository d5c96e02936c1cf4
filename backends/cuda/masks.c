/* Masks of sites, several a launch: see masks.h. */
#include "masks.h"
#include "kernels.h"

enum { LINE = 64 /* bytes: a mask begins there */ };

int mcd_cuda_has_mask(uint32_t op, const struct mcd_attr_drop *drop)
{
    return op == MCD_OP_DROP && drop->law == MCD_BERNOULLI && drop->p > 0 && drop->p < 1;
}

uint32_t mcd_cuda_mask_words(const struct mcd_attr_drop *drop)
{
    return (uint32_t)((drop->units + 31) / 32);
}

size_t mcd_cuda_mask_bytes(const struct mcd_attr_drop *drop, uint32_t rows)
{
    size_t bytes = (size_t)rows * mcd_cuda_mask_words(drop) * sizeof(uint32_t);
    return (bytes + LINE - 1) / LINE * LINE;
}

void mcd_cuda_masks_start(struct mcd_cuda_masks *m, const struct mcd_cuda_call *call, void *memory)
{
    *m = (struct mcd_cuda_masks){.call = call, .memory = memory, .args = {.run = call->run}};
}

cudaError_t mcd_cuda_masks_launch(struct mcd_cuda_masks *m)
{
    if (!m->result)
        m->result = mcd_launch_mask(m->call->stream, (int64_t)m->threads, &m->args);
    m->args.count = 0;
    m->threads = 0;
    return m->result;
}

const uint32_t *mcd_cuda_masks_add(struct mcd_cuda_masks *m, const struct mcd_attr_drop *drop,
                                   uint32_t rows)
{
    const struct mcd_cuda_call *call = m->call;
    if (call->filled && call->filled[drop->site])
        return NULL;
    if (call->drawn && call->drawn[drop->site])
        return call->drawn[drop->site];
    if (m->args.count == MASK_SITES)
        mcd_cuda_masks_launch(m);
    uint32_t *bits = (uint32_t *)m->memory;
    struct mask_site *site = &m->args.site[m->args.count++];
    *site = (struct mask_site){
        .threshold = mcd_threshold(drop->p),
        .first = m->threads,
        .bits = bits,
        .blocks = mcd_divisor_of((uint64_t)(drop->units + 127) / 128),
        .site = (uint32_t)drop->site,
        .words = mcd_cuda_mask_words(drop),
    };
    m->threads += rows * site->blocks.by;
    m->memory += mcd_cuda_mask_bytes(drop, rows);
    return bits;
}

/* ---- of sections ------------------------------------------------------------------------- */

static uint32_t parts_of(const struct mcd_step *step)
{
    return step->nparts ? step->nparts : 1;
}

/* What part `i` of a step drops by bits; NULL: nothing. */
static const struct mcd_attr_drop *dropped_by(const struct mcd_step *step, uint32_t i)
{
    uint32_t op = step->nparts ? step->part[i].op : step->op;
    const struct mcd_attr *attr = step->nparts ? &step->part[i].attr : &step->attr;
    return mcd_cuda_has_mask(op, &attr->u.drop) ? &attr->u.drop : NULL;
}

size_t mcd_cuda_masks_bytes(uint32_t nsteps, const struct mcd_step *step)
{
    size_t bytes = 0;
    for (uint32_t s = 0; s < nsteps; s++)
        for (uint32_t i = 0; i < parts_of(&step[s]); i++) {
            const struct mcd_attr_drop *drop = dropped_by(&step[s], i);
            bytes += drop ? mcd_cuda_mask_bytes(drop, mcd_cuda_rows(&step[s].out)) : 0;
        }
    return bytes;
}

int mcd_cuda_masks_draw(const struct mcd_cuda_call *call, uint32_t nsteps,
                        const struct mcd_step *step, void *memory, const uint32_t **drawn)
{
    struct mcd_cuda_masks m;
    mcd_cuda_masks_start(&m, call, memory);
    for (uint32_t s = 0; s < nsteps; s++)
        for (uint32_t i = 0; i < parts_of(&step[s]); i++) {
            const struct mcd_attr_drop *drop = dropped_by(&step[s], i);
            if (drop && !drawn[drop->site])
                drawn[drop->site] = mcd_cuda_masks_add(&m, drop, mcd_cuda_rows(&step[s].out));
        }
    return mcd_cuda_call_status(call, mcd_cuda_masks_launch(&m), "drawing masks");
}
