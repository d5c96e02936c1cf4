/*
 * core/plugin/loader.c, module.c, judge.c, search.c: the right plugin is opened, and no wrong one.
 */
#include "core/base/host.h"
#include "core/plugin/loader.h"
#include "core/plugin/module.h"
#include "core/plugin/search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Behind the headers above, whose inline functions use a member called fail. */
#include <cmocka.h>

#include "scratch.h"

#include <pthread.h>

static struct mcd_host *host;

static int setup(void **state)
{
    host = mcd_host_create(1, NULL, NULL, NULL);
    return host && scratch_setup(state) == 0 && chmod(scratch_dir, 0755) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    mcd_host_destroy(host);
    return scratch_teardown(state);
}

/* A test's teardown: nothing is left behind. */
static int no_leak(void **state)
{
    (void)state;
    return mcd_host_live(host) == 0 ? scratch_empty(state) | chmod(scratch_dir, 0755) : -1;
}

/* "DIR/NAME", DIR from the environment; the test programs are run with both set. */
static const char *in(const char *variable, const char *name)
{
    static char path[2 * PATH_MAX];
    const char *dir = getenv(variable);
    snprintf(path, sizeof path, "%s/%s", dir ? dir : ".", name);
    return path;
}

static const char *bad(const char *name)
{
    return in("MCDROP_BAD_PLUGINS", name);
}

static const char *copy(const char *from, const char *name)
{
    static char bytes[1 << 20];
    FILE *f = fopen(from, "rb");
    assert_non_null(f);
    size_t size = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    const char *path = scratch_write(name, bytes, size);
    assert_int_equal(chmod(path, 0755), 0);
    return path;
}

static void refuse(uint32_t kind, const char *spec, int status, const char *where, const char *part)
{
    struct mcd_item *item;
    struct mcd_error e = {0};
    assert_int_equal(mcd_item_open(host, kind, spec, &item, &e), status);
    assert_null(item);
    assert_error(e, status, where, part);
}

static void opens_by_name_and_by_path(void **state)
{
    (void)state;
    struct mcd_item *a, *b, *c;
    struct mcd_error e = {0};
    assert_ok(mcd_item_open(host, MCD_MODEL, "lenet.so:drop=0.25", &a, &e), e);
    assert_string_equal(a->spec, "lenet:drop=0.25,classes=10,noise=\"\"");
    assert_string_equal(a->plugin->name, "lenet");
    assert_int_equal(*a->path, '/');
    const struct mcd_model *model = a->plugin->api;
    assert_int_equal(model->recipe(a->self)->task, MCD_CLASSIFY);
    assert_ok(mcd_item_open(host, MCD_MODEL, in("MCDROP_PLUGIN_PATH", "models/lenet.so"), &b, &e),
              e);
    assert_ok(mcd_item_open(host, MCD_MODEL, a->spec, &c, &e), e);
    assert_string_equal(a->path, b->path);
    assert_string_equal(a->spec, c->spec);
    assert_true(a->plugin->create == b->plugin->create); /* loaded once */
    mcd_item_close(host, a);
    assert_string_equal(b->spec, "lenet:drop=0.5,classes=10,noise=\"\"");
    mcd_item_close(host, b);
    mcd_item_close(host, c);
    mcd_item_close(host, NULL);
}

static void wrong_specifications_are_refused(void **state)
{
    (void)state;
    refuse(MCD_LAYER, "linear", MCD_INVALID, "linear:out", "must be given");
    refuse(MCD_LAYER, "linear:out=0", MCD_INVALID, "linear:out", "'0': expected a whole number");
    refuse(MCD_LAYER, "linear:our=1", MCD_INVALID, "linear", "expected out or bias");
    refuse(MCD_LAYER, "linaer:out=1", MCD_INVALID, "linaer",
           "there is no such layer: expected one of batchnorm");
    refuse(MCD_SAMPLER, "linear:out=1", MCD_INVALID, "linear",
           "no such sampler: expected one of antithetic");
    refuse(MCD_BACKEND, "abacus", MCD_DEVICE, "abacus", "there is no such backend");
    refuse(MCD_LAYER, "./nothing.so", MCD_INVALID, "./nothing.so", "No such file");
    refuse(MCD_BACKEND, "./nothing.so", MCD_DEVICE, "./nothing.so", "No such file");
    refuse(MCD_LAYER, "linear:", MCD_INVALID, "linear", "expected key=value");
    refuse(MCD_LAYER, in("MCDROP_PLUGIN_PATH", "models/lenet.so"), MCD_UNSUPPORTED, "lenet.so",
           "is a model: expected a layer");
}

static void bad_plugins_are_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"wrong_major.so", "built for plugin interface 2.0: expected 1.0 to 1.1"},
        {"newer_minor.so", "built for plugin interface 1.2: expected 1.0 to 1.1"},
        {"unknown_kind.so", "kind 99 is not known"},
        {"other_name.so", "calls itself 'another'"},
        {"bad_default.so", "parameter 'p': default '2': expected a number in [0, 1]"},
        {"no_build.so", "its api lacks a function"},
        {"no_entry.so", "the symbol mcd_entry is missing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuse(MCD_LAYER, bad(cases[i][0]), MCD_UNSUPPORTED, cases[i][0], cases[i][1]);
    refuse(MCD_LAYER, bad("create_fails.so"), MCD_DEVICE, "create_fails", "fails always");
    refuse(MCD_LAYER, bad("create_fails.so:p=1"), MCD_INVALID, "create_fails", "it takes none");
    assert_int_equal(mcd_host_live(host), 0);
}

/* host->alloc, keeping what it gave last. */
static void *(*alloc)(const struct mcd_host *, size_t);
static void *last;

static void *keep_last(const struct mcd_host *h, size_t bytes)
{
    return last = alloc(h, bytes);
}

/* What a constructor leaves behind is seen by whoever counts. */
static void a_leak_is_seen(void **state)
{
    (void)state;
    struct mcd_host *own = mcd_host_create(1, NULL, NULL, NULL);
    struct mcd_item *item;
    alloc = own->alloc;
    own->alloc = keep_last;
    assert_int_equal(mcd_item_open(own, MCD_LAYER, bad("create_leaks.so"), &item, NULL),
                     MCD_DEVICE);
    assert_int_equal(mcd_host_live(own), 1);
    own->release(own, last); /* the constructor's: nothing is allocated after it */
    assert_int_equal(mcd_host_live(own), 0);
    mcd_host_destroy(own);
}

static void an_older_api_has_nothing_behind_its_end(void **state)
{
    (void)state;
    struct mcd_item *item;
    struct mcd_error e = {0};
    assert_ok(mcd_item_open(host, MCD_SAMPLER, bad("older.so"), &item, &e), e);
    const struct mcd_sampler *sampler = item->plugin->api;
    assert_non_null(sampler->draw);
    assert_null(sampler->fill);
    assert_int_equal(sampler->size, offsetof(struct mcd_sampler, fill));
    mcd_item_close(host, item);
}

static void files_are_judged_before_they_are_loaded(void **state)
{
    (void)state;
    char text[PATH_MAX + 16], cut[PATH_MAX + 16], plugin[PATH_MAX + 16];
    snprintf(text, sizeof text, "%s", scratch_text("text.so", "#!/bin/sh\nexit 0\n"));
    refuse(MCD_LAYER, text, MCD_UNSUPPORTED, "text.so", "not a shared object");
    scratch_text("empty.so", "");
    refuse(MCD_LAYER, scratch_path("empty.so"), MCD_UNSUPPORTED, "empty.so", "not a shared object");
    assert_int_equal(mkdir(scratch_path("dir.so"), 0755), 0);
    refuse(MCD_LAYER, scratch_path("dir.so"), MCD_UNSUPPORTED, "dir.so", "not a file");
    assert_int_equal(mkfifo(scratch_path("pipe.so"), 0644), 0);
    refuse(MCD_LAYER, scratch_path("pipe.so"), MCD_UNSUPPORTED, "pipe.so", "not a file");

    snprintf(cut, sizeof cut, "%s", copy(bad("older.so"), "cut.so"));
    assert_int_equal(truncate(cut, 5000), 0);
    refuse(MCD_SAMPLER, cut, MCD_UNSUPPORTED, "cut.so", "cut short");
    assert_int_equal(truncate(cut, 100), 0);
    refuse(MCD_SAMPLER, cut, MCD_UNSUPPORTED, "cut.so", "cut short");

    snprintf(plugin, sizeof plugin, "%s", copy(bad("older.so"), "older.so"));
    struct mcd_item *item;
    struct mcd_error e = {0};
    assert_ok(mcd_item_open(host, MCD_SAMPLER, plugin, &item, &e), e);
    mcd_item_close(host, item);
    assert_int_equal(chmod(plugin, 0757), 0);
    refuse(MCD_SAMPLER, plugin, MCD_UNSUPPORTED, "older.so", "others can write it: chmod go-w");
    assert_int_equal(chmod(plugin, 0755), 0);
    assert_int_equal(chmod(scratch_dir, 0757), 0);
    refuse(MCD_SAMPLER, plugin, MCD_UNSUPPORTED, "older.so",
           "others can write its directory: chmod go-w");
    assert_int_equal(chmod(scratch_dir, 0755), 0);
}

/* A group is shared unless it has its owner's number; only root can give a file away. */
static void a_shared_group_may_not_write(void **state)
{
    (void)state;
    const char *plugin = copy(bad("older.so"), "older.so");
    assert_int_equal(chmod(plugin, 0775), 0);
    if (chown(plugin, (uid_t)-1, getuid() + 1) != 0)
        return;
    refuse(MCD_SAMPLER, plugin, MCD_UNSUPPORTED, "older.so", "others can write it: chmod go-w");
}

static void the_first_directory_wins(void **state)
{
    (void)state;
    const char *path = getenv("MCDROP_PLUGIN_PATH");
    char *before = strdup(path ? path : "."), *mine;
    assert_true(asprintf(&mine, "::/nowhere:%s:%s:", scratch_dir, before) > 0);
    assert_int_equal(mkdir(scratch_path("samplers"), 0755), 0);
    copy(bad("older.so"), "samplers/older.so");
    scratch_text("samplers/bernoulli.so", "broken");
    scratch_text("samplers/README", "no plugin");
    assert_int_equal(setenv("MCDROP_PLUGIN_PATH", mine, 1), 0);
    struct mcd_item *item;
    struct mcd_list list;
    struct mcd_error e = {0};
    assert_ok(mcd_item_open(host, MCD_SAMPLER, "older", &item, &e), e);
    mcd_item_close(host, item);
    refuse(MCD_SAMPLER, "bernoulli", MCD_UNSUPPORTED, "samplers/bernoulli.so",
           "not a shared object");
    assert_ok(mcd_search_list(host, MCD_SAMPLER, &list, &e), e);
    assert_int_equal(list.count, 4);
    assert_string_equal(list.item[0].name, "antithetic");
    assert_string_equal(list.item[2].name, "bernoulli");
    assert_string_equal(list.item[2].path, scratch_path("samplers/bernoulli.so"));
    assert_string_equal(list.item[3].name, "older");
    mcd_list_clear(host, &list);
    assert_int_equal(setenv("MCDROP_PLUGIN_PATH", before, 1), 0);
    free(before);
    free(mine);
}

/* Opens `spec` with every allocation failing once; whatever it answers in the end is its status. */
static void fail_each_allocation(uint32_t kind, const char *spec, int wanted)
{
    for (uint64_t k = 1;; k++) {
        struct mcd_error e = {0};
        struct mcd_item *item;
        mcd_host_fail_at(host, k);
        int status = mcd_item_open(host, kind, spec, &item, &e);
        mcd_item_close(host, item);
        assert_int_equal(mcd_host_live(host), 0);
        assert_int_equal(e.code, status);
        if (status == wanted)
            break;
        assert_int_equal(status, MCD_NOMEM);
    }
    mcd_host_fail_at(host, 0);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    fail_each_allocation(MCD_MODEL, "mlp:noise=gaussian", MCD_OK);
    fail_each_allocation(MCD_LAYER, "linear:out=3", MCD_OK);
    fail_each_allocation(MCD_LAYER, "linear:out=0", MCD_INVALID);
    fail_each_allocation(MCD_LAYER, "nothing", MCD_INVALID);
    fail_each_allocation(MCD_LAYER, bad("create_fails.so"), MCD_DEVICE);
    fail_each_allocation(MCD_LAYER, bad("bad_default.so"), MCD_UNSUPPORTED);
}

static void *open_often(void *arg)
{
    for (int i = 0; i < 200; i++) {
        struct mcd_item *item;
        if (mcd_item_open(host, MCD_LAYER, i % 2 ? "linear:out=2" : "conv2d:out=1,kernel=2", &item,
                          NULL) != MCD_OK)
            return arg;
        mcd_item_close(host, item);
    }
    return NULL;
}

static void many_threads_may_open(void **state)
{
    (void)state;
    pthread_t thread[4];
    void *wrong[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, open_often, host), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(thread[i], &wrong[i]);
    for (int i = 0; i < 4; i++)
        assert_null(wrong[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(opens_by_name_and_by_path, no_leak),
        cmocka_unit_test_teardown(wrong_specifications_are_refused, no_leak),
        cmocka_unit_test_teardown(bad_plugins_are_refused, no_leak),
        cmocka_unit_test_teardown(a_leak_is_seen, no_leak),
        cmocka_unit_test_teardown(an_older_api_has_nothing_behind_its_end, no_leak),
        cmocka_unit_test_teardown(files_are_judged_before_they_are_loaded, no_leak),
        cmocka_unit_test_teardown(a_shared_group_may_not_write, no_leak),
        cmocka_unit_test_teardown(the_first_directory_wins, no_leak),
        cmocka_unit_test_teardown(every_allocation_may_fail, no_leak),
        cmocka_unit_test_teardown(many_threads_may_open, no_leak),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
