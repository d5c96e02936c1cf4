/*
 * One source, several instruction sets: functions marked MCD_CLONES are compiled for plain x86-64,
 * AVX2 and AVX-512, and the dynamic linker takes the best one. Elsewhere the mark means nothing.
 *
 * This library is compiled with -ffp-contract=off, so that all clones, and the vector body and the
 * scalar tail of every loop, give the same bits.
 *
 * A marked function, even a static one, needs a name that no other has in the library: clang makes
 * external symbols from it.
 */
#ifndef CPU_CLONES_H
#define CPU_CLONES_H

#include <stdint.h> /* brings __GLIBC__ */

#if !defined MCD_CLONES && defined __x86_64__ && defined __GLIBC__ && defined __has_attribute
#if __has_attribute(target_clones)
#define MCD_CLONES       __attribute__((target_clones("avx512f", "avx2", "default")))
#define MCD_SHORT_CLONES __attribute__((target_clones("avx2", "default")))
#endif
#endif
#ifndef MCD_CLONES
#define MCD_CLONES
#define MCD_SHORT_CLONES /* for rows of one or two dozen elements, shorter than some vectors */
#endif

/* A function that a clone calls must be inlined into it, or it would be compiled for the least. */
#define MCD_INTO_CLONE static inline __attribute__((always_inline))

/* Before a loop that reads and writes element i of each array in turn: they may be the same one. */
#ifdef __clang__
#define MCD_ELEMENTWISE _Pragma("clang loop vectorize(assume_safety)")
#pragma clang diagnostic ignored "-Wpass-failed" /* without optimisation it need not be */
#else
#define MCD_ELEMENTWISE _Pragma("GCC ivdep")
#endif

#endif
