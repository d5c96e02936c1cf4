/* Placement of storages with known lifetimes in one arena. Knows nothing of ops or backends. */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include <stddef.h>
#include <stdint.h>

/* Something that needs `bytes` from step `first` to step `last`, both included. */
struct mcd_storage {
    size_t bytes;
    size_t offset; /* the answer, a multiple of 64 */
    int64_t first, last;
    uint32_t outside; /* 1: lives elsewhere, not placed */
};

/*
 * Places all storages so that no two that live at the same time overlap, larger ones first, each at
 * the lowest offset that is free. With `share` 0 nothing overlaps ever. `order` is scratch for
 * `count` numbers. Returns the bytes of the arena.
 */
size_t mcd_arena_place(struct mcd_storage *storage, uint32_t count, int share, uint32_t *order);

#endif
