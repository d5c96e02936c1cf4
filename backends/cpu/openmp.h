/*
 * The calling thread's number of OpenMP threads, for libraries that take theirs from there: threads
 * belong to the core, so every worker sets 1 around its calls. Which OpenMP runtime there is, the
 * library decides; it isn't linked here.
 */
#ifndef CPU_OPENMP_H
#define CPU_OPENMP_H

/* Finds the runtime, once the library is loaded: 0 if there is none. */
int mcd_openmp_find(void);

/* Around a worker's calls: 1 from enter to leave; `before` is what enter returned. */
int mcd_openmp_enter(void);
void mcd_openmp_leave(int before);

#endif
