/* core/base/cgroup.c: limits of made-up control groups, and the real ones do no harm. */
#include "core/base/cgroup.h"
#include "core/base/host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

/* A file of the made-up system, its folders with it. */
static void put(const char *name, const char *text)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", scratch_path(name));
    for (char *slash = path + strlen(scratch_dir) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(path, 0777);
        *slash = '/';
    }
    scratch_text(name, text);
}

/* Folders too. */
static int clean(void **state)
{
    (void)state;
    scratch_remove(scratch_path("proc"));
    scratch_remove(scratch_path("sys"));
    return 0;
}

static void the_least_up_to_the_root_holds(void **state)
{
    (void)state;
    put("proc/self/cgroup", "0::/a/b\n");
    assert_true(mcd_cgroup_memory(scratch_dir) == SIZE_MAX);
    put("sys/fs/cgroup/a/b/memory.max", "max\n");
    assert_true(mcd_cgroup_memory(scratch_dir) == SIZE_MAX);
    put("sys/fs/cgroup/a/memory.max", "2147483648\n");
    assert_true(mcd_cgroup_memory(scratch_dir) == (size_t)1 << 31);
    put("sys/fs/cgroup/a/b/memory.max", "1000\n");
    assert_int_equal(mcd_cgroup_memory(scratch_dir), 1000);
    put("sys/fs/cgroup/memory.max", "400\n");
    assert_int_equal(mcd_cgroup_memory(scratch_dir), 400);
}

/* Inside of a container /proc may tell a place that only the system outside has. */
static void a_container_sees_its_own_root(void **state)
{
    (void)state;
    put("proc/self/cgroup", "0::/system.slice/docker-0123.scope\n");
    put("sys/fs/cgroup/memory.max", "536870912\n");
    assert_int_equal(mcd_cgroup_memory(scratch_dir), 536870912);
    put("proc/self/cgroup", "0::/../../elsewhere\n");
    assert_int_equal(mcd_cgroup_memory(scratch_dir), 536870912);
}

static void the_first_version_has_a_tree_of_its_own(void **state)
{
    (void)state;
    put("proc/self/cgroup",
        "12:cpu,cpuacct:/x\n4:hugetlb,memory:/job/7\n1:name=systemd:/y\n0::/\n");
    put("sys/fs/cgroup/cpu/x/memory.limit_in_bytes", "1\n");
    put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    assert_true(mcd_cgroup_memory(scratch_dir) == 9223372036854771712ull);
    put("sys/fs/cgroup/memory/job/7/memory.limit_in_bytes", "123456789\n");
    assert_int_equal(mcd_cgroup_memory(scratch_dir), 123456789);
}

static void what_is_no_number_limits_nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "\n", "-5\n", "many\n", "99999999999999999999999\n"};
    put("proc/self/cgroup", "0::/\n");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put("sys/fs/cgroup/memory.max", bad[i]);
        assert_true(mcd_cgroup_memory(scratch_dir) == SIZE_MAX);
    }
    static const char *const lines[] = {"", "\n\n", "0\n", "0:\n", "::\n", ":memory\n", "garbage"};
    put("sys/fs/cgroup/memory.max", "max\n");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        put("proc/self/cgroup", lines[i]);
        assert_true(mcd_cgroup_memory(scratch_dir) == SIZE_MAX);
    }
    assert_true(mcd_cgroup_memory("/nowhere") == SIZE_MAX);
}

static void the_host_knows_it(void **state)
{
    (void)state;
    assert_true(mcd_host_memory() <= mcd_cgroup_memory(""));
    assert_true(mcd_host_memory() > 1 << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_least_up_to_the_root_holds, clean),
        cmocka_unit_test_teardown(a_container_sees_its_own_root, clean),
        cmocka_unit_test_teardown(the_first_version_has_a_tree_of_its_own, clean),
        cmocka_unit_test_teardown(what_is_no_number_limits_nothing, clean),
        cmocka_unit_test(the_host_knows_it),
    };
    return cmocka_run_group_tests_name("cgroup", tests, scratch_setup, scratch_teardown);
}
