/*
 * Placement by first fit, largest first: simple, and within a few per cent of the best for chains.
 */
#include "core/graph/arena.h"

enum { ALIGNMENT = 64 };

static int alive_together(const struct mcd_storage *a, const struct mcd_storage *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* Lowest offset at which s does not collide with any of those placed before it. */
static size_t lowest_fit(const struct mcd_storage *all, const uint32_t *placed, uint32_t nplaced,
                         const struct mcd_storage *s, int share)
{
    size_t offset = 0;
    for (int moved = 1; moved;) {
        moved = 0;
        for (uint32_t i = 0; i < nplaced; i++) {
            const struct mcd_storage *p = &all[placed[i]];
            if ((share && !alive_together(p, s)) || offset + s->bytes <= p->offset ||
                p->offset + p->bytes <= offset)
                continue;
            offset = (p->offset + p->bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
            moved = 1;
        }
    }
    return offset;
}

static void insertion_sort_by_size(const struct mcd_storage *all, uint32_t *order, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        uint32_t k = order[i], j = i;
        for (; j > 0 && all[order[j - 1]].bytes < all[k].bytes; j--)
            order[j] = order[j - 1];
        order[j] = k;
    }
}

size_t mcd_arena_place(struct mcd_storage *all, uint32_t count, int share, uint32_t *order)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < count; i++)
        if (!all[i].outside && all[i].bytes)
            order[n++] = i;
    insertion_sort_by_size(all, order, n);
    size_t end = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct mcd_storage *s = &all[order[i]];
        s->offset = lowest_fit(all, order, i, s, share);
        if (s->offset + s->bytes > end)
            end = s->offset + s->bytes;
    }
    return end;
}
