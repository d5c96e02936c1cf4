/*
 * Things that lie elsewhere in memory each time.
 *
 * Where linker and kernel happen to put things changes timings by per cents, the same way in every
 * repetition within a process (Mytkowicz et al., Producing wrong data without doing anything
 * obviously wrong, ASPLOS 2009). So every process that measures has stack, heap and mappings at
 * other places, and that is part of the spread that is seen, as Kalibera & Jones (Rigorous
 * benchmarking in reasonable time, ISMM 2013) ask for; Curtsinger & Berger (STABILIZER, ASPLOS
 * 2013) go further.
 */
#ifndef CORE_BENCH_SHAKE_H
#define CORE_BENCH_SHAKE_H

#include <stdint.h>

/* Calls f(arg) with memory moved by what `shake`, a random number, says. */
void mcd_shake(uint32_t shake, void (*f)(void *arg), void *arg);

#endif
