/* safetensors: what others write, every way in which a header can lie, and writing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/io/endian.h"
#include "core/io/file.h"
#include "core/io/safetensors.h"
#include "scratch.h"

#include <math.h>

/* Parses length + header + `size` bytes 0, 1, 2, ..., exactly allocated. */
static int parse(const char *header, size_t size, struct mcd_safetensors *s, struct mcd_error *e)
{
    size_t length = strlen(header), total = 8 + length + size;
    unsigned char *bytes = malloc(total);
    mcd_store_little(bytes, 8, length);
    memcpy(bytes + 8, header, length);
    for (size_t i = 0; i < size; i++)
        bytes[8 + length + i] = (unsigned char)i;
    int status = mcd_safetensors_parse(bytes, total, "bad", s, e);
    free(bytes);
    return status;
}

static void refuse(const char *header, size_t size, const char *place, const char *part)
{
    struct mcd_safetensors s;
    struct mcd_error e = {0};
    assert_int_equal(parse(header, size, &s, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, place, part);
    assert_null(s.tensor);
    assert_null(s.metadata);
}

static void parses_tensors_and_metadata(void **state)
{
    (void)state;
    struct mcd_safetensors s;
    struct mcd_error e = {0};
    assert_ok(parse("{\"b\":{\"dtype\":\"U8\",\"shape\":[2,1],\"data_offsets\":[8,10]},"
                    "\"__metadata__\":{\"seed\":\"7\",\"\":\"empty\"},"
                    "\"a\":{\"data_offsets\":[0,8],\"shape\":[],\"dtype\":\"I64\"},"
                    "\"none\":{\"dtype\":\"F32\",\"shape\":[0,3],\"data_offsets\":[8,8]}}   ",
                    10, &s, &e),
              e);
    assert_int_equal(s.count, 3);
    assert_string_equal(s.tensor[0].name, "b");
    const struct mcd_array *a = mcd_safetensors_find(&s, "a"), *b = mcd_safetensors_find(&s, "b");
    assert_int_equal(a->rank, 0);
    assert_true(*(int64_t *)a->data == 0x0706050403020100);
    assert_int_equal(b->type, MCD_U8);
    assert_int_equal(b->dim[0], 2);
    assert_memory_equal(b->data, "\x08\x09", 2);
    assert_int_equal(mcd_array_count(mcd_safetensors_find(&s, "none")), 0);
    assert_null(mcd_safetensors_find(&s, "c"));
    assert_string_equal(mcd_safetensors_metadata(&s, "seed"), "7");
    assert_null(mcd_safetensors_metadata(&s, "model"));
    mcd_safetensors_clear(&s);
    assert_ok(parse("{}", 0, &s, &e), e);
    assert_int_equal(s.count, 0);
    mcd_safetensors_clear(&s);
}

/* One value of a 16-bit type, given by its two bytes. */
static float widen(const char *dtype, uint16_t bits)
{
    struct mcd_safetensors s;
    struct mcd_error e = {0};
    char bytes[200], header[120];
    int n = snprintf(header, sizeof header,
                     "{\"x\":{\"dtype\":\"%s\",\"shape\":[1],\"data_offsets\":[0,2]}}", dtype);
    mcd_store_little((unsigned char *)bytes, 8, (uint64_t)n);
    memcpy(bytes + 8, header, (size_t)n);
    mcd_store_little((unsigned char *)bytes + 8 + n, 2, bits);
    assert_ok(mcd_safetensors_parse(bytes, (size_t)n + 10, "half", &s, &e), e);
    assert_int_equal(s.tensor[0].value.type, MCD_F32);
    float value = *(float *)s.tensor[0].value.data;
    mcd_safetensors_clear(&s);
    return value;
}

static void widens_halves(void **state)
{
    (void)state;
    assert_true(widen("F16", 0x3c00) == 1.0f);
    assert_true(widen("F16", 0xc100) == -2.5f);
    assert_true(widen("F16", 0x7bff) == 65504.0f);
    assert_true(widen("F16", 0x0001) == 0x1p-24f);
    assert_true(widen("F16", 0x83ff) == -0x1.ff8p-15f);
    assert_true(widen("F16", 0x0400) == 0x1p-14f);
    assert_true(widen("F16", 0x8000) == 0 && signbit(widen("F16", 0x8000)));
    assert_true(widen("F16", 0xfc00) == -INFINITY);
    assert_true(isnan(widen("F16", 0x7e01)));
    assert_true(widen("BF16", 0x3f80) == 1.0f);
    assert_true(widen("BF16", 0xc020) == -2.5f);
    assert_true(widen("BF16", 0x7f80) == INFINITY);
}

static void refuses_bad_lengths(void **state)
{
    (void)state;
    struct mcd_safetensors s;
    const struct {
        const char *bytes;
        size_t size;
        const char *part;
    } bad[] = {
        {"", 0, "ends in the length"},
        {"\2\0\0\0\0\0\0", 7, "ends in the length"},
        {"\0\0\0\0\0\0\0\0", 8, "'{'"},
        {"\3\0\0\0\0\0\0\0{}", 10, "a header of 3 bytes: expected at most 2"},
        {"\xff\xff\xff\xff\xff\xff\xff\xff{}", 10, "18446744073709551615 bytes"},
        {"\3\0\0\0\0\0\0\0 {}", 11, "'{'"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct mcd_error e = {0};
        assert_int_equal(mcd_safetensors_parse(bad[i].bytes, bad[i].size, "bad", &s, &e),
                         MCD_INVALID);
        assert_error(e, MCD_INVALID, "bad: byte", bad[i].part);
    }
}

static void refuses_bad_json(void **state)
{
    (void)state;
    refuse("{\"a\":", 0, "bad: byte", "not JSON");
    refuse("{} {}", 0, "bad: byte", "not JSON");
    refuse("{\"a\n\":1}", 0, "bad: byte", "not JSON");
    refuse("{\"a\\u0000\":1}", 0, "bad: byte", "not JSON");
    refuse("{\"a\xff\":1}", 0, "bad: byte", "not JSON");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]},"
           "\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[1,2]}}",
           2, "bad: byte", "duplicate");
    refuse("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}", 1,
           "bad: byte", "duplicate");
    refuse("{\"__metadata__\":{\"seed\":7}}", 0, "__metadata__", "'seed' is no string");
    refuse("{\"__metadata__\":[]}", 0, "__metadata__", "object");
}

/* The rest of one tensor's entry. */
static void refuse_entry(const char *entry, size_t size, const char *part)
{
    char header[400];
    snprintf(header, sizeof header, "{\"w\":%s}", entry);
    refuse(header, size, "bad: w", part);
}

static void refuses_bad_entries(void **state)
{
    (void)state;
    refuse_entry("1", 0, "entry is wrong");
    refuse_entry("{\"dtype\":\"U8\",\"shape\":[1]}", 1, "entry is wrong");
    refuse_entry("{\"dtype\":\"U8\",\"shape\":[1],\"offsets\":[0,1]}", 1, "data_offsets is wrong");
    refuse_entry("{\"dtype\":8,\"shape\":[1],\"data_offsets\":[0,1]}", 1, "dtype is wrong");
    refuse_entry("{\"dtype\":\"C64\",\"shape\":[1],\"data_offsets\":[0,8]}", 8,
                 "dtype 'C64' is not supported: expected F32");
    refuse_entry("{\"dtype\":\"U8\",\"shape\":1,\"data_offsets\":[0,1]}", 1, "shape is wrong");
    refuse_entry("{\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,1]}", 1, "shape is wrong");
    refuse_entry("{\"dtype\":\"U8\",\"shape\":[1.0],\"data_offsets\":[0,1]}", 1, "shape is wrong");
    refuse_entry("{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1],\"data_offsets\":[0,1]}", 1,
                 "at most 6");
    refuse_entry("{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0]}", 1, "data_offsets");
    refuse_entry("{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1,1]}", 1, "data_offsets");
    refuse_entry("{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[-1,0]}", 1, "data_offsets");
    refuse_entry("{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,0]}", 1, "data_offsets");
}

static void refuses_offsets_that_lie(void **state)
{
    (void)state;
    refuse_entry("{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}", 1,
                 "end at 2: the file holds 1 bytes");
    refuse_entry("{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}", 4,
                 "4 bytes of values: expected 8");
    refuse_entry("{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,8]}", 8,
                 "8 bytes of values: expected 4");
    refuse_entry("{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}", 2, "gap");
    refuse_entry("{\"dtype\":\"F64\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}", 0,
                 "beyond all bounds");
    refuse_entry("{\"dtype\":\"F64\",\"shape\":[0,9223372036854775807],\"data_offsets\":[0,0]}", 0,
                 "beyond all bounds");
    refuse("{\"w\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 2, "bad",
           "2 bytes of values: expected 1");
    refuse("{}", 1, "bad", "1 bytes of values: expected 0");
    refuse("{\"v\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},"
           "\"w\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}}",
           4, "bad: w", "overlap");
    refuse("{\"v\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},"
           "\"w\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}",
           3, "bad: w", "overlap");
}

static void writes_what_it_reads(void **state)
{
    (void)state;
    unsigned char bytes[] = {1, 2, 3};
    float floats[] = {1.5f, -2, NAN};
    double doubles[] = {0.1};
    int32_t ints[] = {-7, 8};
    struct mcd_safetensor tensor[] = {
        {"bytes", {MCD_U8, 1, {3}, bytes}},          {"floats", {MCD_F32, 2, {3, 1}, floats}},
        {"double", {MCD_F64, 0, {0}, doubles}},      {"empty", {MCD_F64, 2, {0, 4}, NULL}},
        {"\xc3\xa4 \"/\n", {MCD_I32, 1, {2}, ints}},
    };
    struct mcd_metadata metadata[] = {{"model", "mlp.so:drop=0.5"}, {"line", "a\n\"b\""}};
    const struct mcd_safetensors s = {5, 2, tensor, metadata};
    struct mcd_safetensors back;
    struct mcd_error e = {0};
    const char *path = scratch_text("w.safetensors", "old");
    assert_ok(mcd_safetensors_write(path, &s, &e), e);
    assert_ok(mcd_safetensors_read(path, &back, &e), e);
    assert_int_equal(back.count, 5);
    assert_string_equal(back.tensor[0].name, "double");
    assert_string_equal(back.tensor[4].name, "bytes");
    for (size_t i = 0; i < 5; i++) {
        const struct mcd_array *a = &tensor[i].value;
        const struct mcd_array *b = mcd_safetensors_find(&back, tensor[i].name);
        assert_int_equal(a->type, b->type);
        assert_int_equal(a->rank, b->rank);
        assert_memory_equal(a->dim, b->dim, sizeof a->dim);
        if (a->data)
            assert_memory_equal(a->data, b->data, mcd_array_count(a) * mcd_type_size(a->type));
    }
    assert_string_equal(mcd_safetensors_metadata(&back, "model"), "mlp.so:drop=0.5");
    assert_string_equal(mcd_safetensors_metadata(&back, "line"), "a\n\"b\"");
    mcd_safetensors_clear(&back);
    assert_int_equal(scratch_count(), 1);
}

static void writes_an_aligned_header(void **state)
{
    (void)state;
    struct mcd_bytes b;
    struct mcd_error e = {0};
    for (int extra = 0; extra < 9; extra++) {
        char name[20] = "123456789";
        name[extra] = 0;
        unsigned char byte = 5;
        struct mcd_safetensor one = {name, {MCD_U8, 0, {0}, &byte}};
        const struct mcd_safetensors s = {.count = 1, .tensor = &one};
        assert_ok(mcd_safetensors_write(scratch_path("w"), &s, &e), e);
        assert_ok(mcd_file_read(scratch_path("w"), 4096, &b, &e), e);
        assert_int_equal(b.size % 8, 1);
        assert_int_equal(mcd_load_little(b.data, 8), b.size - 9);
        assert_int_equal(b.data[b.size - 1], 5);
        mcd_bytes_clear(&b);
    }
}

static void refuse_write(const char *path, const char *first, const char *second, int status,
                         const char *part)
{
    unsigned char byte = 0;
    struct mcd_safetensor tensor[] = {{first, {MCD_U8, 0, {0}, &byte}},
                                      {second, {MCD_U8, 0, {0}, &byte}}};
    const struct mcd_safetensors s = {.count = 2, .tensor = tensor};
    struct mcd_error e = {0};
    assert_int_equal(mcd_safetensors_write(path, &s, &e), status);
    assert_error(e, status, path, part);
}

static void refuses_to_write_nonsense(void **state)
{
    (void)state;
    const char *path = scratch_text("w", "old");
    refuse_write(path, "a", "a", MCD_INVALID, "occurs twice");
    refuse_write(path, "a", "\xff", MCD_INVALID, "UTF-8");
    refuse_write(path, "a", "__metadata__", MCD_INVALID, "reserved");
    refuse_write("/dev/full", "a", "b", MCD_IO, "No space left");
    refuse_write(scratch_path("no/where"), "a", "b", MCD_IO, "No such file");
    struct mcd_safetensor tensor = {"t", {.type = 99}};
    const struct mcd_safetensors s = {.count = 1, .tensor = &tensor};
    struct mcd_error e = {0};
    assert_int_equal(mcd_safetensors_write(path, &s, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "w: t", "type 99");
    struct mcd_metadata metadata = {"k", "\xff"};
    const struct mcd_safetensors m = {.metadata_count = 1, .metadata = &metadata};
    e = (struct mcd_error){0};
    assert_int_not_equal(mcd_safetensors_write(path, &m, &e), MCD_OK);
    assert_error(e, e.code, "w: k", "UTF-8");
    struct mcd_bytes b;
    assert_ok(mcd_file_read(path, 100, &b, &e), e);
    assert_int_equal(b.size, 3);
    mcd_bytes_clear(&b);
    assert_int_equal(scratch_count(), 1);
}

#define TEST(f) cmocka_unit_test_teardown(f, scratch_empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(parses_tensors_and_metadata), TEST(widens_halves),
        TEST(refuses_bad_lengths),         TEST(refuses_bad_json),
        TEST(refuses_bad_entries),         TEST(refuses_offsets_that_lie),
        TEST(writes_what_it_reads),        TEST(writes_an_aligned_header),
        TEST(refuses_to_write_nonsense),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
