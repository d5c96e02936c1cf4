/* Chains of parts: see chain.h. Steps that are nothing else are here, too. */
#include "chain.h"
#include "ops.h"
#include "pieces.h"

enum { GRAIN = 16384 /* elements */ };

static int can_follow(const struct mcd_part *p, int last)
{
    switch (p->op) {
    case MCD_OP_POOL2D:
        return last && mcd_cpu_knows(p->op, &p->attr);
    case MCD_OP_DROP:
        return p->attr.u.drop.law == MCD_BERNOULLI;
    default:
        return (p->op == MCD_OP_MAP || p->op == MCD_OP_AFFINE) && mcd_cpu_knows(p->op, &p->attr);
    }
}

int mcd_chain_make(const struct mcd_cpu *cpu, const struct mcd_step *step, uint32_t first,
                   struct mcd_chain *c, struct mcd_error *error)
{
    *c = (struct mcd_chain){0};
    if (step->op != MCD_OP_FUSED)
        return MCD_OK;
    c->part = step->part + first;
    c->count = step->nparts - first;
    c->from = first ? step->part[first - 1].shape : step->in[0].shape;
    c->pools = c->part[c->count - 1].op == MCD_OP_POOL2D;
    for (uint32_t i = 0; i < c->count; i++)
        if (c->count > MCD_MOST_PARTS || !can_follow(&c->part[i], i + 1 == c->count))
            return cpu->host->fail(error, MCD_UNSUPPORTED, "fused",
                                   "this chain is unknown to this backend");
    return MCD_OK;
}

int mcd_chain_make_pieces(const struct mcd_cpu *cpu, const struct mcd_step *step,
                          struct mcd_chain *c, struct mcd_error *error)
{
    int status = mcd_chain_make(cpu, step, 1, c, error);
    for (uint32_t i = 0; !status && i < c->count; i++)
        if (c->part[i].op == MCD_OP_DROP && c->part[i].attr.u.drop.span > 1)
            status = cpu->host->fail(error, MCD_UNSUPPORTED, "fused",
                                     "units of several elements may lie in two pieces of a row");
    return status;
}

static size_t lines(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

size_t mcd_chain_bytes(const struct mcd_chain *c, int64_t rows)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < c->count; i++)
        if (c->part[i].op == MCD_OP_DROP)
            bytes += lines(mcd_drop_bytes(&c->part[i].attr.u.drop, rows));
    return bytes;
}

void mcd_chain_start(struct mcd_chain *c, const struct mcd_cpu *cpu, const struct mcd_run *run,
                     int64_t rows, void *memory)
{
    char *room = memory;
    for (uint32_t i = 0; i < c->count; i++) {
        const struct mcd_attr_drop *drop = &c->part[i].attr.u.drop;
        if (c->part[i].op != MCD_OP_DROP)
            continue;
        c->bits[i] = mcd_drop_draw(cpu, drop, run, rows, (uint32_t *)room);
        room += lines(mcd_drop_bytes(drop, rows));
    }
}

/* Of part i, the words of a row. */
static const uint32_t *dropped(const struct mcd_chain *c, uint32_t i, int64_t row)
{
    return c->bits[i] + row * ((c->part[i].attr.u.drop.units + 31) / 32);
}

static float scale_of(const struct mcd_part *p)
{
    return (float)(1 / (1 - p->attr.u.drop.p));
}

/* Parts 0 .. count - 1, which are elementwise. */
static void piece(const struct mcd_chain *c, uint32_t count, float *to, const float *from,
                  int64_t row, int64_t first, int64_t n)
{
    for (uint32_t i = 0; i < count; i++, from = to) {
        const struct mcd_part *p = &c->part[i];
        int64_t span = p->attr.u.drop.span;
        if (p->op == MCD_OP_MAP)
            mcd_map_piece(p->attr.u.map.function, to, from, n);
        else if (p->op == MCD_OP_AFFINE)
            mcd_affine_piece(&p->attr, to, from, n);
        else
            mcd_drop_units(to, from, dropped(c, i, row) + first / span / 32, scale_of(p), span,
                           n / span);
    }
}

void mcd_chain_piece(const struct mcd_chain *c, float *to, const float *from, int64_t row,
                     int64_t first, int64_t n)
{
    piece(c, c->count - (uint32_t)c->pools, to, from, row, first, n);
}

static int drops_planes(const struct mcd_chain *c, const struct mcd_part *p)
{
    return p->op == MCD_OP_DROP && c->from.rank == 3 &&
           p->attr.u.drop.span == c->from.dim[1] * c->from.dim[2];
}

void mcd_chain_row(const struct mcd_chain *c, float *to, const float *from, float *room,
                   int64_t row)
{
    const int64_t n = mcd_shape_count(&c->from);
    const struct mcd_part *last = &c->part[c->count - 1];
    if (!c->pools) {
        piece(c, c->count, to, from, row, 0, n);
        return;
    }
    const struct mcd_attr_pool *pool = &last->attr.u.pool;
    uint32_t before = c->count - 1;
    int kept = before && drops_planes(c, last - 1) && pool->kind == MCD_POOL_MAX;
    before -= (uint32_t)kept;
    if (before)
        piece(c, before, room, from, row, 0, n);
    from = before ? room : from;
    if (kept)
        mcd_pool_kept(pool, &c->from, &last->shape, to, from, dropped(c, before, row),
                      scale_of(last - 1));
    else
        mcd_pool_row(pool, &c->from, &last->shape, to, from);
}

int64_t mcd_chain_kept(const struct mcd_chain *c, int64_t row, int64_t planes, int32_t *kept)
{
    int64_t count = 0;
    for (int32_t o = 0; o < planes; o++) {
        uint32_t gone = 0;
        for (uint32_t i = 0; i < c->count; i++)
            if (drops_planes(c, &c->part[i]))
                gone |= dropped(c, i, row)[o / 32] >> o % 32 & 1;
        kept[count] = o;
        count += !gone;
    }
    return count;
}

/* ---- steps that are a chain from the first part on --------------------------------------- */

struct job {
    struct mcd_chain chain;
    float *out, *rooms;
    const float *x;
    int64_t x_rows, from, to; /* elements of a row, of x and out */
};

static void rows(void *arg, int64_t first, int64_t count, uint32_t worker)
{
    const struct job *j = arg;
    for (int64_t row = first; row < first + count; row++)
        mcd_chain_row(&j->chain, j->out + row * j->to, j->x + row % j->x_rows * j->from,
                      j->rooms + worker * j->from, row);
}

static size_t rooms_bytes(const struct mcd_cpu *cpu, const struct mcd_chain *c)
{
    size_t elements = c->pools ? (size_t)mcd_shape_count(&c->from) : 0;
    return lines(cpu->host->workers * elements * sizeof(float));
}

static MCD_CPU_RUN(run_chain)
{
    const struct mcd_cpu *cpu = state;
    struct job j = {.x = mcd_floats(&step->in[0]), .out = mcd_floats(&step->out)};
    int status = mcd_chain_make(cpu, step, 0, &j.chain, error);
    if (status)
        return status;
    j.x_rows = mcd_rows(&step->in[0]);
    j.from = mcd_shape_count(&j.chain.from);
    j.to = mcd_shape_count(&step->out.shape);
    j.rooms = mcd_floats(&step->workspace);
    mcd_chain_start(&j.chain, cpu, run, mcd_rows(&step->out),
                    (char *)j.rooms + rooms_bytes(cpu, &j.chain));
    mcd_cpu_split(cpu, mcd_rows(&step->out), GRAIN / j.from, rows, &j);
    return MCD_OK;
}

int mcd_cpu_fused_kernel(struct mcd_cpu *cpu, const struct mcd_step *step,
                         struct mcd_kernel *kernel, struct mcd_error *error)
{
    struct mcd_chain c;
    int status = mcd_chain_make(cpu, step, 0, &c, error);
    if (status)
        return status;
    *kernel = (struct mcd_kernel){
        .run = run_chain,
        .state = cpu,
        .workspace = rooms_bytes(cpu, &c) + mcd_chain_bytes(&c, mcd_rows(&step->out)),
    };
    return MCD_OK;
}
