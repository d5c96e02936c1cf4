/* Data sets: where they are looked for, what a folder must hold, what belongs together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/io/dataset.h"
#include "core/io/places.h"
#include "scratch.h"

#include <zlib.h>

static const unsigned char images[] = {0, 0, 8, 3, 0, 0, 0, 3,  0,   0, 0,
                                       1, 0, 0, 0, 2, 0, 1, 51, 255, 2, 3};
static const unsigned char labels[] = {0, 0, 8, 1, 0, 0, 0, 3, 0, 9, 4};

/* Every place is inside the scratch folder or does not exist. */
static int setup(void **state)
{
    if (scratch_setup(state))
        return -1;
    setenv("HOME", scratch_path("home"), 1);
    unsetenv("XDG_CACHE_HOME");
    unsetenv("MCDROP_DATA_PATH");
    return 0;
}

static int teardown(void **state)
{
    unsetenv("XDG_CACHE_HOME");
    unsetenv("MCDROP_DATA_PATH");
    return scratch_empty(state);
}

/* Makes the folder and, named PREFIX + "-images" + SEPARATOR ..., a pair in it. */
static void make_pair(const char *folder, const char *split, const char *separator)
{
    char name[400], command[5000];
    snprintf(command, sizeof command, "mkdir -p '%s'", scratch_path(folder));
    assert_int_equal(system(command), 0);
    snprintf(name, sizeof name, "%s/%s-images%sidx3-ubyte", folder, split, separator);
    scratch_write(name, images, sizeof images);
    snprintf(name, sizeof name, "%s/%s-labels%sidx1-ubyte", folder, split, separator);
    scratch_write(name, labels, sizeof labels);
}

static void expect_pair(const char *data, uint32_t split, const char *source)
{
    struct mcd_dataset d;
    struct mcd_error e = {0};
    const struct mcd_dataset_request r = {.data = data, .split = split, .classes = 10};
    assert_ok(mcd_dataset_load(&d, &r, &e), e);
    assert_int_equal(d.x.type, MCD_F32);
    assert_int_equal(d.x.rank, 3);
    assert_int_equal(d.x.dim[0], 3);
    assert_int_equal(d.x.dim[2], 2);
    const float *x = d.x.data;
    assert_true(x[2] == 0.2f && x[3] == 1);
    assert_int_equal(d.y.type, MCD_I32);
    assert_int_equal(d.y.rank, 1);
    assert_int_equal(((int32_t *)d.y.data)[1], 9);
    if (!strstr(d.source, source))
        fail_msg("expected '%s', got '%s'", source, d.source);
    mcd_dataset_clear(&d);
}

static void reads_folders(void **state)
{
    (void)state;
    make_pair("a", "train", "-");
    make_pair("a", "t10k", ".");
    expect_pair(scratch_path("a"), MCD_TRAIN, "a/train-images-idx3-ubyte");
    expect_pair(scratch_path("a"), MCD_TEST, "a/t10k-images.idx3-ubyte");
    assert_int_equal(unlink(scratch_path("a/train-labels-idx1-ubyte")), 0);
    gzFile f = gzopen(scratch_path("a/train-labels-idx1-ubyte.gz"), "wb");
    assert_int_equal(gzwrite(f, labels, sizeof labels), (int)sizeof labels);
    assert_int_equal(gzclose(f), Z_OK);
    expect_pair(scratch_path("a"), MCD_TRAIN, "a/train-images-idx3-ubyte");
}

static void looks_in_places_in_order(void **state)
{
    (void)state;
    char path[3 * PATH_MAX];
    make_pair("home/.cache/mcdrop/mnist", "train", "-");
    expect_pair("mnist", MCD_TRAIN, "home/.cache/mcdrop/mnist/train");
    make_pair("cache/mcdrop/mnist", "train", "-");
    setenv("XDG_CACHE_HOME", scratch_path("cache"), 1);
    expect_pair("mnist", MCD_TRAIN, "cache/mcdrop/mnist/train");
    setenv("XDG_CACHE_HOME", "relative", 1);
    expect_pair("mnist", MCD_TRAIN, "home/.cache/mcdrop/mnist/train");
    make_pair("two/mnist", "train", "-");
    snprintf(path, sizeof path, ":%s:%s:", scratch_path("one"), scratch_path("two"));
    setenv("MCDROP_DATA_PATH", path, 1);
    expect_pair("mnist", MCD_TRAIN, "two/mnist/train");
    make_pair("one/mnist", "t10k", "-"); /* the wrong split: looked over */
    expect_pair("mnist", MCD_TRAIN, "two/mnist/train");
    make_pair("one/mnist", "train", "-");
    expect_pair("mnist", MCD_TRAIN, "one/mnist/train");
    assert_int_equal(unlink(scratch_path("one/mnist/train-labels-idx1-ubyte")), 0);
    expect_pair("mnist", MCD_TRAIN, "two/mnist/train");
    make_pair("one/letters", "train", "-");
    expect_pair("letters", MCD_TRAIN, "one/letters/train");
}

static void places_are_listed(void **state)
{
    (void)state;
    struct mcd_places p;
    struct mcd_error e = {0};
    char text[1000];
    setenv("MCDROP_DATA_PATH", "/a::/b", 1);
    setenv("XDG_CACHE_HOME", "/c", 1);
    assert_ok(mcd_places_list(&p, "mnist", &e), e);
    mcd_places_join(&p, text, sizeof text);
    assert_ptr_equal(strstr(text, "/a/mnist, /b/mnist, /c/mcdrop/mnist, "
                                  "/usr/share/datasets/mnist, /"),
                     text);
    mcd_places_join(&p, text, 40);
    assert_string_equal(text, "/a/mnist, /b/mnist and 4 more");
    mcd_places_join(&p, text, 20);
    assert_string_equal(text, "6 folders");
    mcd_places_clear(&p);
}

static void refuse(const char *data, const char *answers, int status, const char *place,
                   const char *part)
{
    struct mcd_dataset d;
    struct mcd_error e = {0};
    const struct mcd_dataset_request r = {.data = data, .labels = answers, .classes = 10};
    assert_int_equal(mcd_dataset_load(&d, &r, &e), status);
    assert_error(e, status, place, part);
    assert_null(d.x.data);
    assert_null(d.y.data);
    assert_null(d.source);
}

static void says_where_it_looked(void **state)
{
    (void)state;
    char longest[200] = "/nowhere:/", *end = longest + strlen(longest);
    /* The list must not depend on how long the scratch folder's is. */
    setenv("HOME", "/homeless", 1);
    setenv("MCDROP_DATA_PATH", "/nowhere", 1);
    refuse("mnist", NULL, MCD_IO, "mnist", "run data/fetch-mnist");
    refuse("mnist", NULL, MCD_IO, "mnist",
           "/nowhere/mnist, /homeless/.cache/mcdrop/mnist, /usr/share/datasets/mnist");
    memset(end, 'n', sizeof longest - (size_t)(end - longest) - 1);
    longest[sizeof longest - 1] = 0;
    setenv("MCDROP_DATA_PATH", longest, 1);
    refuse("mnist", NULL, MCD_IO, "mnist", "nnn/mnist and ");
    refuse("letters", NULL, MCD_IO, "letters",
           "expected mnist, fashion-mnist, co2, a folder or a file");
    refuse("no/where", NULL, MCD_IO, "no/where", "No such file");
    refuse("none.npy", NULL, MCD_IO, "none.npy", "No such file");
    refuse("", NULL, MCD_IO, "", "No such file");
    refuse(NULL, NULL, MCD_INVALID, "data", "no data set");
}

static void refuses_folders_without_pairs(void **state)
{
    (void)state;
    refuse(scratch_dir, NULL, MCD_IO, "", "no images: expected train-images-idx3-ubyte");
    scratch_write("train-images-idx3-ubyte", images, sizeof images);
    refuse(scratch_dir, NULL, MCD_IO, "", "no labels: expected train-labels-idx1-ubyte");
    scratch_write("train-labels-idx1-ubyte", labels, sizeof labels - 1);
    refuse(scratch_dir, NULL, MCD_INVALID, "labels-idx1-ubyte: byte 10", "the file is cut");
    scratch_write("train-labels-idx1-ubyte", "\0\0\x08\1\0\0\0\2\0\0", 10);
    refuse(scratch_dir, NULL, MCD_INVALID, "labels-idx1-ubyte", "2 answers: expected 3");
    scratch_write("train-labels-idx1-ubyte", "\0\0\x08\1\0\0\0\3\0\x0a\0", 11);
    refuse(scratch_dir, NULL, MCD_INVALID, "labels-idx1-ubyte",
           "row 1: label 10, expected a whole number of 0 to 9");
    scratch_write("train-images-idx3-ubyte", images, sizeof images - 1);
    refuse(scratch_dir, NULL, MCD_INVALID, "images-idx3-ubyte: byte 21", "the file is cut");
}

static void reads_files_with_and_without_answers(void **state)
{
    (void)state;
    struct mcd_dataset d;
    struct mcd_error e = {0};
    struct mcd_dataset_request r = {.data = scratch_text("x.csv", "a,b\n1,2\n3,4\n")};
    assert_ok(mcd_dataset_load(&d, &r, &e), e);
    assert_int_equal(d.x.rank, 2);
    assert_int_equal(d.x.type, MCD_F32);
    assert_true(((float *)d.x.data)[3] == 4);
    assert_null(d.y.data);
    mcd_dataset_clear(&d);
    r.labels = scratch_text("y.csv", "class\n1\n0\n");
    r.type = MCD_F64;
    assert_ok(mcd_dataset_load(&d, &r, &e), e);
    assert_int_equal(d.x.type, MCD_F64);
    assert_int_equal(d.y.type, MCD_I32);
    assert_int_equal(((int32_t *)d.y.data)[0], 1);
    mcd_dataset_clear(&d);
    r.labels = scratch_text("y.csv", "1.5\n-2\n");
    r.answer = MCD_TARGETS;
    assert_ok(mcd_dataset_load(&d, &r, &e), e);
    assert_int_equal(d.y.type, MCD_F64);
    assert_int_equal(d.y.rank, 2);
    assert_true(((double *)d.y.data)[1] == -2);
    mcd_dataset_clear(&d);
}

static void a_label_file_replaces_the_folders_own(void **state)
{
    (void)state;
    struct mcd_dataset d;
    struct mcd_error e = {0};
    make_pair("a", "train", "-");
    struct mcd_dataset_request r = {.data = scratch_path("a"),
                                    .labels = scratch_text("y.csv", "7\n8\n9\n")};
    assert_ok(mcd_dataset_load(&d, &r, &e), e);
    assert_int_equal(((int32_t *)d.y.data)[0], 7);
    mcd_dataset_clear(&d);
}

/* float32 [2, 2] with a value that is missing. */
static const char npy[] = "\x93NUMPY\1\0\x36\0{'descr': '<f4', 'fortran_order': False, "
                          "'shape': (2, 2)}  "
                          "\0\0\x80\x3f\0\0\0\0\0\0\xc0\x7f\0\0\0\0";

static void refuses_bad_files(void **state)
{
    (void)state;
    char bytes[sizeof npy];
    size_t size = sizeof npy - 1, header = size - 16 - 10;
    memcpy(bytes, npy, sizeof npy);
    bytes[8] = (char)header;
    refuse(scratch_write("x.npy", bytes, size), NULL, MCD_INVALID, "x.npy",
           "the value at [1, 0] is nan: expected a finite number");
    refuse(scratch_text("x.csv", "a,b\n1,nan\n"), NULL, MCD_INVALID, "x.csv: line 2, column 2",
           "'nan' is not finite");
    refuse(scratch_text("x.csv", "1e300,2\n"), NULL, MCD_INVALID, "x.csv", "[0, 0] is inf");
    refuse(scratch_write("x.zip", "PK\3\4", 4), NULL, MCD_INVALID, "x.zip: byte 0",
           ": expected NPY, IDX or CSV");
    refuse(scratch_write("x.idx", "\0\0\x08\1\0\0\0\0", 8), NULL, MCD_INVALID, "x.idx", "empty");
    refuse(scratch_text("x", ""), NULL, MCD_INVALID, "x", "empty");
    refuse(scratch_text("x.csv", "1\n"), scratch_path("none.csv"), MCD_IO, "none.csv",
           "No such file");
}

static void finds_the_packaged_images(void **state)
{
    (void)state;
    const char *file = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz";
    struct mcd_dataset d;
    struct mcd_error e = {0};
    const struct mcd_dataset_request r = {
        .data = "fashion-mnist", .split = MCD_TEST, .classes = 10};
    if (access(file, R_OK) != 0) {
        print_message("# %s is not there: not read\n", file);
        return;
    }
    assert_ok(mcd_dataset_load(&d, &r, &e), e);
    assert_int_equal(d.x.dim[0], 10000);
    assert_int_equal(d.x.dim[1], 28);
    assert_int_equal(d.x.dim[2], 28);
    assert_string_equal(d.source, file);
    mcd_dataset_clear(&d);
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_folders),
        TEST(looks_in_places_in_order),
        TEST(places_are_listed),
        TEST(says_where_it_looked),
        TEST(refuses_folders_without_pairs),
        TEST(reads_files_with_and_without_answers),
        TEST(a_label_file_replaces_the_folders_own),
        TEST(refuses_bad_files),
        TEST(finds_the_packaged_images),
    };
    return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
