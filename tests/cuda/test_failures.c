/*
 * Each call of the CUDA runtime, of cuBLASLt and of cuDNN fails in turn, from making the backend to
 * the end of a prediction: for lack of memory, otherwise, for good, or when the work is done. Each
 * time there is one line that says what was being done, nothing is left behind, and what was to be
 * written is as it was.
 */
#include "small.h"

static const struct small *task; /* what is run */
static const char *backend = SMALL_FAKE;
static int alone; /* one thread does all */
static struct small_result expected;

/* ---- one run ------------------------------------------------------------------------------- */

static int is_untouched(const void *at, size_t bytes)
{
    const unsigned char *byte = at;
    while (bytes > 0 && *byte == 0x5A)
        byte++, bytes--;
    return bytes == 0;
}

/* What may have been written is what is right, part by part. */
static int is_whole(const struct small_result *r)
{
#define PART(name)                                                                                 \
    (is_untouched(&r->name, sizeof r->name) ||                                                     \
     memcmp(&r->name, &expected.name, sizeof r->name) == 0)
    return PART(loss) && PART(average) && PART(mean) && PART(deviation);
#undef PART
}

/* Of the runtime or a library, or a lack of memory. */
static int names_what_failed(const struct mcd_error *e)
{
    static const char *const names[] = {
        "cudaError", "CUBLAS_STATUS",    "CUDNN_STATUS",        "cublasLt",
        "cudnn",     "cannot be loaded", "when the card failed"};
    if (e->code == MCD_NOMEM)
        return 1;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strstr(e->text, names[i]))
            return 1;
    return 0;
}

static const char *judge_error(int status, enum fake_failure how, const struct mcd_error *e)
{
    if (status == SMALL_LEAK)
        return "something of the host is left";
    if (status != (int)e->code || (status != MCD_NOMEM && status != MCD_DEVICE))
        return "expected MCD_DEVICE or MCD_NOMEM, also in the error";
    if (status == MCD_NOMEM && how != FAKE_MEMORY)
        return "memory is not what there is no more of";
    if (!*e->where || !*e->text || strpbrk(e->text, "\n\r") || strchr(e->where, '\n'))
        return "expected one line that says where";
    return names_what_failed(e) ? NULL : "expected what the runtime or the library says";
}

static const char *judge(int status, enum fake_failure how, const char *hit,
                         const struct small_result *r, const struct mcd_error *e)
{
    if (fake_live() != 0)
        return "something on the device is left";
    if (status && !hit)
        return "it fails without a failure";
    if (!status && memcmp(r, &expected, sizeof *r) != 0)
        return "it ends well with another result";
    if (!status && hit && how == FAKE_LATE && alone) /* others may be ahead for nothing */
        return "work failed, and nobody noticed";
    if (!is_whole(r))
        return "a result is neither old nor new";
    if (status && task->checkpoint && access(task->checkpoint, F_OK) == 0 &&
        is_untouched(r->loss, sizeof r->loss))
        return "a checkpoint was written of a training that failed";
    return status ? judge_error(status, how, e) : NULL;
}

/* ---- one after the other --------------------------------------------------------------------- */

enum { CREATING = 150 /* calls until there is a backend, and some more */ };

static const char *const hows[] = {"", "memory", "refused", "sticky", "late"};

/* Fails the k-th; 0 if there are fewer. */
static int fail_one(enum fake_failure how, unsigned long k, uint32_t threads)
{
    struct small_result r;
    struct mcd_error e = {0};
    memset(&r, 0x5A, sizeof r);
    if (task->checkpoint)
        unlink(task->checkpoint);
    fake_fail(how, k);
    int status = small_run(task, backend, threads, &r, &e);
    const char *hit = fake_recover(), *problem = judge(status, how, hit, &r, &e);
    if (problem)
        fail_msg("%s, %s:%lu (%s): %s; status %d, '%s: %s'", task->model, hows[how], k,
                 hit ? hit : "none", problem, status, e.where, e.text);
    return hit != NULL;
}

/*
 * The first `dense`, then every `every`-th, beginning elsewhere for each kind. There are fewer
 * pieces of work than calls.
 */
static void fail_each(unsigned long dense, unsigned long every, uint32_t threads)
{
    struct mcd_error e = {0};
    alone = threads == 1;
    memset(&expected, 0x5A, sizeof expected);
    assert_ok(small_run(task, backend, threads, &expected, &e), e);
    for (int how = FAKE_MEMORY; how <= FAKE_LATE; how++) {
        unsigned long step = how == FAKE_LATE ? (every + 4) / 5 : every;
        unsigned long k = 1 + (unsigned long)how % (dense ? 1 : step), done = 0;
        for (; fail_one((enum fake_failure)how, k, threads); k += k < dense ? 1 : step)
            done++;
        print_message("# %s, %s: %lu of about %lu fail\n", task->model, hows[how], done, k);
        assert_true(done > 0);
    }
}

/* MCDROP_FULL asks for all of them. */
static unsigned long each(unsigned long step)
{
    return getenv("MCDROP_FULL") ? 1 : step * (getenv("MCDROP_FAST") ? 17 : 1);
}

static void fails_cleanly_with_products(void **state)
{
    (void)state;
    struct small s = small_mlp;
    s.checkpoint = scratch_path("mlp.safetensors");
    s.passes = 0;
    task = &s;
    fail_each(getenv("MCDROP_FAST") ? 0 : CREATING, each(17), 1);
}

static void fails_cleanly_with_convolutions(void **state)
{
    (void)state;
    struct small s = small_lenet;
    s.epochs = 1;
    task = &s;
    fail_each(0, each(43), 1);
}

static void fails_cleanly_with_adam(void **state)
{
    (void)state;
    struct small s = small_mlp2;
    s.epochs = 1;
    s.passes = 0;
    task = &s;
    fail_each(0, each(31), 1);
}

static void fails_cleanly_with_passes(void **state)
{
    (void)state;
    struct small s = small_mlp;
    s.epochs = 0;
    task = &s;
    fail_each(0, each(13), 1);
}

/* Which call is the k-th is up to the threads then. */
static void fails_cleanly_with_threads(void **state)
{
    (void)state;
    struct small s = small_mlp2;
    s.epochs = 1;
    task = &s;
    fail_each(0, each(61), 3);
}

static void fails_cleanly_on_two_devices(void **state)
{
    (void)state;
    struct small s = small_mlp;
    s.epochs = 0;
    s.passes = 2000;
    task = &s;
    assert_int_equal(fake_set("devices=2"), 0);
    backend = SMALL_FAKE ":device=0x1";
    fail_each(0, each(53), 4);
    backend = SMALL_FAKE;
    assert_int_equal(fake_set("devices=1"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fails_cleanly_with_products),
        cmocka_unit_test(fails_cleanly_with_convolutions),
        cmocka_unit_test(fails_cleanly_with_adam),
        cmocka_unit_test(fails_cleanly_with_passes),
        cmocka_unit_test(fails_cleanly_with_threads),
        cmocka_unit_test(fails_cleanly_on_two_devices),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
