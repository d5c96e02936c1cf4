/* core/graph/arena.c: what lives at the same time never overlaps, and what does not shares. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/graph/arena.h"

#include <stdlib.h>

enum { MAX = 200 };

static uint64_t state_of_dice = 1;

static uint32_t dice(uint32_t below)
{
    state_of_dice = state_of_dice * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state_of_dice >> 33) % below;
}

static int overlap(const struct mcd_storage *a, const struct mcd_storage *b)
{
    return a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes;
}

static int live_together(const struct mcd_storage *a, const struct mcd_storage *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* Returns the bytes that must be there at the busiest time: no arena can be smaller. */
static size_t check(const struct mcd_storage *s, uint32_t count, size_t end, int share)
{
    size_t used = 0, busiest = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (s[i].outside || !s[i].bytes)
            continue;
        assert_int_equal(s[i].offset % 64, 0);
        assert_true(s[i].offset + s[i].bytes <= end);
        if (s[i].offset + s[i].bytes > used)
            used = s[i].offset + s[i].bytes;
        for (uint32_t j = 0; j < i; j++)
            if (!s[j].outside && s[j].bytes && (!share || live_together(&s[i], &s[j])))
                assert_false(overlap(&s[i], &s[j]));
        size_t now = 0; /* at the time when i begins */
        for (uint32_t j = 0; j < count; j++)
            if (!s[j].outside && s[j].first <= s[i].first && s[i].first <= s[j].last)
                now += s[j].bytes;
        busiest = now > busiest ? now : busiest;
    }
    assert_int_equal(used, end);
    return busiest;
}

static void make_random(struct mcd_storage *s, uint32_t count, uint32_t steps)
{
    for (uint32_t i = 0; i < count; i++) {
        int64_t first = dice(steps), last = first + dice(dice(2) ? 3 : steps);
        s[i] = (struct mcd_storage){.bytes = dice(5) ? 1 + dice(5000) : 0,
                                    .offset = 7,
                                    .first = dice(10) ? first : -1,
                                    .last = dice(10) ? last : INT64_MAX,
                                    .outside = dice(10) == 0};
    }
}

static void random_lifetimes_never_overlap(void **state)
{
    (void)state;
    static struct mcd_storage s[MAX];
    static uint32_t order[MAX];
    int rounds = getenv("MCDROP_FAST") ? 30 : 500;
    double shared = 0, apart = 0;
    for (int round = 0; round < rounds; round++) {
        uint32_t count = 1 + dice(MAX);
        make_random(s, count, 1 + dice(60));
        size_t together = mcd_arena_place(s, count, 1, order);
        assert_true(together >= check(s, count, together, 1));
        size_t alone = mcd_arena_place(s, count, 0, order);
        check(s, count, alone, 0);
        assert_true(together <= alone);
        shared += (double)together;
        apart += (double)alone;
    }
    assert_true(shared < 0.8 * apart);
}

/* A chain of equal values, each read by the next step alone: room for two is enough. */
static void a_chain_needs_two(void **state)
{
    (void)state;
    struct mcd_storage s[50];
    uint32_t order[50];
    for (int i = 0; i < 50; i++)
        s[i] = (struct mcd_storage){.bytes = 1000, .first = i, .last = i + 1};
    assert_int_equal(mcd_arena_place(s, 50, 1, order), 1024 + 1000);
    check(s, 50, 1024 + 1000, 1);
    assert_int_equal(mcd_arena_place(s, 50, 0, order), 49 * 1024 + 1000);
}

/* Both ends belong to a lifetime: what begins in the step that reads another does not share. */
static void ends_count(void **state)
{
    (void)state;
    struct mcd_storage s[3] = {{.bytes = 64, .first = 0, .last = 1},
                               {.bytes = 64, .first = 1, .last = 2},
                               {.bytes = 64, .first = 2, .last = 2}};
    uint32_t order[3];
    assert_int_equal(mcd_arena_place(s, 3, 1, order), 128);
    assert_int_not_equal(s[0].offset, s[1].offset);
    assert_int_not_equal(s[1].offset, s[2].offset);
    assert_int_equal(s[0].offset, s[2].offset);
}

static void nothing_needs_nothing(void **state)
{
    (void)state;
    struct mcd_storage s[2] = {{.bytes = 0}, {.bytes = 10, .outside = 1, .offset = 5}};
    uint32_t order[2];
    assert_int_equal(mcd_arena_place(s, 0, 1, order), 0);
    assert_int_equal(mcd_arena_place(s, 2, 1, order), 0);
    assert_int_equal(s[1].offset, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_lifetimes_never_overlap),
        cmocka_unit_test(a_chain_needs_two),
        cmocka_unit_test(ends_count),
        cmocka_unit_test(nothing_needs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
