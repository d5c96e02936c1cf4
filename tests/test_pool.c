/* core/base/pool.c: all work is done once, workers never overlap, nobody waits for anybody busy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

enum { WORKERS = 4, COUNT = 1000 };

struct tally {
    struct mcd_pool *pool;
    atomic_uint done[COUNT];
    atomic_uint busy[WORKERS];
    atomic_uint overlaps, signals_open;
};

static void count_one(void *arg, uint32_t i, uint32_t worker)
{
    struct tally *t = arg;
    if (worker >= WORKERS || atomic_fetch_add(&t->busy[worker], 1) != 0)
        atomic_fetch_add(&t->overlaps, 1);
    atomic_fetch_add(&t->done[i], 1);
    if (i % 16 == 0)
        sched_yield();
    atomic_fetch_sub(&t->busy[worker], 1);
}

static void check_tally(struct tally *t, uint32_t count)
{
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(t->done[i], i < count);
    assert_int_equal(t->overlaps, 0);
}

static void does_everything_once(void **state)
{
    (void)state;
    static const uint32_t counts[] = {0, 1, 2, 3, WORKERS, 100, COUNT};
    for (uint32_t workers = 1; workers <= WORKERS; workers++)
        for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
            struct tally t = {.pool = mcd_pool_create(workers)};
            mcd_pool_run(t.pool, counts[k], count_one, &t);
            check_tally(&t, counts[k]);
            mcd_pool_destroy(t.pool);
        }
}

static void is_used_again_and_again(void **state)
{
    (void)state;
    struct mcd_pool *pool = mcd_pool_create(WORKERS);
    for (int repeat = 0; repeat < 300; repeat++) {
        struct tally t = {.pool = pool};
        mcd_pool_run(pool, 50, count_one, &t);
        check_tally(&t, 50);
    }
    mcd_pool_destroy(pool);
}

static void nest_inner(void *arg, uint32_t i, uint32_t worker)
{
    uint32_t *order = arg; /* not atomic: runs on one thread, in order */
    if (worker == 0 && order[0] == i)
        order[0]++;
}

static void nest_outer(void *arg, uint32_t i, uint32_t worker)
{
    struct tally *t = arg;
    uint32_t order = 0;
    mcd_pool_run(t->pool, 20, nest_inner, &order);
    if (order == 20)
        count_one(t, i, worker);
}

static void nested_sections_run_in_place(void **state)
{
    (void)state;
    struct tally t = {.pool = mcd_pool_create(WORKERS)};
    mcd_pool_run(t.pool, 100, nest_outer, &t);
    check_tally(&t, 100);
    mcd_pool_run(t.pool, 1, nest_outer, &t); /* a section of one is a section too */
    assert_int_equal(t.done[0], 2);
    mcd_pool_destroy(t.pool);
}

static void *call_often(void *arg) /* NULL: all is well */
{
    struct mcd_pool *pool = arg;
    for (int repeat = 0; repeat < 100; repeat++) {
        struct tally t = {.pool = pool};
        mcd_pool_run(pool, 40, count_one, &t);
        for (int i = 0; i < 40; i++)
            if (t.done[i] != 1 || t.overlaps)
                return pool;
    }
    return NULL;
}

static void serves_several_callers(void **state)
{
    (void)state;
    struct mcd_pool *pool = mcd_pool_create(WORKERS);
    pthread_t caller[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&caller[i], NULL, call_often, pool), 0);
    for (int i = 0; i < 3; i++) {
        void *wrong;
        pthread_join(caller[i], &wrong);
        assert_null(wrong);
    }
    mcd_pool_destroy(pool);
}

/* A section that goes on only when another thread has finished one of its own. */
struct gate {
    struct mcd_pool *pool;
    atomic_int waiting, open;
};

static void wait_at_gate(void *arg, uint32_t i, uint32_t worker)
{
    (void)i, (void)worker;
    struct gate *g = arg;
    atomic_fetch_add(&g->waiting, 1);
    while (!g->open)
        sched_yield();
}

static void *run_past_gate(void *arg)
{
    struct gate *g = arg;
    while (g->waiting < 2)
        sched_yield();
    struct tally t = {.pool = g->pool};
    mcd_pool_run(g->pool, 100, count_one, &t);
    g->open = 1;
    return NULL;
}

static void a_busy_pool_blocks_nobody(void **state)
{
    (void)state;
    struct gate g = {.pool = mcd_pool_create(2)};
    pthread_t other;
    assert_int_equal(pthread_create(&other, NULL, run_past_gate, &g), 0);
    mcd_pool_run(g.pool, 2, wait_at_gate, &g);
    pthread_join(other, NULL);
    mcd_pool_destroy(g.pool);
}

static void look_at_signals(void *arg, uint32_t i, uint32_t worker)
{
    struct tally *t = arg;
    sigset_t set;
    pthread_sigmask(SIG_SETMASK, NULL, &set);
    if (worker > 0 && (!sigismember(&set, SIGINT) || !sigismember(&set, SIGTERM)))
        atomic_fetch_add(&t->signals_open, 1);
    count_one(arg, i, worker);
}

static void helpers_take_no_signals(void **state)
{
    (void)state;
    struct tally t = {.pool = mcd_pool_create(WORKERS)};
    mcd_pool_run(t.pool, COUNT, look_at_signals, &t);
    check_tally(&t, COUNT);
    assert_int_equal(t.signals_open, 0);
    sigset_t set;
    pthread_sigmask(SIG_SETMASK, NULL, &set);
    assert_false(sigismember(&set, SIGINT));
    mcd_pool_destroy(t.pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(does_everything_once),         cmocka_unit_test(is_used_again_and_again),
        cmocka_unit_test(nested_sections_run_in_place), cmocka_unit_test(serves_several_callers),
        cmocka_unit_test(a_busy_pool_blocks_nobody),    cmocka_unit_test(helpers_take_no_signals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
