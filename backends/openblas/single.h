/*
 * OpenBLAS held to one thread in every worker: threads belong to the core.
 *
 * A pthread build has one number of threads for the process: 1 from the first backend's creation
 * to the last one's end. An OpenMP build asks OpenMP, whose number belongs to the calling thread:
 * 1 from enter to leave.
 */
#ifndef OPENBLAS_SINGLE_H
#define OPENBLAS_SINGLE_H

/* Around the life of a backend. */
void mcd_single_open(void);
void mcd_single_close(void);

/* Around a worker's calls of OpenBLAS; `before` is what enter returned. */
int mcd_single_enter(void);
void mcd_single_leave(int before);

#endif
