/* NPY files: what NumPy writes, what it would never write, and writing in one go and in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/io/npy.h"
#include "scratch.h"

static const char *fixture(const char *name)
{
    static char path[PATH_MAX];
    const char *tests = getenv("MCDROP_TEST_SRCDIR");
    snprintf(path, sizeof path, "%s/fuzz/corpus/npy/%s", tests ? tests : "tests", name);
    return path;
}

static double value(const struct mcd_array *a, int64_t i)
{
    switch (a->type) {
    case MCD_F32:
        return ((const float *)a->data)[i];
    case MCD_F64:
        return ((const double *)a->data)[i];
    case MCD_I32:
        return ((const int32_t *)a->data)[i];
    case MCD_I64:
        return (double)((const int64_t *)a->data)[i];
    default:
        return ((const unsigned char *)a->data)[i];
    }
}

static void expect_counting(const char *name, uint32_t type, uint32_t rank, const int64_t *dim)
{
    struct mcd_array a;
    struct mcd_error e = {0};
    assert_ok(mcd_npy_read(fixture(name), &a, &e), e);
    assert_int_equal(a.type, type);
    assert_int_equal(a.rank, rank);
    for (uint32_t i = 0; i < rank; i++)
        assert_int_equal(a.dim[i], dim[i]);
    for (int64_t i = 0; i < mcd_array_count(&a); i++)
        assert_true(value(&a, i) == (double)i);
    mcd_array_clear(&a);
}

static void reads_what_numpy_writes(void **state)
{
    (void)state;
    const struct {
        const char *name;
        uint32_t type;
    } types[] = {
        {"little-f4", MCD_F32}, {"big-f4", MCD_F32},    {"little-f8", MCD_F64},
        {"big-f8", MCD_F64},    {"u1", MCD_U8},         {"little-i4", MCD_I32},
        {"big-i4", MCD_I32},    {"little-i8", MCD_I64}, {"big-i8", MCD_I64},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        char name[60];
        snprintf(name, sizeof name, "%s.npy", types[i].name);
        expect_counting(name, types[i].type, 3, (int64_t[]){2, 3, 4});
        snprintf(name, sizeof name, "%s-fortran.npy", types[i].name);
        expect_counting(name, types[i].type, 3, (int64_t[]){2, 3, 4});
    }
    expect_counting("version2.npy", MCD_F32, 1, (int64_t[]){5});
    expect_counting("version3.npy", MCD_F32, 1, (int64_t[]){5});
    expect_counting("scalar.npy", MCD_F64, 0, NULL);
    expect_counting("empty.npy", MCD_F32, 3, (int64_t[]){3, 0, 2});
}

/* Parses magic + header + `values` zero bytes, exactly allocated. */
static int parse(const char *header, size_t values, struct mcd_array *a, struct mcd_error *e)
{
    size_t length = strlen(header), size = 10 + length + values;
    unsigned char *bytes = calloc(1, size);
    memcpy(bytes, "\x93NUMPY\1", 8);
    bytes[8] = (unsigned char)length;
    bytes[9] = (unsigned char)(length >> 8);
    memcpy(bytes + 10, header, length);
    int status = mcd_npy_parse(bytes, size, "bad.npy", a, e);
    free(bytes);
    return status;
}

static void accept(const char *header, size_t values)
{
    struct mcd_array a;
    struct mcd_error e = {0};
    assert_ok(parse(header, values, &a, &e), e);
    mcd_array_clear(&a);
}

static void refuse(const char *header, size_t values, const char *place, const char *part)
{
    struct mcd_array a;
    struct mcd_error e = {0};
    assert_int_equal(parse(header, values, &a, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, place, part);
    assert_null(a.data);
}

static void reads_headers_of_other_writers(void **state)
{
    (void)state;
    accept("{\"shape\":(2,),\"fortran_order\":False,\"descr\":\"<f4\"}", 8);
    accept(" { 'fortran_order' : True , 'shape' : ( 2 , 3 , ) , 'descr' : '|u1' , }  \n", 6);
    accept("{'descr':'=i4','fortran_order':False,'shape':()}", 4);
    accept("{'descr':'>u1','fortran_order':False,'shape':(0, 5)}", 0);
}

static void refuses_bad_headers(void **state)
{
    (void)state;
    refuse("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", 8, "byte 21",
           "dtype '<c8' is not supported: expected f4, f8, u1, i4 or i8");
    refuse("{'descr': '|f4', 'fortran_order': False, 'shape': (1,), }", 4, "byte 21", "'|f4'");
    refuse("{'descr': 'f4', 'fortran_order': False, 'shape': (1,), }", 4, "byte 21", "'f4'");
    refuse("{'descr': [('a', '<f4')], 'fortran_order': False}", 4, "byte 20", "quoted dtype");
    refuse("{'descr': '<f4', 'fortran_order': False}", 4, "bad.npy", "no key 'shape'");
    refuse("{'descr': '<f4', 'descr': '<f4'}", 4, "byte 28", "each once");
    refuse("{'descr': '<f4', 'kind': 1}", 4, "byte 28", "the keys 'descr'");
    refuse("{'descr': '<f4' 'fortran_order': False}", 4, "byte 26", "',' or '}'");
    refuse("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", 4, "byte 44", "True or False");
    refuse("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", 4, "byte 66", "spaces");
    refuse("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)", 4, "byte 64", "header ends");
    refuse("", 4, "byte 10", "header ends");
    refuse("(1, 2)", 4, "byte 10", "braces");
    refuse("{'descr", 4, "byte 17", "closing quote");
    refuse("{'descr' '<f4'}", 4, "byte 19", "':'");
}

static void refuse_shape(const char *shape, size_t values, const char *part)
{
    char header[200];
    snprintf(header, sizeof header, "{'descr': '<f4', 'fortran_order': False, 'shape': %s}", shape);
    refuse(header, values, "bad.npy", part);
}

static void refuses_bad_shapes(void **state)
{
    (void)state;
    refuse_shape("[1]", 4, "a shape like");
    refuse_shape("(1)", 4, "after the only extent");
    refuse_shape("(-1,)", 4, "an extent");
    refuse_shape("(,)", 4, "an extent");
    refuse_shape("(1 2)", 4, "in the shape");
    refuse_shape("(1, 2", 8, "in the shape");
    refuse_shape("(1.0,)", 4, "in the shape");
    refuse_shape("(1L,)", 4, "in the shape");
    refuse_shape("(1,1,1,1,1,1,1)", 4, "at most 6");
    refuse_shape("(9223372036854775808,)", 4, "below 2^63");
    refuse_shape("(9223372036854775807,)", 4, "beyond all bounds");
    refuse_shape("(4294967296, 4294967296)", 4, "beyond all bounds");
    refuse_shape("(0, 9223372036854775807)", 0, "beyond all bounds");
    refuse_shape("(3,)", 8, "8 bytes of values: expected 12");
    refuse_shape("(3,)", 16, "16 bytes of values: expected 12");
    refuse_shape("(1000000000000,)", 8, "the file is cut");
}

static void refuse_bytes(const void *bytes, size_t size, const char *part)
{
    struct mcd_array a;
    struct mcd_error e = {0};
    void *copy = malloc(size ? size : 1);
    memcpy(copy, bytes, size);
    assert_int_equal(mcd_npy_parse(copy, size, "bad.npy", &a, &e), MCD_INVALID);
    free(copy);
    assert_error(e, MCD_INVALID, "bad.npy: byte", part);
}

static void refuses_bad_preambles(void **state)
{
    (void)state;
    refuse_bytes("", 0, "not an NPY file");
    refuse_bytes("\x93NUMPY\1\0", 8, "not an NPY file");
    refuse_bytes("PK\3\4 numpy.npz", 14, "not an NPY file");
    refuse_bytes("\x93NUMPY\4\0\0\0\0\0", 12, "version 4.0");
    refuse_bytes("\x93NUMPY\1\1\0\0\0\0", 12, "version 1.1");
    refuse_bytes("\x93NUMPY\1\0\xff\xff{}", 12, "cut in the header: 12 bytes, expected 65545");
    refuse_bytes("\x93NUMPY\2\0\xff\xff\xff\xff", 12, "cut in the header");
    refuse_bytes("\x93NUMPY\2\0\1\1", 10, "cut in the header");
}

static void every_cut_is_told(void **state)
{
    (void)state;
    struct mcd_bytes b;
    struct mcd_error e = {0};
    assert_ok(mcd_file_read(fixture("big-i4-fortran.npy"), 4096, &b, &e), e);
    for (size_t size = 0; size < b.size; size++)
        refuse_bytes(b.data, size, "");
    mcd_bytes_clear(&b);
}

static void expect_same(const char *path, const struct mcd_array *a)
{
    struct mcd_array b;
    struct mcd_error e = {0};
    assert_ok(mcd_npy_read(path, &b, &e), e);
    assert_int_equal(b.type, a->type);
    assert_int_equal(b.rank, a->rank);
    assert_memory_equal(b.dim, a->dim, sizeof b.dim);
    if (mcd_array_count(a) > 0)
        assert_memory_equal(b.data, a->data, (size_t)mcd_array_count(a) * mcd_type_size(a->type));
    mcd_array_clear(&b);
}

static void writes_what_it_reads(void **state)
{
    (void)state;
    const uint32_t types[] = {MCD_F32, MCD_F64, MCD_I32, MCD_I64, MCD_U8};
    const int64_t dims[MCD_MAX_RANK] = {3, 1, 2, 5, 1, 2};
    for (size_t t = 0; t < 5; t++)
        for (uint32_t rank = 0; rank <= MCD_MAX_RANK; rank++) {
            struct mcd_array a;
            struct mcd_error e = {0};
            assert_ok(mcd_array_create(&a, types[t], rank, dims, &e), e);
            memset(a.data, 0x3e, (size_t)mcd_array_count(&a) * mcd_type_size(a.type));
            assert_ok(mcd_npy_write(scratch_path("out.npy"), &a, &e), e);
            expect_same(scratch_path("out.npy"), &a);
            mcd_array_clear(&a);
        }
    assert_int_equal(scratch_count(), 1);
}

/* The header's length makes the values aligned, and is what NumPy writes, to the byte. */
static void writes_as_numpy_does(void **state)
{
    (void)state;
    struct mcd_array a;
    struct mcd_bytes ours, theirs;
    struct mcd_error e = {0};
    assert_ok(mcd_npy_read(fixture("little-f8.npy"), &a, &e), e);
    assert_ok(mcd_npy_write(scratch_path("out.npy"), &a, &e), e);
    assert_ok(mcd_file_read(scratch_path("out.npy"), 4096, &ours, &e), e);
    assert_ok(mcd_file_read(fixture("little-f8.npy"), 4096, &theirs, &e), e);
    assert_int_equal(ours.size, theirs.size);
    assert_memory_equal(ours.data, theirs.data, ours.size);
    mcd_bytes_clear(&ours);
    mcd_bytes_clear(&theirs);
    mcd_array_clear(&a);
}

static void writes_pieces_in_any_order(void **state)
{
    (void)state;
    struct mcd_npy_writer w = {0};
    struct mcd_array a;
    struct mcd_error e = {0};
    const int64_t dim[] = {5, 3};
    assert_ok(mcd_array_create(&a, MCD_F32, 2, dim, &e), e);
    float *v = a.data;
    for (int i = 0; i < 15; i++)
        v[i] = (float)i * 0.5f;
    assert_ok(mcd_npy_create(&w, scratch_path("out.npy"), MCD_F32, 2, dim, &e), e);
    assert_ok(mcd_npy_put(&w, 12, 3, v + 12, &e), e);
    assert_ok(mcd_npy_put(&w, 0, 4, v, &e), e);
    assert_ok(mcd_npy_put(&w, 4, 5, v + 4, &e), e);
    assert_ok(mcd_npy_put(&w, 15, 0, NULL, &e), e);
    assert_ok(mcd_npy_put(&w, 9, 3, v + 9, &e), e);
    assert_ok(mcd_npy_finish(&w, &e), e);
    expect_same(scratch_path("out.npy"), &a);
    mcd_array_clear(&a);
}

static void an_incomplete_file_does_not_appear(void **state)
{
    (void)state;
    struct mcd_npy_writer w = {0};
    struct mcd_error e = {0};
    const float v[4] = {0};
    const char *path = scratch_text("out.npy", "old");
    assert_ok(mcd_npy_create(&w, path, MCD_F32, 1, (int64_t[]){4}, &e), e);
    assert_ok(mcd_npy_put(&w, 0, 3, v, &e), e);
    assert_int_equal(mcd_npy_put(&w, 3, 2, v, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "out.npy", "2 values from value 3 on do not fit");
    e = (struct mcd_error){0};
    assert_int_equal(mcd_npy_put(&w, INT64_MAX, INT64_MAX, v, &e), MCD_INVALID);
    e = (struct mcd_error){0};
    assert_int_equal(mcd_npy_finish(&w, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "out.npy", "3 of 4 values");
    assert_int_equal(scratch_count(), 1);
    mcd_npy_abort(&w);
}

static void tells_what_cannot_be_written(void **state)
{
    (void)state;
    struct mcd_npy_writer w = {0};
    struct mcd_error e = {0};
    assert_int_equal(mcd_npy_create(&w, scratch_path("no/where.npy"), MCD_F32, 0, NULL, &e),
                     MCD_IO);
    assert_error(e, MCD_IO, "no/where.npy", "No such file");
    e = (struct mcd_error){0};
    const int64_t big[] = {INT64_MAX, 2};
    assert_int_equal(mcd_npy_create(&w, scratch_path("big.npy"), MCD_F32, 2, big, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "big.npy", "beyond all bounds");
    e = (struct mcd_error){0};
    assert_int_equal(mcd_npy_create(&w, scratch_path("big.npy"), 77, 2, big, &e), MCD_INVALID);
    assert_error(e, MCD_INVALID, "big.npy", "type 77");
    assert_int_equal(scratch_count(), 0);
    struct mcd_array a;
    e = (struct mcd_error){0};
    assert_ok(mcd_array_create(&a, MCD_F32, 1, (int64_t[]){10000}, &e), e);
    assert_int_equal(mcd_npy_write("/dev/full", &a, &e), MCD_IO);
    assert_error(e, MCD_IO, "/dev/full", "No space left");
    mcd_array_clear(&a);
}

#define TEST(f) cmocka_unit_test_teardown(f, scratch_empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_what_numpy_writes),      TEST(reads_headers_of_other_writers),
        TEST(refuses_bad_headers),          TEST(refuses_bad_shapes),
        TEST(refuses_bad_preambles),        TEST(every_cut_is_told),
        TEST(writes_what_it_reads),         TEST(writes_as_numpy_does),
        TEST(writes_pieces_in_any_order),   TEST(an_incomplete_file_does_not_appear),
        TEST(tells_what_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
