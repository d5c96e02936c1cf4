/* Threads for parallel sections: a list of open sections, and helpers that join them. */
#include "core/base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * One call of mcd_pool_run; lives on the caller's stack. Guarded by the pool's lock but for next.
 */
struct section {
    void (*f)(void *arg, uint32_t i, uint32_t worker);
    void *arg;
    uint32_t count;
    atomic_uint next; /* the first i that nobody has taken */
    uint32_t joined;  /* workers so far: the next helper's number */
    uint32_t inside;  /* helpers at work */
    int open;         /* in the pool's list */
    struct section *before, *after;
};

struct mcd_pool {
    pthread_mutex_t lock;
    pthread_cond_t work, left; /* a section was opened; a helper has left one */
    struct section *first;     /* open sections, the newest in front */
    uint32_t workers, started;
    int stop;
    pthread_t thread[];
};

static _Thread_local int inside_section;

uint32_t mcd_pool_cpus(void)
{
    int possible = (int)sysconf(_SC_NPROCESSORS_CONF);
    int room = possible > CPU_SETSIZE ? possible : CPU_SETSIZE, count = 0;
    cpu_set_t *set = CPU_ALLOC(room);
    if (set && sched_getaffinity(0, CPU_ALLOC_SIZE(room), set) == 0)
        count = CPU_COUNT_S(CPU_ALLOC_SIZE(room), set);
    CPU_FREE(set);
    return count > 0 ? (uint32_t)count : 1;
}

static void section_work(struct section *s, uint32_t worker)
{
    inside_section = 1;
    for (uint32_t i; (i = atomic_fetch_add_explicit(&s->next, 1, memory_order_relaxed)) < s->count;)
        s->f(s->arg, i, worker);
    inside_section = 0;
}

static void section_open(struct mcd_pool *pool, struct section *s)
{
    s->after = pool->first;
    if (s->after)
        s->after->before = s;
    pool->first = s;
    s->open = 1;
}

/* Whoever finds the work all taken closes the section, so that nobody joins it any more. */
static void section_close(struct mcd_pool *pool, struct section *s)
{
    if (!s->open)
        return;
    if (s->before)
        s->before->after = s->after;
    else
        pool->first = s->after;
    if (s->after)
        s->after->before = s->before;
    s->open = 0;
}

/*
 * A helper leaves a section only when its work is all taken and closes it then, so it joins each
 * section at most once: the numbers given out stay below `workers`.
 */
static void *help(void *arg)
{
    struct mcd_pool *pool = arg;
    pthread_mutex_lock(&pool->lock);
    while (!pool->stop) {
        struct section *s = pool->first;
        if (!s) {
            pthread_cond_wait(&pool->work, &pool->lock);
            continue;
        }
        uint32_t worker = s->joined++;
        s->inside++;
        pthread_mutex_unlock(&pool->lock);
        section_work(s, worker);
        pthread_mutex_lock(&pool->lock);
        section_close(pool, s);
        if (--s->inside == 0)
            pthread_cond_broadcast(&pool->left);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* Starts threads up to `wanted`, or as many as the system gives. Signals go to other threads. */
static void start(struct mcd_pool *pool, uint32_t wanted)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    while (pool->started < wanted &&
           pthread_create(&pool->thread[pool->started], NULL, help, pool) == 0)
        pool->started++;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

struct mcd_pool *mcd_pool_create(uint32_t workers)
{
    struct mcd_pool *pool = calloc(1, sizeof *pool + workers * sizeof pool->thread[0]);
    if (!pool)
        return NULL;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->left, NULL);
    pool->workers = workers;
    return pool;
}

void mcd_pool_destroy(struct mcd_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->stop = 1;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (uint32_t i = 0; i < pool->started; i++)
        pthread_join(pool->thread[i], NULL);
    pthread_cond_destroy(&pool->left);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

void mcd_pool_run(struct mcd_pool *pool, uint32_t count,
                  void (*f)(void *arg, uint32_t i, uint32_t worker), void *arg)
{
    uint32_t useful = count < pool->workers ? count : pool->workers;
    if (inside_section || useful < 2) {
        int was_inside = inside_section;
        inside_section = 1;
        for (uint32_t i = 0; i < count; i++)
            f(arg, i, 0);
        inside_section = was_inside;
        return;
    }
    struct section s = {.f = f, .arg = arg, .count = count, .joined = 1};
    pthread_mutex_lock(&pool->lock);
    start(pool, useful - 1);
    section_open(pool, &s);
    for (uint32_t i = 1; i < useful; i++)
        pthread_cond_signal(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    section_work(&s, 0);
    pthread_mutex_lock(&pool->lock);
    section_close(pool, &s);
    while (s.inside > 0)
        pthread_cond_wait(&pool->left, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}
