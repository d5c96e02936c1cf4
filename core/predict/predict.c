/* Monte-Carlo prediction: feeds the blocks of forward passes to the moments. */
#include "core/predict/predict.h"
#include "core/base/error.h"
#include "core/predict/geometry.h"

struct feed {
    const struct mcd_predict *predict;
    struct mcd_forward forward;
    struct mcd_moments *moments;
    uint64_t done, all; /* blocks of earlier stages, and of all, for the progress */
};

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Hands the part of a block that was asked for to whoever keeps the samples. */
static int hand_on(const struct mcd_predict *p, const struct mcd_block *block,
                   struct mcd_error *error)
{
    struct mcd_block b = *block;
    size_t pass_bytes =
        (size_t)(b.rows * p->network->outputs) * mcd_type_size(p->network->store->type);
    b.first_pass = block->first_pass < p->first_pass ? p->first_pass : block->first_pass;
    b.passes = lesser(block->first_pass + block->passes, p->first_pass + p->passes) - b.first_pass;
    b.samples = (const char *)block->samples + (b.first_pass - block->first_pass) * pass_bytes;
    return p->samples(p->samples_arg, &b, error);
}

static int feed(void *arg, const struct mcd_block *b, struct mcd_error *error)
{
    struct feed *f = arg;
    if (!b->samples)
        return mcd_moments_add_leaf(f->moments, b->row_block, b->pass_block,
                                    (uint32_t)(b->passes / f->forward.block_passes), b->values,
                                    b->sums, error);
    int status = mcd_moments_add(f->moments, b->row_block, b->pass_block, b->samples, error);
    return status || !f->predict->samples ? status : hand_on(f->predict, b, error);
}

static void progress(void *arg, uint64_t done, uint64_t all)
{
    struct feed *f = arg;
    (void)all;
    f->predict->progress(f->predict->progress_arg, f->done + done, f->all);
}

static int stage(struct feed *f, uint64_t first_block, uint64_t blocks, struct mcd_error *error)
{
    f->forward.first_block = first_block;
    f->forward.block_count = blocks;
    int status = mcd_forward_run(&f->forward, error);
    f->done += blocks * f->moments->blocks;
    return status;
}

/* Doubles what is done until the standard error is small enough. */
static int until(struct feed *f, uint64_t first_block, uint64_t blocks, struct mcd_error *error)
{
    uint64_t done = 0;
    double mcse = 0;
    do {
        uint64_t more = lesser(done ? done : 1, blocks - done);
        int status = stage(f, first_block + done, more, error);
        if (!status)
            status = mcd_moments_worst_mcse(f->moments, &mcse, error);
        if (status)
            return status;
        done += more;
    } while (done < blocks && !(mcse <= f->predict->until_mcse));
    return MCD_OK;
}

static struct mcd_moments_spec spec_of(const struct mcd_predict *p, const struct mcd_forward *f)
{
    const struct mcd_sampler *sampler = p->sampler->plugin->api;
    return (struct mcd_moments_spec){
        .task = p->network->recipe.task,
        .type = p->network->store->type,
        .rows = p->rows,
        .outputs = p->network->outputs,
        .block_rows = f->block_rows,
        .group = sampler->group(p->sampler->self),
        .block_passes = f->block_passes,
        .first_pass = p->first_pass,
        .passes = p->passes,
        .keep_pieces = p->keep_pieces,
        .meaning = p->meaning,
    };
}

int mcd_predict_run(const struct mcd_predict *p, struct mcd_moments **moments,
                    struct mcd_error *error)
{
    struct feed f = {
        .predict = p,
        .forward = {.network = p->network,
                    .sampler = p->sampler,
                    .x = p->x,
                    .rows = p->rows,
                    .first_row = p->first_row,
                    .seed = p->seed,
                    .sink = feed,
                    .stop = p->stop,
                    .progress = p->progress ? progress : NULL},
    };
    f.forward.arg = &f;
    mcd_forward_geometry(&f.forward);
    struct mcd_moments_spec spec = spec_of(p, &f.forward);
    int status = mcd_moments_create(p->network->host, &f.moments, &spec, error);
    if (status)
        return status;
    uint64_t first = mcd_moments_first_block(&spec), blocks = mcd_moments_block_count(&spec);
    f.all = blocks * f.moments->blocks;
    f.forward.moments = p->samples ? NULL : &spec;
    status = p->until_mcse > 0 ? until(&f, first, blocks, error) : stage(&f, first, blocks, error);
    if (status)
        mcd_moments_destroy(f.moments);
    else
        *moments = f.moments;
    return status;
}
