/*
 * Partial results and their joining: any cut gives the bits of the uncut run; what does not belong
 * together, and what is no partial result, is refused.
 */
#include <mcdrop/model.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/io/file.h"
#include "core/io/safetensors.h"
#include "core/result/merge.h"
#include "core/result/partial.h"
#include "scratch.h"
#include "synthetic.h"

static const struct synthetic basic = {
    .spec = {.task = MCD_CLASSIFY,
             .type = MCD_F32,
             .rows = 5,
             .outputs = 3,
             .block_rows = 2,
             .group = 1,
             .block_passes = 16,
             .passes = 1000,
             .keep_pieces = 1},
    .seed = 1,
    .scale = 1.0,
    .noise = 0.7,
};

static struct mcd_partial shard(const struct synthetic *r)
{
    struct mcd_partial p = {.host = synthetic_host, .moments = synthetic_moments(r)};
    const struct mcd_moments_spec *s = &r->spec;
    struct mcd_error e = {0};
    size_t rows = (size_t)s->rows;
    p.origin.seed = r->seed;
    assert_ok(mcd_origin_set(p.host, &p.origin.model, "mlp:drop=0.5", &e), e);
    assert_ok(mcd_origin_set(p.host, &p.origin.sampler, "bernoulli:scope=row", &e), e);
    assert_ok(mcd_origin_set(p.host, &p.origin.backend, "reference", &e), e);
    p.deterministic = mcd_host_zalloc(p.host, rows * (size_t)s->outputs * sizeof(double), &e);
    for (int64_t i = 0; i < s->rows * s->outputs; i++)
        p.deterministic[i] = synthetic_centre(r, i / s->outputs, i % s->outputs);
    if (s->task == MCD_CLASSIFY)
        p.labels = mcd_host_zalloc(p.host, rows * sizeof(int64_t), &e);
    return p;
}

/* The file of passes first .. first + passes - 1. */
static const char *saved(const struct synthetic *base, uint64_t first, uint64_t passes)
{
    struct synthetic r = *base;
    struct mcd_error e = {0};
    char name[64];
    r.spec.first_pass = first;
    r.spec.passes = passes;
    snprintf(name, sizeof name, "%d-%d.part", (int)first, (int)passes);
    const char *path = scratch_path(name);
    struct mcd_partial p = shard(&r);
    assert_ok(mcd_partial_save(path, &p, &e), e);
    mcd_partial_clear(&p);
    return path;
}

static struct mcd_summary summary_of(const struct mcd_moments *m)
{
    struct mcd_summary s;
    struct mcd_error e = {0};
    assert_ok(mcd_summary_create(&s, m, &e), e);
    return s;
}

/* Ranges given by their lengths, saved and joined in the order that `turn` rotates. */
static void cut(const struct synthetic *base, uint64_t first, const uint64_t *length, size_t count,
                size_t turn)
{
    struct synthetic r = *base;
    struct mcd_partial p[8];
    const char *names[8];
    struct mcd_error e = {0};
    r.spec.first_pass = first;
    r.spec.passes = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = (i + turn) % count;
        names[at] = "shard";
        assert_ok(mcd_partial_load(synthetic_host, saved(base, first + r.spec.passes, length[i]),
                                   &p[at], &e),
                  e);
        r.spec.passes += length[i];
    }
    assert_ok(mcd_merge(p, names, count, &e), e);
    assert_int_equal(p[0].moments->spec.first_pass, first);
    assert_int_equal(p[0].moments->spec.passes, r.spec.passes);
    struct mcd_moments *whole = synthetic_moments(&r);
    struct mcd_summary a = summary_of(whole), b = summary_of(p[0].moments);
    assert_same_summary(&a, &b);
    mcd_summary_clear(&a);
    mcd_summary_clear(&b);
    mcd_moments_destroy(whole);
    mcd_partial_clear(&p[0]);
    scratch_empty(NULL);
}

#define CUT(base, first, turn, ...)                                                                \
    cut(base, first, (const uint64_t[]){__VA_ARGS__},                                              \
        sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), turn)

static void all_cuts(const struct synthetic *r)
{
    CUT(r, 0, 0, 1000);
    CUT(r, 0, 0, 997, 3);
    CUT(r, 0, 1, 997, 3);
    CUT(r, 0, 0, 1, 999);
    for (size_t turn = 0; turn < 3; turn++)
        CUT(r, 0, turn, 333, 333, 334);
    CUT(r, 0, 0, 16, 984);             /* at a block boundary */
    CUT(r, 0, 1, 512, 488);            /* at a large node's boundary */
    CUT(r, 0, 2, 5, 3, 4, 988);        /* several in one block */
    CUT(r, 0, 3, 100, 1, 1, 1, 1, 96); /* and in the middle */
    CUT(r, 7, 1, 3, 990);              /* first pass inside a block */
    CUT(r, 1007, 1, 16, 16, 2);
    CUT(r, 3, 0, 4, 5); /* nowhere a whole block */
    CUT(r, 0, 4, 160, 160, 160, 160, 160);
}

static void any_cut_gives_the_same_bits(void **state)
{
    (void)state;
    all_cuts(&basic);
}

static void so_in_double_with_groups(void **state)
{
    (void)state;
    struct synthetic r = basic;
    r.spec.type = MCD_F64;
    r.spec.group = 2;
    r.antithetic = 1;
    all_cuts(&r);
}

static void so_in_regression(void **state)
{
    (void)state;
    struct synthetic r = basic;
    r.spec.task = MCD_REGRESS;
    r.spec.outputs = 1;
    all_cuts(&r);
}

/* Saving what was loaded gives the same file; a file of joined shards is one of the whole range. */
static void saves_what_it_loaded(void **state)
{
    (void)state;
    struct mcd_partial p[2];
    const char *names[2] = {"a", "b"};
    struct mcd_error e = {0};
    const char *whole = saved(&basic, 3, 200), *again = scratch_path("again.part");
    assert_ok(mcd_partial_load(synthetic_host, saved(&basic, 3, 90), &p[0], &e), e);
    assert_ok(mcd_partial_load(synthetic_host, saved(&basic, 93, 110), &p[1], &e), e);
    assert_ok(mcd_merge(p, names, 2, &e), e);
    assert_string_equal(p[0].origin.backend, "reference");
    assert_ok(mcd_partial_save(again, &p[0], &e), e);
    mcd_partial_clear(&p[0]);
    struct mcd_bytes x, y;
    assert_ok(mcd_file_read(whole, MCD_FILE_LIMIT, &x, &e), e);
    assert_ok(mcd_file_read(again, MCD_FILE_LIMIT, &y, &e), e);
    assert_int_equal(x.size, y.size);
    assert_memory_equal(x.data, y.data, x.size);
    mcd_bytes_clear(&x);
    mcd_bytes_clear(&y);
}

/* Backends may differ, and are all named. */
static void names_every_backend(void **state)
{
    (void)state;
    struct mcd_partial p[2];
    const char *names[2] = {"a", "b"};
    struct mcd_error e = {0};
    assert_ok(mcd_partial_load(synthetic_host, saved(&basic, 0, 90), &p[0], &e), e);
    assert_ok(mcd_partial_load(synthetic_host, saved(&basic, 90, 9), &p[1], &e), e);
    assert_ok(mcd_origin_set(synthetic_host, &p[1].origin.backend, "openblas", &e), e);
    assert_ok(mcd_merge(p, names, 2, &e), e);
    assert_string_equal(p[0].origin.backend, "reference, openblas");
    mcd_partial_clear(&p[0]);
}

static void refuse_merge(const struct synthetic *a, uint64_t a_first, uint64_t a_passes,
                         const struct synthetic *b, uint64_t b_first, uint64_t b_passes,
                         const char *part)
{
    struct mcd_partial p[2];
    const char *names[2] = {"one.part", "two.part"};
    struct mcd_error e = {0};
    assert_ok(mcd_partial_load(synthetic_host, saved(a, a_first, a_passes), &p[0], &e), e);
    assert_ok(mcd_partial_load(synthetic_host, saved(b, b_first, b_passes), &p[1], &e), e);
    assert_int_equal(mcd_merge(p, names, 2, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, ".part", part);
    assert_null(p[0].moments);
    assert_null(p[1].moments);
}

static void refuses_overlaps_and_gaps(void **state)
{
    (void)state;
    refuse_merge(&basic, 0, 100, &basic, 50, 100,
                 "passes 50 to 149 overlap with 0 to 99 of one.part");
    refuse_merge(&basic, 0, 100, &basic, 0, 100, "passes 0 to 99 overlap with 0 to 99");
    refuse_merge(&basic, 200, 10, &basic, 0, 100,
                 "passes 200 to 209 leave a gap behind 0 to 99 of two.part");
}

static void refuses_other_runs(void **state)
{
    (void)state;
    struct synthetic r = basic;
    r.seed = 2;
    refuse_merge(&basic, 0, 20, &r, 20, 20, "seed is 2, but 1 in one.part");
    r = basic;
    r.spec.block_passes = 32;
    refuse_merge(&basic, 0, 20, &r, 20, 20, "5 rows of 3 outputs, blocks of 32 passes");
    r = basic;
    r.spec.rows = 4;
    refuse_merge(&basic, 0, 20, &r, 20, 20, "4 rows of 3 outputs");
    struct mcd_partial p[2];
    const char *names[2] = {"one.part", "two.part"};
    struct mcd_error e = {0};
    for (int i = 0; i < 2; i++) {
        assert_ok(mcd_partial_load(synthetic_host, saved(&basic, 0, 20), &p[0], &e), e);
        assert_ok(mcd_partial_load(synthetic_host, saved(&basic, 20, 20), &p[1], &e), e);
        if (i == 0)
            assert_ok(mcd_origin_set(synthetic_host, &p[1].origin.weights, "abc", &e), e);
        else
            p[1].labels[3] = 1;
        assert_int_equal(mcd_merge(p, names, 2, &e), MCD_INVALID);
        assert_error(e, MCD_INVALID, "two.part",
                     i == 0 ? "weights is 'abc', but ''" : "other labels");
        e = (struct mcd_error){0};
    }
}

/* Changes one thing in a good file and expects a refusal that names it. */
static void refuse_file(void (*spoil)(struct mcd_safetensors *), const char *place,
                        const char *part)
{
    struct mcd_safetensors f;
    struct mcd_partial p;
    struct mcd_error e = {0};
    const char *path = saved(&basic, 3, 50), *bad = scratch_path("bad.part");
    assert_ok(mcd_safetensors_read(path, &f, &e), e);
    spoil(&f);
    assert_ok(mcd_safetensors_write(bad, &f, &e), e);
    mcd_safetensors_clear(&f);
    assert_int_equal(mcd_partial_load(synthetic_host, bad, &p, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, place, part);
    assert_null(p.moments);
}

static struct mcd_array *tensor(struct mcd_safetensors *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->tensor[i].name, name) == 0)
            return &f->tensor[i].value;
    fail_msg("no tensor %s", name);
    return NULL;
}

/* In place: names and values keep their length. */
static void set_text(const char *text, const char *value)
{
    assert_int_equal(strlen(text), strlen(value));
    memcpy((void *)(uintptr_t)text, value, strlen(value));
}

static void set_metadata(struct mcd_safetensors *f, const char *key, const char *value)
{
    set_text(mcd_safetensors_metadata(f, key), value);
}

static void spoil_format(struct mcd_safetensors *f)
{
    set_metadata(f, "format", "mcdrop partial 9");
}

static void spoil_rows(struct mcd_safetensors *f)
{
    set_metadata(f, "rows", "6");
}

static void spoil_number(struct mcd_safetensors *f)
{
    set_metadata(f, "outputs", "x");
}

static void spoil_passes(struct mcd_safetensors *f)
{
    set_metadata(f, "passes", "51");
}

static void spoil_group(struct mcd_safetensors *f)
{
    set_metadata(f, "group", "3");
}

static void spoil_name(struct mcd_safetensors *f)
{
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->tensor[i].name, "labels") == 0)
            set_text(f->tensor[i].name, "lables");
}

static void spoil_place(struct mcd_safetensors *f)
{
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->tensor[i].name, "samples.3.13") == 0)
            set_text(f->tensor[i].name, "samples.2.13");
}

static void spoil_votes(struct mcd_safetensors *f)
{
    ((int64_t *)tensor(f, "sums")->data)[3]++;
}

static void spoil_entropy(struct mcd_safetensors *f)
{
    ((int64_t *)tensor(f, "sums")->data)[6] = INT64_MAX;
}

static void spoil_m2(struct mcd_safetensors *f)
{
    ((double *)tensor(f, "moments.16.16")->data)[7] = -1.0;
}

static void spoil_label(struct mcd_safetensors *f)
{
    ((int64_t *)tensor(f, "labels")->data)[0] = 3;
}

static void spoil_average(struct mcd_safetensors *f)
{
    ((double *)tensor(f, "deterministic")->data)[0] = NAN;
}

static void spoil_sample(struct mcd_safetensors *f)
{
    const struct mcd_array *a = tensor(f, "samples.3.13");
    if (a->type == MCD_F64)
        ((double *)a->data)[5] = NAN;
    else
        ((float *)a->data)[5] = NAN;
}

static void refuses_damaged_files(void **state)
{
    (void)state;
    refuse_file(spoil_format, "bad.part", "is not a partial result");
    refuse_file(spoil_rows, "deterministic", "F64 [rows, outputs]");
    refuse_file(spoil_number, "outputs", "whole number");
    refuse_file(spoil_passes, "passes", "as many as the pieces have");
    refuse_file(spoil_group, "moments", "multiple of the group");
    refuse_file(spoil_name, "lables", "moments.FIRST.PASSES");
    refuse_file(spoil_place, "samples.2.13", "follow each other");
    refuse_file(spoil_votes, "sums", "can have given");
    refuse_file(spoil_entropy, "sums", "can have given");
    refuse_file(spoil_m2, "moments.16.16", "not negative");
    refuse_file(spoil_label, "labels", "class numbers");
    refuse_file(spoil_average, "deterministic", "finite");
    refuse_file(spoil_sample, "samples.3.13", "finite numbers");
}

static void refuses_to_save_folded_moments(void **state)
{
    (void)state;
    struct synthetic r = basic;
    struct mcd_error e = {0};
    r.spec.keep_pieces = 0;
    struct mcd_partial p = shard(&r);
    assert_int_equal(mcd_partial_save(scratch_path("x.part"), &p, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "x.part", "did not keep");
    assert_int_equal(scratch_count(), 0);
    mcd_partial_clear(&p);
}

/* Every allocation of the host fails once: an error, and nothing is left behind. */
static void survives_lack_of_memory(void **state)
{
    (void)state;
    const char *names[2] = {"a", "b"};
    const char *a = saved(&basic, 3, 50), *b = saved(&basic, 53, 20), *c = scratch_path("c.part");
    uint64_t before = mcd_host_live(synthetic_host);
    int status = MCD_NOMEM;
    for (uint64_t k = 1; status == MCD_NOMEM; k++) {
        struct mcd_partial p[2] = {{0}};
        struct mcd_summary s = {0};
        struct mcd_error e = {0};
        mcd_host_fail_at(synthetic_host, k);
        status = mcd_partial_load(synthetic_host, a, &p[0], &e);
        if (status == MCD_OK)
            status = mcd_partial_load(synthetic_host, b, &p[1], &e);
        if (status == MCD_OK)
            status = mcd_merge(p, names, 2, &e);
        if (status == MCD_OK)
            status = mcd_partial_save(c, &p[0], &e);
        if (status == MCD_OK)
            status = mcd_summary_create(&s, p[0].moments, &e);
        mcd_host_fail_at(synthetic_host, 0);
        assert_int_equal(status, e.code);
        mcd_summary_clear(&s);
        mcd_partial_clear(&p[0]);
        mcd_partial_clear(&p[1]);
        assert_int_equal(mcd_host_live(synthetic_host), before);
    }
    assert_int_equal(status, MCD_OK);
}

static int setup(void **state)
{
    return scratch_setup(state) || synthetic_setup(state);
}

static int teardown(void **state)
{
    return scratch_teardown(state) || synthetic_teardown(state);
}

#define TEST(f) cmocka_unit_test_teardown(f, scratch_empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(any_cut_gives_the_same_bits),
        TEST(so_in_double_with_groups),
        TEST(so_in_regression),
        TEST(saves_what_it_loaded),
        TEST(names_every_backend),
        TEST(refuses_overlaps_and_gaps),
        TEST(refuses_other_runs),
        TEST(refuses_damaged_files),
        TEST(refuses_to_save_folded_moments),
        TEST(survives_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
