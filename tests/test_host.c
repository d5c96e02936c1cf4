/* core/base/host.c: memory is aligned, counted and made to fail; log and errors arrive. */
#include "core/base/host.h"
#include "core/base/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Behind the headers above, whose inline functions use a member called fail. */
#include <cmocka.h>

#include <stdatomic.h>
#include <stdio.h>

static void memory_is_aligned_and_counted(void **state)
{
    (void)state;
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, NULL);
    static const size_t sizes[] = {0, 1, 63, 64, 65, 100000};
    void *memory[6];
    for (int i = 0; i < 6; i++) {
        memory[i] = host->alloc(host, sizes[i]);
        assert_non_null(memory[i]);
        assert_int_equal((uintptr_t)memory[i] % 64, 0);
        memset(memory[i], 0xff, sizes[i]);
        assert_int_equal(mcd_host_live(host), i + 1);
    }
    host->release(host, NULL);
    for (int i = 0; i < 6; i++)
        host->release(host, memory[i]);
    assert_int_equal(mcd_host_live(host), 0);
    assert_null(host->alloc(host, SIZE_MAX));
    if (mcd_host_memory() < SIZE_MAX / 2) /* a system may promise it all the same */
        assert_null(host->alloc(host, mcd_host_memory() + 1));
    assert_int_equal(mcd_host_live(host), 0);
    mcd_host_destroy(host);
}

/* Elements stay as they are while the array moves, also after some were taken off. */
static void arrays_grow(void **state)
{
    (void)state;
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, NULL);
    uint16_t *array = NULL;
    size_t count = 0, moves = 0;
    for (int round = 0; round < 3; round++, count /= 2)
        while (count < 1000) {
            uint16_t *grown = mcd_host_grow(host, array, count, sizeof *array, NULL);
            assert_non_null(grown);
            moves += grown != array;
            array = grown;
            array[count] = (uint16_t)(3 * count); /* a sanitizer sees what is beyond */
            count++;
            for (size_t i = 0; i < count; i += count / 7 + 1)
                assert_int_equal(array[i], 3 * i);
        }
    assert_in_range(moves, 7, 12); /* 16 to 1024, and again where the end went back to 512 */
    assert_int_equal(mcd_host_live(host), 1);
    struct mcd_error e = {0};
    mcd_host_fail_at(host, 1);
    assert_null(mcd_host_grow(host, array, 512, sizeof *array, &e));
    assert_int_equal(e.code, MCD_NOMEM);
    assert_int_equal(array[511], 3 * 511);
    host->release(host, array);
    mcd_host_destroy(host);
}

static void the_kth_allocation_fails_once(void **state)
{
    (void)state;
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, NULL);
    struct mcd_error e = {0};
    mcd_host_fail_at(host, 2);
    void *first = host->alloc(host, 8);
    assert_non_null(first);
    assert_null(mcd_host_zalloc(host, 8, &e));
    assert_int_equal(e.code, MCD_NOMEM);
    char *third = mcd_host_strdup(host, "third", NULL);
    assert_string_equal(third, "third");
    mcd_host_fail_at(host, 1);
    mcd_host_fail_at(host, 0);
    void *fourth = host->alloc(host, 8);
    assert_non_null(fourth);
    host->release(host, first);
    host->release(host, third);
    host->release(host, fourth);
    assert_int_equal(mcd_host_live(host), 0);
    mcd_host_destroy(host);
}

static void keep_line(void *arg, int level, const char *line)
{
    snprintf(arg, 64, "%d %s", level, line);
}

static void log_and_errors_arrive(void **state)
{
    (void)state;
    char line[64] = "";
    struct mcd_host *host = mcd_host_create(1, keep_line, line, NULL);
    host->log(host, MCD_LOG_INFO, "x is %d", 3);
    assert_string_equal(line, "2 x is 3");
    struct mcd_error e = {0};
    assert_int_equal((host->fail)(&e, MCD_IO, "there", "no %s", "disk"), MCD_IO);
    assert_string_equal(e.where, "there");
    assert_string_equal(e.text, "no disk");
    mcd_host_destroy(host);
    host = mcd_host_create(1, NULL, NULL, NULL);
    host->log(host, MCD_LOG_INFO, "nobody listens");
    mcd_host_destroy(host);
}

static void add(void *arg, uint32_t i, uint32_t worker)
{
    (void)worker;
    atomic_fetch_add((atomic_uint *)arg, i);
}

static void has_the_threads_it_was_asked_for(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(0, NULL, NULL, NULL);
    assert_int_equal(host->workers, mcd_pool_cpus());
    assert_int_equal(host->abi, MCD_ABI);
    assert_int_equal(host->size, sizeof *host);
    mcd_host_destroy(host);
    host = mcd_host_create(3, NULL, NULL, NULL);
    assert_int_equal(host->workers, 3);
    atomic_uint sum = 0;
    host->parallel(host, 100, add, &sum);
    assert_int_equal(sum, 4950);
    mcd_host_destroy(host);
    assert_null(mcd_host_create(4097, NULL, NULL, &e));
    assert_int_equal(e.code, MCD_INVALID);
    mcd_host_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_aligned_and_counted),
        cmocka_unit_test(the_kth_allocation_fails_once),
        cmocka_unit_test(arrays_grow),
        cmocka_unit_test(log_and_errors_arrive),
        cmocka_unit_test(has_the_threads_it_was_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
