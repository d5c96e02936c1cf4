/* Streaming moments: row blocks, the binary counter of pass blocks, and totals of rows. */
#include "core/stats/moments.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/stats/leaf.h"

#include <mcdrop/model.h>
#include <mcdrop/tensor.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* `count` elements of `size` bytes: mcd_moments_check keeps the product small. */
static void *make(const struct mcd_moments *m, size_t count, size_t size, struct mcd_error *e)
{
    return mcd_host_zalloc(m->host, count * size, e);
}

static void drop(const struct mcd_moments *m, void *memory)
{
    m->host->release(m->host, memory);
}

int mcd_moments_check(const struct mcd_moments_spec *s, struct mcd_error *e)
{
    if (s->task != MCD_CLASSIFY && s->task != MCD_REGRESS)
        return mcd_fail(e, MCD_INVALID, "moments", "task %" PRIu32 " is not known", s->task);
    if (s->type != MCD_F32 && s->type != MCD_F64)
        return mcd_fail(e, MCD_INVALID, "moments", "samples are neither float32 nor float64");
    if (s->rows < 1 || s->outputs < 1 || s->block_rows < 1)
        return mcd_fail(e, MCD_INVALID, "moments",
                        "%" PRId64 " rows of %" PRId64 " outputs in blocks of %" PRId64
                        ": expected at least one of each",
                        s->rows, s->outputs, s->block_rows);
    if (s->outputs > 1 << 22 || s->rows > INT32_MAX)
        return mcd_fail(e, MCD_INVALID, "moments",
                        "%" PRId64 " rows, %" PRId64 " outputs: expected at most 2^31 - 1 and 2^22",
                        s->rows, s->outputs);
    if (s->group < 1 || s->block_passes < 1 || s->block_passes > MCD_MAX_BLOCK ||
        s->block_passes % s->group != 0)
        return mcd_fail(e, MCD_INVALID, "moments",
                        "blocks of %" PRIu32 " passes: expected a multiple of the group of %" PRIu32
                        ", at most %" PRIu32,
                        s->block_passes, s->group, MCD_MAX_BLOCK);
    if (s->passes < 1 || s->passes > MCD_MAX_PASSES || s->first_pass >> 47)
        return mcd_fail(e, MCD_INVALID, "moments",
                        "%" PRIu64 " passes from %" PRIu64 ": expected 1 to %" PRIu64
                        " passes, the first below 2^47",
                        s->passes, s->first_pass, MCD_MAX_PASSES);
    return MCD_OK;
}

static int create_row_blocks(struct mcd_moments *m, struct mcd_error *e)
{
    const struct mcd_moments_spec *s = &m->spec;
    size_t sums = MCD_BATCHES * mcd_leaf_sums(s);
    m->blocks = (uint32_t)((s->rows - 1) / s->block_rows + 1);
    if (!(m->block = make(m, m->blocks, sizeof *m->block, e)))
        return MCD_NOMEM;
    for (uint32_t i = 0; i < m->blocks; i++) {
        struct mcd_row_block *b = &m->block[i];
        b->first_row = i * s->block_rows;
        b->rows = s->rows - b->first_row < s->block_rows ? s->rows - b->first_row : s->block_rows;
        b->next_pass = s->first_pass;
        if (sums > 0 && !(b->sums = make(m, (size_t)b->rows, sums * sizeof *b->sums, e)))
            return MCD_NOMEM;
    }
    return MCD_OK;
}

int mcd_moments_create(const struct mcd_host *host, struct mcd_moments **out,
                       const struct mcd_moments_spec *spec, struct mcd_error *e)
{
    *out = NULL;
    int status = mcd_moments_check(spec, e);
    if (status)
        return status;
    struct mcd_moments *m = mcd_host_zalloc(host, sizeof *m, e);
    if (!m)
        return MCD_NOMEM;
    m->host = host;
    m->spec = *spec;
    status = create_row_blocks(m, e);
    if (status)
        mcd_moments_destroy(m);
    else
        *out = m;
    return status;
}

static void clear_piece(const struct mcd_moments *m, struct mcd_piece *piece)
{
    drop(m, piece->values);
    drop(m, piece->samples);
}

static void clear_pieces(const struct mcd_moments *m, struct mcd_row_block *b)
{
    for (uint32_t i = 0; i < b->count; i++)
        clear_piece(m, &b->piece[i]);
    b->count = 0;
}

void mcd_moments_destroy(struct mcd_moments *m)
{
    if (!m)
        return;
    for (uint32_t i = 0; m->block && i < m->blocks; i++) {
        clear_pieces(m, &m->block[i]);
        drop(m, m->block[i].sums);
    }
    drop(m, m->block);
    drop(m, m);
}

uint64_t mcd_moments_first_block(const struct mcd_moments_spec *spec)
{
    return spec->first_pass / spec->block_passes;
}

uint64_t mcd_moments_block_count(const struct mcd_moments_spec *spec)
{
    uint64_t last = (spec->first_pass + spec->passes - 1) / spec->block_passes;
    return last - mcd_moments_first_block(spec) + 1;
}

/* Bytes of one pass of a row block's samples. */
static size_t pass_bytes(const struct mcd_moments_spec *s, const struct mcd_row_block *b)
{
    return (size_t)b->rows * (size_t)s->outputs * mcd_type_size(s->type);
}

/* The leaf of one row of a piece of samples. */
static int leaf(const struct mcd_moments_spec *s, const struct mcd_row_block *b,
                const struct mcd_piece *p, int64_t row, double *scratch, double *values,
                int64_t *sums, struct mcd_error *e)
{
    size_t offset = (size_t)row * (size_t)s->outputs * mcd_type_size(s->type);
    struct mcd_leaf_input in = {
        .row_samples = (const char *)p->samples + offset,
        .stride = (size_t)(b->rows * s->outputs),
        .row = b->first_row + row,
        .first = p->first,
        .passes = p->passes,
    };
    return mcd_leaf_compute(s, &in, scratch, values, sums, e);
}

/* Turns the samples of a whole block into values, and adds them to the row block's sums. */
static int condense(const struct mcd_moments *m, struct mcd_row_block *b, struct mcd_piece *p,
                    struct mcd_error *e)
{
    const struct mcd_moments_spec *s = &m->spec;
    size_t width = mcd_leaf_width(s), sums = MCD_BATCHES * mcd_leaf_sums(s);
    double *values = make(m, (size_t)b->rows * width, sizeof *values, e);
    double *scratch = make(m, mcd_leaf_scratch(s), sizeof *scratch, e);
    int status = values && scratch ? MCD_OK : MCD_NOMEM;
    for (int64_t row = 0; status == MCD_OK && row < b->rows; row++)
        status = leaf(s, b, p, row, scratch, values + (size_t)row * width,
                      b->sums ? b->sums + (size_t)row * sums : NULL, e);
    drop(m, scratch);
    if (status) {
        drop(m, values);
        return status;
    }
    drop(m, p->samples);
    p->samples = NULL;
    p->values = values;
    return MCD_OK;
}

/* Two parts of one block: the samples of `right` behind those of `left`. */
static int append_samples(const struct mcd_moments *m, const struct mcd_row_block *b,
                          struct mcd_piece *left, struct mcd_piece *right, struct mcd_error *e)
{
    size_t unit = pass_bytes(&m->spec, b);
    char *both = make(m, (size_t)(left->passes + right->passes), unit, e);
    if (!both)
        return MCD_NOMEM;
    memcpy(both, left->samples, (size_t)left->passes * unit);
    memcpy(both + left->passes * unit, right->samples, (size_t)right->passes * unit);
    drop(m, left->samples);
    drop(m, right->samples);
    left->samples = both;
    left->passes += right->passes;
    return MCD_OK;
}

/* Whether two neighbours are the halves of an aligned power of two of blocks. */
static int are_siblings(const struct mcd_piece *left, const struct mcd_piece *right)
{
    return left->values && right->values && left->passes == right->passes &&
           left->first % (2 * left->passes) == 0;
}

static void merge_values(const struct mcd_moments *m, const struct mcd_row_block *b,
                         struct mcd_piece *left, struct mcd_piece *right)
{
    size_t width = mcd_leaf_width(&m->spec);
    for (int64_t row = 0; row < b->rows; row++)
        mcd_leaf_merge(&m->spec, left->first, left->passes, right->passes,
                       left->values + (size_t)row * width, right->values + (size_t)row * width);
    drop(m, right->values);
    left->passes += right->passes;
}

int mcd_moments_push(const struct mcd_moments *m, struct mcd_row_block *b, struct mcd_piece piece,
                     struct mcd_error *e)
{
    uint64_t size = m->spec.block_passes;
    struct mcd_piece *top = b->count > 0 ? &b->piece[b->count - 1] : NULL;
    int status = MCD_OK;
    if (piece.first != b->next_pass || piece.passes == 0 || b->count == MCD_MAX_PIECES)
        status = mcd_fail(e, MCD_INVALID, "moments",
                          "passes from %" PRIu64 " on: expected those from %" PRIu64, piece.first,
                          b->next_pass);
    else if (piece.samples && top && top->samples && top->first / size == piece.first / size)
        status = append_samples(m, b, top, &piece, e);
    else
        b->piece[b->count++] = piece;
    if (status) {
        clear_piece(m, &piece);
        return status;
    }
    b->next_pass = piece.first + piece.passes;
    top = &b->piece[b->count - 1];
    if (top->samples && top->passes == size)
        status = condense(m, b, top, e);
    for (; b->count > 1 && are_siblings(top - 1, top); top--, b->count--)
        merge_values(m, b, top - 1, top);
    return status;
}

/* One piece of values in place of all, once nothing more will come. */
static int fold(const struct mcd_moments *m, struct mcd_row_block *b, struct mcd_error *e)
{
    const struct mcd_moments_spec *s = &m->spec;
    size_t width = mcd_leaf_width(s), sums = MCD_BATCHES * mcd_leaf_sums(s);
    struct mcd_piece all = {.first = s->first_pass, .passes = s->passes};
    double *scratch = make(m, mcd_leaf_scratch(s), sizeof *scratch, e);
    int64_t *total = make(m, sums + 1, sizeof *total, e);
    all.values = make(m, (size_t)b->rows * width, sizeof *all.values, e);
    int status = scratch && total && all.values ? MCD_OK : MCD_NOMEM;
    for (int64_t row = 0; status == MCD_OK && row < b->rows; row++) {
        status = mcd_moments_total(m, b, row, all.values + (size_t)row * width, total, scratch, e);
        if (status == MCD_OK && sums > 0)
            memcpy(b->sums + (size_t)row * sums, total, sums * sizeof *total);
    }
    drop(m, scratch);
    drop(m, total);
    if (status) {
        drop(m, all.values);
        return status;
    }
    clear_pieces(m, b);
    b->piece[b->count++] = all;
    return MCD_OK;
}

/* The part of a pass block that the range asks for, as a piece with a copy of its samples. */
static int cut(const struct mcd_moments *m, const struct mcd_row_block *b, uint64_t block,
               const void *samples, struct mcd_piece *piece, struct mcd_error *e)
{
    const struct mcd_moments_spec *s = &m->spec;
    uint64_t begin = block * s->block_passes, end = begin + s->block_passes;
    uint64_t first = begin < s->first_pass ? s->first_pass : begin;
    uint64_t stop = s->first_pass + s->passes;
    size_t unit = pass_bytes(s, b);
    *piece = (struct mcd_piece){.first = first, .passes = (end < stop ? end : stop) - first};
    if (!(piece->samples = make(m, (size_t)piece->passes, unit, e)))
        return MCD_NOMEM;
    memcpy(piece->samples, (const char *)samples + (first - begin) * unit,
           (size_t)piece->passes * unit);
    return MCD_OK;
}

int mcd_moments_take_leaves(const struct mcd_moments_spec *s)
{
    return !s->meaning || !s->meaning->target;
}

uint64_t mcd_moments_whole_blocks(const struct mcd_moments_spec *s, uint64_t pass_block)
{
    uint64_t end = (s->first_pass + s->passes) / s->block_passes;
    return pass_block * s->block_passes < s->first_pass || pass_block >= end ? 0 : end - pass_block;
}

static int is_next(const struct mcd_moments *m, const struct mcd_row_block *b, uint64_t pass_block,
                   struct mcd_error *e)
{
    const struct mcd_moments_spec *s = &m->spec;
    if (b->next_pass < s->first_pass + s->passes && pass_block == b->next_pass / s->block_passes)
        return MCD_OK;
    return mcd_fail(e, MCD_INVALID, "moments",
                    "pass block %" PRIu64 " out of turn: passes up to %" PRIu64 " are there",
                    pass_block, b->next_pass);
}

/* A piece that was added: what follows once the row block's last one is there. */
static int finish(const struct mcd_moments *m, struct mcd_row_block *b, struct mcd_error *e)
{
    int is_last = b->next_pass == m->spec.first_pass + m->spec.passes;
    return is_last && !m->spec.keep_pieces ? fold(m, b, e) : MCD_OK;
}

int mcd_moments_add(struct mcd_moments *m, uint32_t row_block, uint64_t pass_block,
                    const void *samples, struct mcd_error *e)
{
    struct mcd_row_block *b = &m->block[row_block];
    struct mcd_piece piece;
    int status = is_next(m, b, pass_block, e);
    if (status == MCD_OK)
        status = cut(m, b, pass_block, samples, &piece, e);
    if (status == MCD_OK)
        status = mcd_moments_push(m, b, piece, e);
    return status ? status : finish(m, b, e);
}

int mcd_moments_add_leaf(struct mcd_moments *m, uint32_t row_block, uint64_t pass_block,
                         uint32_t blocks, const double *values, const int64_t *sums,
                         struct mcd_error *e)
{
    const struct mcd_moments_spec *s = &m->spec;
    struct mcd_row_block *b = &m->block[row_block];
    size_t bytes = (size_t)b->rows * mcd_leaf_width(s) * sizeof *values;
    size_t count = b->sums && sums ? (size_t)b->rows * MCD_BATCHES * mcd_leaf_sums(s) : 0;
    struct mcd_piece piece = {.first = pass_block * s->block_passes,
                              .passes = (uint64_t)blocks * s->block_passes};
    int status = is_next(m, b, pass_block, e);
    if (status == MCD_OK && !(piece.values = make(m, bytes, 1, e)))
        status = MCD_NOMEM;
    if (status)
        return status;
    memcpy(piece.values, values, bytes);
    status = mcd_moments_push(m, b, piece, e);
    for (size_t i = 0; status == MCD_OK && i < count; i++)
        b->sums[i] += sums[i];
    return status ? status : finish(m, b, e);
}

int mcd_moments_done(const struct mcd_moments *m, uint64_t *passes, struct mcd_error *e)
{
    uint64_t next = m->block[0].next_pass;
    for (uint32_t i = 1; i < m->blocks; i++)
        if (m->block[i].next_pass != next)
            return mcd_fail(e, MCD_INVALID, "moments", "row blocks have come to different passes");
    *passes = next - m->spec.first_pass;
    return MCD_OK;
}

int mcd_moments_total(const struct mcd_moments *m, const struct mcd_row_block *b, int64_t row,
                      double *values, int64_t *sums, double *scratch, struct mcd_error *e)
{
    const struct mcd_moments_spec *s = &m->spec;
    size_t width = mcd_leaf_width(s), batch = MCD_BATCHES * mcd_leaf_sums(s);
    double *part = scratch + mcd_leaf_scratch(s) - width; /* beyond what a leaf uses */
    uint64_t passes = 0;
    if (sums && batch > 0)
        memcpy(sums, b->sums + (size_t)row * batch, batch * sizeof *sums);
    for (uint32_t i = 0; i < b->count; i++) {
        const struct mcd_piece *p = &b->piece[i];
        const double *right = p->values ? p->values + (size_t)row * width : part;
        int status = p->values ? MCD_OK : leaf(s, b, p, row, scratch, part, batch ? sums : NULL, e);
        if (status)
            return status;
        if (i == 0)
            memcpy(values, right, width * sizeof *values);
        else
            mcd_leaf_merge(s, b->piece[0].first, passes, p->passes, values, right);
        passes += p->passes;
    }
    return MCD_OK;
}

/* The largest error of one row. */
static double row_worst(const struct mcd_moments_spec *s, const double *values, uint64_t passes)
{
    double worst = 0.0;
    size_t outputs = (size_t)s->outputs, begin = s->task == MCD_CLASSIFY ? outputs : 0;
    for (size_t k = 0; k < outputs; k++)
        worst = fmax(worst, mcd_leaf_mcse(s, values, begin + k, s->first_pass, passes));
    return worst;
}

int mcd_moments_worst_mcse(const struct mcd_moments *m, double *mcse, struct mcd_error *e)
{
    const struct mcd_moments_spec *s = &m->spec;
    uint64_t passes = 0;
    *mcse = INFINITY;
    int status = mcd_moments_done(m, &passes, e);
    if (status || mcd_leaf_groups(s, s->first_pass, passes) < MCD_BATCHES)
        return status;
    double *values = make(m, mcd_leaf_width(s), sizeof *values, e), worst = 0.0;
    double *scratch = make(m, mcd_leaf_scratch(s), sizeof *scratch, e);
    status = values && scratch ? MCD_OK : MCD_NOMEM;
    for (uint32_t i = 0; status == MCD_OK && i < m->blocks; i++)
        for (int64_t row = 0; status == MCD_OK && row < m->block[i].rows; row++) {
            status = mcd_moments_total(m, &m->block[i], row, values, NULL, scratch, e);
            if (status == MCD_OK)
                worst = fmax(worst, row_worst(s, values, passes));
        }
    drop(m, values);
    drop(m, scratch);
    if (status == MCD_OK)
        *mcse = worst;
    return status;
}
