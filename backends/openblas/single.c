/* One thread for OpenBLAS, whatever it was built with. */
#include "single.h"

#include <cblas.h>
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

enum { OPENMP = 2 /* what openblas_get_parallel says of such a build */ };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int backends, threads_before;

/* Which OpenMP runtime there is, OpenBLAS decides: it isn't linked here. NULL: none. */
static void (*omp_set)(int);
static int (*omp_get)(void);

static void find_openmp(void)
{
    void *set = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
    void *get = dlsym(RTLD_DEFAULT, "omp_get_max_threads");
    if (openblas_get_parallel() != OPENMP || !set || !get)
        return;
    memcpy(&omp_set, &set, sizeof set); /* C has no conversion from objects to functions */
    memcpy(&omp_get, &get, sizeof get);
}

void mcd_single_open(void)
{
    pthread_mutex_lock(&lock);
    if (backends++ == 0) {
        find_openmp();
        threads_before = openblas_get_num_threads();
        if (!omp_set)
            openblas_set_num_threads(1);
    }
    pthread_mutex_unlock(&lock);
}

void mcd_single_close(void)
{
    pthread_mutex_lock(&lock);
    if (--backends == 0 && !omp_set)
        openblas_set_num_threads(threads_before);
    pthread_mutex_unlock(&lock);
}

int mcd_single_enter(void)
{
    if (!omp_set)
        return 1;
    int before = omp_get();
    if (before != 1)
        omp_set(1);
    return before;
}

void mcd_single_leave(int before)
{
    if (before != 1)
        omp_set(before);
}
