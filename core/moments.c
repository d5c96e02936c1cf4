/* Streaming moments: row blocks, the binary counter of pass blocks, and totals of rows. */
#include "core/moments.h"

#include "core/error.h"
#include "core/leaf.h"

#include <mcdrop/model.h>
#include <mcdrop/tensor.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int no_memory(struct mcd_error *e)
{
    return mcd_fail(e, MCD_NOMEM, "moments", "out of memory");
}

static int check_spec(const struct mcd_moments_spec *s, struct mcd_error *e)
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
    if (!(m->block = calloc(m->blocks, sizeof *m->block)))
        return no_memory(e);
    for (uint32_t i = 0; i < m->blocks; i++) {
        struct mcd_row_block *b = &m->block[i];
        b->first_row = i * s->block_rows;
        b->rows = s->rows - b->first_row < s->block_rows ? s->rows - b->first_row : s->block_rows;
        b->next_pass = s->first_pass;
        if (sums > 0 && !(b->sums = calloc((size_t)b->rows, sums * sizeof *b->sums)))
            return no_memory(e);
    }
    return MCD_OK;
}

int mcd_moments_create(struct mcd_moments **out, const struct mcd_moments_spec *spec,
                       struct mcd_error *e)
{
    *out = NULL;
    int status = check_spec(spec, e);
    if (status)
        return status;
    struct mcd_moments *m = calloc(1, sizeof *m);
    if (!m)
        return no_memory(e);
    m->spec = *spec;
    status = create_row_blocks(m, e);
    if (status)
        mcd_moments_destroy(m);
    else
        *out = m;
    return status;
}

static void clear_pieces(struct mcd_row_block *b)
{
    for (uint32_t i = 0; i < b->count; i++) {
        free(b->piece[i].values);
        free(b->piece[i].samples);
    }
    b->count = 0;
}

void mcd_moments_destroy(struct mcd_moments *m)
{
    if (!m)
        return;
    for (uint32_t i = 0; m->block && i < m->blocks; i++) {
        clear_pieces(&m->block[i]);
        free(m->block[i].sums);
    }
    free(m->block);
    free(m);
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
static int condense(const struct mcd_moments_spec *s, struct mcd_row_block *b, struct mcd_piece *p,
                    struct mcd_error *e)
{
    size_t width = mcd_leaf_width(s), sums = MCD_BATCHES * mcd_leaf_sums(s);
    double *values = malloc((size_t)b->rows * width * sizeof *values);
    double *scratch = malloc(mcd_leaf_scratch(s) * sizeof *scratch);
    int status = values && scratch ? MCD_OK : no_memory(e);
    for (int64_t row = 0; status == MCD_OK && row < b->rows; row++)
        status = leaf(s, b, p, row, scratch, values + (size_t)row * width,
                      b->sums ? b->sums + (size_t)row * sums : NULL, e);
    free(scratch);
    if (status) {
        free(values);
        return status;
    }
    free(p->samples);
    p->samples = NULL;
    p->values = values;
    return MCD_OK;
}

/* Two parts of one block: the samples of `right` behind those of `left`. */
static int append_samples(const struct mcd_moments_spec *s, const struct mcd_row_block *b,
                          struct mcd_piece *left, struct mcd_piece *right, struct mcd_error *e)
{
    size_t unit = pass_bytes(s, b);
    char *both = realloc(left->samples, (size_t)(left->passes + right->passes) * unit);
    if (!both)
        return no_memory(e);
    memcpy(both + left->passes * unit, right->samples, (size_t)right->passes * unit);
    free(right->samples);
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

static void merge_values(const struct mcd_moments_spec *s, const struct mcd_row_block *b,
                         struct mcd_piece *left, struct mcd_piece *right)
{
    size_t width = mcd_leaf_width(s);
    for (int64_t row = 0; row < b->rows; row++)
        mcd_leaf_merge(s, left->first, left->passes, right->passes,
                       left->values + (size_t)row * width, right->values + (size_t)row * width);
    free(right->values);
    left->passes += right->passes;
}

static int reject(struct mcd_piece *piece, int status)
{
    free(piece->values);
    free(piece->samples);
    return status;
}

int mcd_row_block_push(const struct mcd_moments_spec *s, struct mcd_row_block *b,
                       struct mcd_piece piece, struct mcd_error *e)
{
    uint64_t size = s->block_passes;
    struct mcd_piece *top = b->count > 0 ? &b->piece[b->count - 1] : NULL;
    int status = MCD_OK;
    if (piece.first != b->next_pass || piece.passes == 0)
        return reject(&piece, mcd_fail(e, MCD_INVALID, "moments",
                                       "passes from %" PRIu64 " on: expected those from %" PRIu64,
                                       piece.first, b->next_pass));
    if (piece.samples && top && top->samples && top->first / size == piece.first / size) {
        status = append_samples(s, b, top, &piece, e);
        if (status)
            return reject(&piece, status);
    } else if (b->count == MCD_MAX_PIECES) {
        return reject(&piece, mcd_fail(e, MCD_INVALID, "moments", "too many pieces"));
    } else {
        b->piece[b->count++] = piece;
    }
    b->next_pass = piece.first + piece.passes;
    top = &b->piece[b->count - 1];
    if (top->samples && top->passes == size)
        status = condense(s, b, top, e);
    for (; b->count > 1 && are_siblings(top - 1, top); top--, b->count--)
        merge_values(s, b, top - 1, top);
    return status;
}

/* One piece of values in place of all, once nothing more will come. */
static int fold(const struct mcd_moments_spec *s, struct mcd_row_block *b, struct mcd_error *e)
{
    size_t width = mcd_leaf_width(s), sums = MCD_BATCHES * mcd_leaf_sums(s);
    struct mcd_piece all = {.first = s->first_pass, .passes = s->passes};
    double *scratch = malloc(mcd_leaf_scratch(s) * sizeof *scratch);
    int64_t *total = malloc(sums > 0 ? sums * sizeof *total : 1);
    all.values = malloc((size_t)b->rows * width * sizeof *all.values);
    int status = scratch && total && all.values ? MCD_OK : no_memory(e);
    for (int64_t row = 0; status == MCD_OK && row < b->rows; row++) {
        status =
            mcd_row_block_total(s, b, row, all.values + (size_t)row * width, total, scratch, e);
        if (status == MCD_OK && sums > 0)
            memcpy(b->sums + (size_t)row * sums, total, sums * sizeof *total);
    }
    free(scratch);
    free(total);
    if (status)
        return reject(&all, status);
    clear_pieces(b);
    b->piece[b->count++] = all;
    return MCD_OK;
}

/* The part of a pass block that the range asks for, as a piece with a copy of its samples. */
static int cut(const struct mcd_moments_spec *s, const struct mcd_row_block *b, uint64_t block,
               const void *samples, struct mcd_piece *piece, struct mcd_error *e)
{
    uint64_t begin = block * s->block_passes, end = begin + s->block_passes;
    uint64_t first = begin < s->first_pass ? s->first_pass : begin;
    uint64_t stop = s->first_pass + s->passes;
    size_t unit = pass_bytes(s, b);
    *piece = (struct mcd_piece){.first = first, .passes = (end < stop ? end : stop) - first};
    if (!(piece->samples = malloc((size_t)piece->passes * unit)))
        return no_memory(e);
    memcpy(piece->samples, (const char *)samples + (first - begin) * unit,
           (size_t)piece->passes * unit);
    return MCD_OK;
}

int mcd_moments_add(struct mcd_moments *m, uint32_t row_block, uint64_t pass_block,
                    const void *samples, struct mcd_error *e)
{
    const struct mcd_moments_spec *s = &m->spec;
    struct mcd_row_block *b = &m->block[row_block];
    struct mcd_piece piece;
    uint64_t end = s->first_pass + s->passes;
    if (b->next_pass >= end || pass_block != b->next_pass / s->block_passes)
        return mcd_fail(e, MCD_INVALID, "moments",
                        "pass block %" PRIu64 " out of turn: passes up to %" PRIu64 " are there",
                        pass_block, b->next_pass);
    int status = cut(s, b, pass_block, samples, &piece, e);
    if (status == MCD_OK)
        status = mcd_row_block_push(s, b, piece, e);
    if (status == MCD_OK && b->next_pass == end && !s->keep)
        status = fold(s, b, e);
    return status;
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

int mcd_row_block_total(const struct mcd_moments_spec *s, const struct mcd_row_block *b,
                        int64_t row, double *values, int64_t *sums, double *scratch,
                        struct mcd_error *e)
{
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
    double *values = malloc(mcd_leaf_width(s) * sizeof *values), worst = 0.0;
    double *scratch = malloc(mcd_leaf_scratch(s) * sizeof *scratch);
    status = values && scratch ? MCD_OK : no_memory(e);
    for (uint32_t i = 0; status == MCD_OK && i < m->blocks; i++)
        for (int64_t row = 0; status == MCD_OK && row < m->block[i].rows; row++) {
            status = mcd_row_block_total(s, &m->block[i], row, values, NULL, scratch, e);
            if (status == MCD_OK)
                worst = fmax(worst, row_worst(s, values, passes));
        }
    free(values);
    free(scratch);
    if (status == MCD_OK)
        *mcse = worst;
    return status;
}
