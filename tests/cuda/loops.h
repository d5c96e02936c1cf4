/*
 * Kernel bodies run on the host: loop_NAME(args, count) for every kernel of kernels.h, one thread
 * after another. `backwards` takes them from the last to the first, which must make no difference.
 */
#ifndef TESTS_CUDA_LOOPS_H
#define TESTS_CUDA_LOOPS_H

#include "../../backends/cuda/bodies/all.h"
#include "../../backends/cuda/kernels.h"

static int backwards;

#define LOOP_KERNEL(name)                                                                          \
    static inline void loop_##name(const void *args, int64_t count)                                \
    {                                                                                              \
        for (int64_t i = 0; i < count; i++)                                                        \
            name##_body((const struct name##_args *)args, backwards ? count - 1 - i : i);          \
    }
MCD_CUDA_KERNELS(LOOP_KERNEL)
#undef LOOP_KERNEL

/* A block after another; within each, all threads go as far as the next barrier of kernels.cu. */
#define LOOP_TEAM(name, kind)                                                                      \
    static inline void loop_block_##name(const struct name##_args *a, int64_t first,               \
                                         int64_t count)                                            \
    {                                                                                              \
        struct kind part[MCD_BLOCK];                                                               \
        uint32_t lanes = MCD_BLOCK / a->team.members;                                              \
        for (uint32_t t = 0; t < MCD_BLOCK; t++) {                                                 \
            uint32_t lane = mcd_team_lane(&a->team, t), member = mcd_team_member(&a->team, t);     \
            if (first + lane < count)                                                              \
                part[member * lanes + lane] = name##_find(a, first + lane, member);                \
        }                                                                                          \
        for (uint32_t n = a->team.members / 2; n > 0; n /= 2)                                      \
            for (uint32_t t = 0; t < n * lanes; t++)                                               \
                if (first + t % lanes < count)                                                     \
                    part[t] = kind##_join(part[t], part[t + n * lanes]);                           \
        for (uint32_t t = 0; t < MCD_BLOCK; t++) {                                                 \
            uint32_t lane = mcd_team_lane(&a->team, t), member = mcd_team_member(&a->team, t);     \
            if (first + lane < count)                                                              \
                name##_use(a, first + lane, member, part[lane]);                                   \
        }                                                                                          \
    }                                                                                              \
    static inline void loop_##name(const void *args, int64_t count)                                \
    {                                                                                              \
        const struct name##_args *a = (const struct name##_args *)args;                            \
        int64_t lanes = MCD_BLOCK / a->team.members, blocks = (count + lanes - 1) / lanes;         \
        for (int64_t b = 0; b < blocks; b++)                                                       \
            loop_block_##name(a, (backwards ? blocks - 1 - b : b) * lanes, count);                 \
    }
MCD_CUDA_TEAMS(LOOP_TEAM)
#undef LOOP_TEAM

#endif
