/* OpenMP without linking it. */
#include "openmp.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

/* NULL: none. */
static void (*omp_set)(int);
static int (*omp_get)(void);

static void find(void)
{
    void *set = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
    void *get = dlsym(RTLD_DEFAULT, "omp_get_max_threads");
    if (!set || !get)
        return;
    memcpy(&omp_set, &set, sizeof set); /* C has no conversion from objects to functions */
    memcpy(&omp_get, &get, sizeof get);
}

int mcd_openmp_find(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, find);
    return omp_set != NULL;
}

int mcd_openmp_enter(void)
{
    if (!omp_set)
        return 1;
    int before = omp_get();
    if (before != 1)
        omp_set(1);
    return before;
}

void mcd_openmp_leave(int before)
{
    if (before != 1)
        omp_set(before);
}
