/* Blocks as the backend wants them, equal, and not much larger than what may be asked for. */
#include "core/predict/geometry.h"

enum {
    FOLDED_ROWS = 384, /* rows x passes of a block: enough to keep matrix products efficient */
    MOST_PASSES = 1024 /* of a block, if its group is not larger: nobody may have asked for them */
};

uint32_t mcd_rows_wished(const struct mcd_network *n)
{
    const struct mcd_backend *api = n->backend->plugin->api;
    struct mcd_backend_info info = {.size = sizeof info};
    api->info(n->backend->self, &info);
    return info.rows;
}

static uint32_t group_of(const struct mcd_forward *f)
{
    if (!f->sampler)
        return 1;
    const struct mcd_sampler *api = f->sampler->plugin->api;
    uint32_t group = api->group(f->sampler->self);
    return group ? group : 1; /* 0 is refused by mcd_forward_run */
}

void mcd_forward_geometry(struct mcd_forward *f)
{
    uint32_t group = group_of(f), wished = mcd_rows_wished(f->network);
    uint32_t most = wished ? wished : FOLDED_ROWS;
    uint32_t folded = group < most ? most / group : 1; /* rows x groups of a block */
    uint64_t rows = f->rows < 1 ? 1 : (uint64_t)f->rows, blocks = (rows + folded - 1) / folded;
    f->block_rows = (uint32_t)((rows + blocks - 1) / blocks); /* equal ones waste least */
    uint32_t groups = f->sampler ? folded / f->block_rows : 1;
    uint32_t few = group < MOST_PASSES ? MOST_PASSES / group : 1;
    f->block_passes = (groups < few ? groups : few) * group;
}
