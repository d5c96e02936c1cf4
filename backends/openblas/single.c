/* One thread for OpenBLAS, whatever it was built with. */
#include "single.h"
#include "../cpu/openmp.h"

#include <cblas.h>
#include <pthread.h>

enum { OPENMP = 2 /* what openblas_get_parallel says of such a build */ };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int backends, threads_before, openmp;

void mcd_single_open(void)
{
    pthread_mutex_lock(&lock);
    if (backends++ == 0) {
        openmp = openblas_get_parallel() == OPENMP && mcd_openmp_find();
        threads_before = openblas_get_num_threads();
        if (!openmp)
            openblas_set_num_threads(1);
    }
    pthread_mutex_unlock(&lock);
}

void mcd_single_close(void)
{
    pthread_mutex_lock(&lock);
    if (--backends == 0 && !openmp)
        openblas_set_num_threads(threads_before);
    pthread_mutex_unlock(&lock);
}

int mcd_single_enter(void)
{
    return openmp ? mcd_openmp_enter() : 1;
}

void mcd_single_leave(int before)
{
    if (openmp)
        mcd_openmp_leave(before);
}
