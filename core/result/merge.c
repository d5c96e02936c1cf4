/* Joining partial results: sorted by their first pass, then appended one by one. */
#include "core/result/merge.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/io/place.h"
#include "core/stats/leaf.h"

#include <inttypes.h>
#include <stdlib.h>

/* A shard with its file's name and its passes, [first, end). */
struct shard {
    struct mcd_partial *p;
    const char *name;
    uint64_t first, end;
};

static int by_first(const void *a, const void *b)
{
    uint64_t x = ((const struct shard *)a)->first, y = ((const struct shard *)b)->first;
    return (x > y) - (x < y);
}

static int match_spec(const struct shard *a, const struct shard *b, struct mcd_error *e)
{
    const struct mcd_moments_spec *x = &a->p->moments->spec, *y = &b->p->moments->spec;
    if (x->task == y->task && x->type == y->type && x->rows == y->rows &&
        x->outputs == y->outputs && x->group == y->group && x->block_passes == y->block_passes)
        return MCD_OK;
    return mcd_fail(e, MCD_INVALID, mcd_place_file(b->name).text,
                    "%" PRId64 " rows of %" PRId64 " outputs, blocks of %" PRIu32
                    " passes: expected those of %s (%" PRId64 ", %" PRId64 ", %" PRIu32
                    "), with the same task, precision and groups",
                    y->rows, y->outputs, y->block_passes, mcd_place_file(a->name).text, x->rows,
                    x->outputs, x->block_passes);
}

static int match_labels(const struct shard *a, const struct shard *b, struct mcd_error *e)
{
    const int64_t *x = a->p->labels, *y = b->p->labels;
    size_t bytes = (size_t)a->p->moments->spec.rows * sizeof *x;
    if (!x == !y && (!x || memcmp(x, y, bytes) == 0))
        return MCD_OK;
    return mcd_fail(e, MCD_INVALID, mcd_place_file(b->name).text,
                    "has other labels than %s: expected parts of one run",
                    mcd_place_file(a->name).text);
}

static int match_meaning(const struct shard *a, const struct shard *b, struct mcd_error *e)
{
    if (mcd_meaning_equal(a->p->meaning, b->p->meaning))
        return MCD_OK;
    return mcd_fail(e, MCD_INVALID, mcd_place_file(b->name).text,
                    "has other targets, units or noise than %s: expected parts of one run",
                    mcd_place_file(a->name).text);
}

static int match_ranges(const struct shard *a, const struct shard *b, struct mcd_error *e)
{
    if (b->first == a->end)
        return MCD_OK;
    return mcd_fail(e, MCD_INVALID, mcd_place_file(b->name).text,
                    "passes %" PRIu64 " to %" PRIu64 " %s %" PRIu64 " to %" PRIu64
                    " of %s: expected ranges that follow each other",
                    b->first, b->end - 1, b->first < a->end ? "overlap with" : "leave a gap behind",
                    a->first, a->end - 1, mcd_place_file(a->name).text);
}

/* Everything that can be refused, before anything is changed. */
static int match_all(const struct shard *shard, size_t count, struct mcd_error *e)
{
    int status = MCD_OK;
    for (size_t i = 1; status == MCD_OK && i < count; i++) {
        const struct shard *a = &shard[i - 1], *b = &shard[i];
        status = match_spec(a, b, e);
        if (status == MCD_OK)
            status = mcd_origin_match(&a->p->origin, a->name, &b->p->origin, b->name, e);
        if (status == MCD_OK)
            status = match_labels(a, b, e);
        if (status == MCD_OK)
            status = match_meaning(a, b, e);
        if (status == MCD_OK)
            status = match_ranges(a, b, e);
    }
    uint64_t passes = shard[count - 1].end - shard[0].first;
    if (status == MCD_OK && passes > MCD_MAX_PASSES)
        status = mcd_fail(e, MCD_INVALID, mcd_place_file(shard[count - 1].name).text,
                          "%" PRIu64 " passes together: expected at most %" PRIu64, passes,
                          MCD_MAX_PASSES);
    return status;
}

/*
 * The row block's pieces behind those of `left`. Sums of what meets only here come with the leaf.
 */
static int append_moments(struct mcd_moments *left, struct mcd_moments *right, struct mcd_error *e)
{
    struct mcd_row_block *a = &left->block[0], *b = &right->block[0];
    size_t sums = (size_t)a->rows * MCD_BATCHES * mcd_leaf_sums(&left->spec);
    for (size_t i = 0; i < sums; i++)
        a->sums[i] += b->sums[i];
    for (uint32_t i = 0; i < b->count; i++) {
        struct mcd_piece piece = b->piece[i];
        b->piece[i] = (struct mcd_piece){0};
        int status = mcd_moments_push(left, a, piece, e);
        if (status)
            return status;
    }
    left->spec.passes = a->next_pass - left->spec.first_pass;
    return MCD_OK;
}

/* Whether `item` is one of those in "a, b, c". */
static int lists(const char *list, const char *item)
{
    size_t n = strlen(item);
    for (const char *at = list; at; at = strstr(at, ", ")) {
        at += at == list ? 0 : 2;
        if (!strncmp(at, item, n) && (at[n] == '\0' || !strncmp(at + n, ", ", 2)))
            return 1;
    }
    return 0;
}

/* Adds what `right` has in a text that may differ, as "a, b", unless it is there already. */
static int append_text(const struct mcd_host *host, char **left, const char *right,
                       struct mcd_error *e)
{
    if (!right || (*left && lists(*left, right)))
        return MCD_OK;
    if (!*left)
        return mcd_origin_set(host, left, right, e);
    size_t a = strlen(*left), b = strlen(right);
    char *both = mcd_host_zalloc(host, a + b + 3, e);
    if (!both)
        return MCD_NOMEM;
    memcpy(both, *left, a);
    memcpy(both + a, ", ", 2);
    memcpy(both + a + 2, right, b);
    host->release(host, *left);
    *left = both;
    return MCD_OK;
}

static int append(struct mcd_partial *left, struct mcd_partial *right, struct mcd_error *e)
{
    int status = append_moments(left->moments, right->moments, e);
#define APPEND(name, same)                                                                         \
    if (status == MCD_OK && !same)                                                                 \
        status = append_text(left->host, &left->origin.name, right->origin.name, e);
    MCD_ORIGIN_TEXTS(APPEND)
#undef APPEND
    mcd_partial_clear(right);
    return status;
}

static void list(struct mcd_partial *p, const char *const *names, size_t count, struct shard *shard)
{
    for (size_t i = 0; i < count; i++)
        shard[i] = (struct shard){.p = &p[i],
                                  .name = names[i],
                                  .first = p[i].moments->spec.first_pass,
                                  .end = p[i].moments->block[0].next_pass};
    qsort(shard, count, sizeof *shard, by_first);
}

int mcd_merge(struct mcd_partial *p, const char *const *names, size_t count, struct mcd_error *e)
{
    const struct mcd_host *host = p[0].host;
    struct shard *shard = mcd_host_zalloc(host, count * sizeof *shard, e);
    int status = shard ? MCD_OK : MCD_NOMEM;
    if (status == MCD_OK) {
        list(p, names, count, shard);
        status = match_all(shard, count, e);
    }
    for (size_t i = 1; status == MCD_OK && i < count; i++)
        status = append(shard[0].p, shard[i].p, e);
    if (status == MCD_OK && shard[0].p != &p[0]) { /* p[0] was appended, and so cleared */
        p[0] = *shard[0].p;
        *shard[0].p = (struct mcd_partial){0};
    }
    for (size_t i = 0; status && i < count; i++)
        mcd_partial_clear(&p[i]);
    host->release(host, shard);
    return status;
}
