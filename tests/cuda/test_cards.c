/*
 * Predictions by backend cuda on several cards, on a CUDA without one: the bits of one card, memory
 * and work on each, and nothing left behind on any whatever fails.
 */
#include "tests/forward_run.h"

#include "backends/cuda/cuda.h"
#include "fake.h"

#include <stdio.h>

#define MODULE "tests/cuda/module/.libs/cuda.so"

enum { PARAMETERS = 4 * (8 * 6 + 8 + 3 * 8 + 3) }; /* bytes, all alignment apart */

/* Small blocks for the fake, which is slow: rows and passes are cut by hand. */
enum { BLOCK_ROWS = 5, BLOCK_PASSES = 4, BLOCKS = 7, FEW_ROWS = 13 };

struct prediction {
    struct opened o;
    size_t least; /* bytes in use on the second card while blocks came, if there is one */
    int status;
    struct mcd_error error;
};

static int keep_and_look(void *arg, const struct mcd_block *b, struct mcd_error *error)
{
    struct prediction *p = arg;
    const struct mcd_cuda *cuda = p->o.network->backend->self;
    if (cuda->next && cuda->next->used < p->least)
        p->least = cuda->next->used;
    return keep(&p->o.kept, b, error);
}

static void open_prediction(struct prediction *p, const char *device)
{
    char backend[80];
    snprintf(backend, sizeof backend, "%s:device=%s", MODULE, device);
    const struct request q = {.model = "mlp:hidden=8,classes=3,drop=0.3",
                              .backend = backend,
                              .sampler = "bernoulli",
                              .in = {1, {6}},
                              .rows = FEW_ROWS,
                              .block_count = BLOCKS,
                              .threads = 4};
    *p = (struct prediction){.least = SIZE_MAX};
    open_request(&p->o, &q);
    p->o.f.block_rows = BLOCK_ROWS;
    p->o.f.block_passes = BLOCK_PASSES;
    p->o.f.sink = keep_and_look;
    p->o.f.progress = NULL;
    p->o.f.arg = p;
    free(p->o.kept.y);
    p->o.kept.y = calloc(count_of(&p->o), sizeof(double));
    assert_non_null(p->o.kept.y);
}

static void predict(struct prediction *p, const char *device)
{
    open_prediction(p, device);
    p->status = mcd_forward_run(&p->o.f, &p->error);
    assert_ok(p->status, p->error);
}

/* The network's own parameters are on the first card alone when nothing is predicted. */
static void check_empty(const struct prediction *p)
{
    const struct mcd_cuda *cuda = p->o.network->backend->self;
    for (cuda = cuda->next; cuda; cuda = cuda->next)
        assert_int_equal(cuda->used, 0);
}

static void cards_change_no_bit(void **state)
{
    static const char *const devices[] = {"0x1", "1x0", "2x0x1", "1x1"};
    struct prediction one, several;
    (void)state;
    predict(&one, "0");
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
        predict(&several, devices[i]);
        check_same(several.o.kept.y, one.o.kept.y, count_of(&one.o));
        assert_true(several.least > PARAMETERS && several.least < SIZE_MAX);
        check_empty(&several);
        close_request(&several.o);
    }
    close_request(&one.o);
    assert_int_equal(fake_live(), 0);
}

/* Only the card that was chosen is touched, by whatever thread: others may be somebody else's. */
static void other_cards_are_left_alone(void **state)
{
    struct prediction p;
    (void)state;
    fake_set("devices=3");
    predict(&p, "2");
    close_request(&p.o);
    assert_int_equal(fake_counts().contexts, 1ul << 2);
}

static void cards_that_are_not_there_are_named(void **state)
{
    struct mcd_error e = {0};
    struct mcd_item *item;
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    (void)state;
    assert_int_equal(mcd_item_open(host, MCD_BACKEND, MODULE ":device=0x3", &item, &e), MCD_DEVICE);
    assert_error(e, MCD_DEVICE, "device", "3: there are 3");
    assert_int_equal(mcd_host_live(host), 0);
    assert_int_equal(fake_live(), 0);
    mcd_host_destroy(host);
}

/* Once the first card has its network, each call of the prediction on both fails. */
static void whatever_fails_leaves_nothing(void **state)
{
    unsigned long k = 1, stride = getenv("MCDROP_FAST") ? 97 : 11;
    enum fake_failure how = (enum fake_failure)(uintptr_t)*state;
    for (const char *failed = ""; failed; k += stride) {
        struct prediction p;
        open_prediction(&p, "0x1");
        fake_fail(how, k);
        p.status = mcd_forward_run(&p.o.f, &p.error);
        failed = fake_recover();
        if (!failed)
            assert_ok(p.status, p.error);
        else if (p.status && (p.status != p.error.code || !*p.error.text))
            fail_msg("%s, the %luth: status %d, '%s'", failed, k, p.status, p.error.text);
        check_empty(&p);
        close_request(&p.o);
        if (fake_live())
            fail_msg("%s, the %luth: %ld are left", failed, k, fake_live());
    }
    assert_true(k > 200);
}

int main(void)
{
    void *memory = (void *)(uintptr_t)FAKE_MEMORY, *refused = (void *)(uintptr_t)FAKE_REFUSED;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_cards_are_left_alone),
        cmocka_unit_test(cards_change_no_bit),
        cmocka_unit_test(cards_that_are_not_there_are_named),
        {"no memory", whatever_fails_leaves_nothing, NULL, NULL, memory},
        {"a call that is refused", whatever_fails_leaves_nothing, NULL, NULL, refused},
    };
    fake_set("devices=3");
    return cmocka_run_group_tests_name("cards", tests, NULL, NULL);
}
