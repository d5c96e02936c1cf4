/*
 * Kernel bodies: what one thread of a kernel does, as a function of its number, for the device and
 * for the host alike.
 *
 * A kernel is a struct NAME_args, passed by value, and NAME_body(args, i) for i = 0 .. count - 1 in
 * any order and side by side: no i reads what another one writes. nvcc makes each a __global__
 * function (kernels.cu); tests compile the same text with gcc and run it in a loop, under
 * sanitizers. kernels.h lists them all.
 *
 * A team kernel computes results of which each needs many terms: a sum, the largest. The threads of
 * a block that make one result are its members, args->team.members of them. For each result of
 * count there are
 *
 *     struct PART NAME_find(args, result, member)     what a member finds in its terms
 *     struct PART PART_join(part, part)               two parts together
 *     void NAME_use(args, result, member, whole)      called for every member, to write
 *
 * Parts are joined in halves, part i with part i + n for n = members / 2, members / 4, ... 1: the
 * order depends on the number of members alone.
 */
#ifndef MCD_CUDA_BODY_H
#define MCD_CUDA_BODY_H

#include <stdint.h>

#ifdef __CUDACC__
#define MCD_BODY   static __device__ __forceinline__
#define MCD_ROLLED _Pragma("unroll 1") /* before a loop that is short, as a rule */
#else
#define MCD_BODY static inline
#define MCD_ROLLED
#endif

enum { MCD_BLOCK = 256 /* threads that share the parts of their teams */ };

/* Member of struct NAME_args, named `team`. */
struct mcd_team {
    uint32_t members;  /* a power of two, 1 .. MCD_BLOCK; a block has MCD_BLOCK / members teams */
    uint32_t adjacent; /* 1: neighbouring threads are of one team, which reads one line together;
                          0: of neighbouring teams, where neighbouring results read neighbours */
};

/* Which of its block's teams a thread belongs to, and which member it is. */
MCD_BODY uint32_t mcd_team_lane(const struct mcd_team *team, uint32_t thread)
{
    return team->adjacent ? thread / team->members : thread % (MCD_BLOCK / team->members);
}

MCD_BODY uint32_t mcd_team_member(const struct mcd_team *team, uint32_t thread)
{
    return team->adjacent ? thread % team->members : thread / (MCD_BLOCK / team->members);
}

#endif
