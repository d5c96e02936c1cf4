/* Reading whole files, and replacing them so that no reader ever sees a part. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/io/file.h"
#include "core/io/place.h"
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <zlib.h>

/* Packs `size` bytes of a pattern that zlib cannot shrink to nothing. */
static const char *pack(const char *name, size_t size, unsigned char *plain)
{
    const char *path = scratch_path(name);
    uint32_t x = 1;
    for (size_t i = 0; i < size; i++, x = x * 1664525 + 1013904223)
        plain[i] = (unsigned char)(x >> 24);
    gzFile f = gzopen(path, "wb");
    assert_non_null(f);
    if (size > 0)
        assert_int_equal(gzwrite(f, plain, (unsigned)size), (int)size);
    assert_int_equal(gzclose(f), Z_OK);
    return path;
}

static void refuse_read(const char *path, size_t limit, int status, const char *part)
{
    struct mcd_bytes b;
    struct mcd_error e = {0};
    assert_int_equal(mcd_file_read(path, limit, &b, &e), status);
    assert_error(e, status, strrchr(path, '/') + 1, part);
    assert_null(b.data);
    assert_int_equal(b.size, 0);
}

static void reads_plain(void **state)
{
    (void)state;
    struct mcd_bytes b;
    struct mcd_error e = {0};
    assert_ok(mcd_file_read(scratch_text("a", "hello"), MCD_FILE_LIMIT, &b, &e), e);
    assert_int_equal(b.size, 5);
    assert_memory_equal(b.data, "hello", 5);
    mcd_bytes_clear(&b);
    assert_ok(mcd_file_read(scratch_text("a", ""), MCD_FILE_LIMIT, &b, &e), e);
    assert_int_equal(b.size, 0);
    assert_null(b.data);
}

static void reads_packed(void **state)
{
    (void)state;
    enum { SIZE = 300000 };
    struct mcd_bytes b;
    struct mcd_error e = {0};
    unsigned char *plain = malloc(SIZE);
    const char *path = pack("a.gz", SIZE, plain);
    assert_ok(mcd_file_read(path, SIZE, &b, &e), e);
    assert_int_equal(b.size, SIZE);
    assert_memory_equal(b.data, plain, SIZE);
    mcd_bytes_clear(&b);
    refuse_read(path, SIZE - 1, MCD_INVALID, "more than 299999 bytes");
    assert_ok(mcd_file_read(pack("empty.gz", 0, plain), 10, &b, &e), e);
    assert_int_equal(b.size, 0);
    free(plain);
}

/* Every cut of a packed file is told, and every flipped byte of its body and checksum. */
static void tells_damage(void **state)
{
    (void)state;
    unsigned char plain[500], packed[1000];
    FILE *f = fopen(pack("a.gz", sizeof plain, plain), "rb");
    size_t size = fread(packed, 1, sizeof packed, f);
    fclose(f);
    assert_in_range(size, 100, 999);
    for (size_t cut = 3; cut < size; cut++)
        refuse_read(scratch_write("b.gz", packed, cut), 1000, MCD_INVALID, "cut or damaged");
    for (size_t at = size - 8; at < size; at++) {
        packed[at] ^= 0x10;
        refuse_read(scratch_write("c.gz", packed, size), 1000, MCD_INVALID, "cut or damaged");
        packed[at] ^= 0x10;
    }
}

static void tells_what_cannot_be_read(void **state)
{
    (void)state;
    refuse_read(scratch_path("nothing"), 10, MCD_IO, "No such file or directory");
    refuse_read(scratch_dir, 10, MCD_IO, "is a directory");
    refuse_read(scratch_path("no/where"), 10, MCD_IO, "No such file or directory");
    scratch_text("plain", "12345");
    refuse_read(scratch_path("plain/x"), 10, MCD_IO, "Not a directory");
    refuse_read(scratch_path("plain"), 4, MCD_INVALID, "more than 4 bytes");
}

/* Another process writes `size` bytes into the pipe of that name, as long as it is read. */
static pid_t write_pipe(const char *path, size_t size)
{
    static char block[1 << 16];
    assert_int_equal(mkfifo(path, 0600), 0);
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGPIPE, SIG_IGN);
        memset(block, 'x', sizeof block);
        int fd = open(path, O_WRONLY);
        for (ssize_t n = 1; size > 0 && n > 0; size -= n > 0 ? (size_t)n : 0)
            n = write(fd, block, size < sizeof block ? size : sizeof block);
        _exit(0);
    }
    return pid;
}

/* A pipe is read to a limit of its own, and a device without an end is not read at all. */
static void bounds_what_has_no_size(void **state)
{
    (void)state;
    struct mcd_bytes b;
    struct mcd_error e = {0};
    char pipe[PATH_MAX];
    snprintf(pipe, sizeof pipe, "%s", scratch_path("pipe"));
    pid_t pid = write_pipe(pipe, 300000);
    assert_ok(mcd_file_read(pipe, MCD_FILE_LIMIT, &b, &e), e);
    assert_int_equal(b.size, 300000);
    mcd_bytes_clear(&b);
    waitpid(pid, NULL, 0);
    unlink(pipe);
    refuse_read("/dev/zero", MCD_FILE_LIMIT, MCD_INVALID, "a device without an end");
    refuse_read("/dev/urandom", MCD_FILE_LIMIT, MCD_INVALID, "a device without an end");
    assert_ok(mcd_file_read("/dev/null", MCD_FILE_LIMIT, &b, &e), e);
    assert_int_equal(b.size, 0);
    if (getenv("MCDROP_FAST"))
        return;
    pid = write_pipe(pipe, SIZE_MAX);
    refuse_read(pipe, MCD_FILE_LIMIT, MCD_INVALID,
                "more than 1073741824 bytes, the most that is read of a pipe or device");
    waitpid(pid, NULL, 0);
}

static void expect_content(const char *path, const char *text)
{
    struct mcd_bytes b;
    struct mcd_error e = {0};
    assert_ok(mcd_file_read(path, 1 << 20, &b, &e), e);
    assert_int_equal(b.size, strlen(text));
    assert_memory_equal(b.data, text, b.size);
    mcd_bytes_clear(&b);
}

static void writes_and_replaces(void **state)
{
    (void)state;
    struct mcd_output o = {0};
    struct mcd_error e = {0};
    const char *path = scratch_text("out", "old");
    assert_ok(mcd_output_open(&o, path, &e), e);
    fputs("new and longer", o.stream);
    fflush(o.stream);
    expect_content(path, "old");
    assert_int_equal(scratch_count(), 2);
    assert_ok(mcd_output_commit(&o, &e), e);
    expect_content(path, "new and longer");
    assert_int_equal(scratch_count(), 1);
}

static void abort_leaves_no_trace(void **state)
{
    (void)state;
    struct mcd_output o = {0};
    struct mcd_error e = {0};
    mcd_output_abort(&o);
    assert_ok(mcd_output_open(&o, scratch_path("out"), &e), e);
    assert_ok(mcd_output_write(&o, "x", 1, &e), e);
    mcd_output_abort(&o);
    mcd_output_abort(&o);
    assert_int_equal(scratch_count(), 0);
}

static mode_t mode_of(const char *path)
{
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    return about.st_mode & 07777;
}

static void write_once(const char *path)
{
    struct mcd_output o = {0};
    struct mcd_error e = {0};
    assert_ok(mcd_output_open(&o, path, &e), e);
    assert_ok(mcd_output_write(&o, "new", 3, &e), e);
    assert_ok(mcd_output_commit(&o, &e), e);
}

static void modes_are_as_usual(void **state)
{
    (void)state;
    mode_t mask = umask(027);
    write_once(scratch_path("out"));
    assert_int_equal(mode_of(scratch_path("out")), 0640);
    umask(mask);
    assert_int_equal(chmod(scratch_path("out"), 0604), 0);
    write_once(scratch_path("out"));
    assert_int_equal(mode_of(scratch_path("out")), 0604);
}

static void links_stay(void **state)
{
    (void)state;
    struct stat about;
    scratch_text("file", "old");
    assert_int_equal(symlink("file", scratch_path("link")), 0);
    write_once(scratch_path("link"));
    assert_int_equal(lstat(scratch_path("link"), &about), 0);
    assert_true(S_ISLNK(about.st_mode));
    expect_content(scratch_path("file"), "new");
    assert_int_equal(scratch_count(), 2);
}

/* Two writers of one file: each has a temporary of its own, the later commit wins. */
static void writers_do_not_meet(void **state)
{
    (void)state;
    struct mcd_output a = {0}, b = {0};
    struct mcd_error e = {0};
    assert_ok(mcd_output_open(&a, scratch_path("out"), &e), e);
    assert_ok(mcd_output_open(&b, scratch_path("out"), &e), e);
    fputs("first", a.stream);
    fputs("second", b.stream);
    assert_ok(mcd_output_commit(&a, &e), e);
    expect_content(scratch_path("out"), "first");
    assert_ok(mcd_output_commit(&b, &e), e);
    expect_content(scratch_path("out"), "second");
    assert_int_equal(scratch_count(), 1);
}

static void refuse_open(const char *path, const char *part)
{
    struct mcd_output o = {0};
    struct mcd_error e = {0};
    assert_int_equal(mcd_output_open(&o, path, &e), MCD_IO);
    assert_error(e, MCD_IO, strrchr(path, '/') + 1, part);
    assert_null(o.stream);
    mcd_output_abort(&o);
}

static void tells_what_cannot_be_written(void **state)
{
    (void)state;
    scratch_text("file", "old");
    refuse_open(scratch_path("no/where"), "No such file or directory");
    refuse_open(scratch_path("file/x"), "Not a directory");
    refuse_open(scratch_dir, "is a directory");
    refuse_open("/proc/mcdrop", "No such file or directory");
    assert_int_equal(scratch_count(), 1);
}

/* A device is written to as it is, never replaced; /dev/full refuses every write. */
static void tells_a_full_device(void **state)
{
    (void)state;
    struct mcd_output o = {0};
    struct mcd_error e = {0};
    struct stat about;
    if (stat("/dev/full", &about) != 0)
        return;
    assert_ok(mcd_output_open(&o, "/dev/full", &e), e);
    assert_null(o.temporary);
    fputs("x", o.stream);
    assert_int_equal(mcd_output_commit(&o, &e), MCD_IO);
    assert_error(e, MCD_IO, "/dev/full", "No space left on device");
    assert_int_equal(stat("/dev/full", &about), 0);
    assert_true(S_ISCHR(about.st_mode));
}

/* A disk that is full after 4096 bytes, seen early (in a write) or late (at the commit). */
static void full_disk(size_t size, int early)
{
    struct mcd_output o = {0};
    struct mcd_error e = {0};
    static char buffer[65536];
    struct rlimit old, small;
    char *block = calloc(1, size);
    const char *path = scratch_text("out", "old");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = (struct rlimit){.rlim_cur = 4096, .rlim_max = old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_ok(mcd_output_open(&o, path, &e), e);
    setvbuf(o.stream, buffer, _IOFBF, sizeof buffer);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int written = mcd_output_write(&o, block, size, &e);
    int status = mcd_output_commit(&o, &e);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(written, early ? MCD_IO : MCD_OK);
    assert_int_equal(status, MCD_IO);
    assert_error(e, MCD_IO, "out", "File too large");
    expect_content(path, "old");
    assert_int_equal(scratch_count(), 1);
    free(block);
}

static void a_full_disk_keeps_the_earlier_file(void **state)
{
    (void)state;
    full_disk(10000, 0);
    full_disk(1000000, 1);
}

static void places_fit(void **state)
{
    (void)state;
    char path[400], bytes[60];
    memset(path, 'p', sizeof path);
    path[sizeof path - 1] = 0;
    memset(bytes, 'b', sizeof bytes);
    assert_string_equal(mcd_place_byte("a", 10).text, "a: byte 10");
    assert_string_equal(mcd_place_line("a", 2, 3).text, "a: line 2, column 3");
    assert_string_equal(mcd_place_item("a", "b\nc").text, "a: b?c");
    struct mcd_place cut = mcd_place_byte(path, 10);
    assert_int_equal(strlen(cut.text), sizeof cut.text - 1);
    assert_memory_equal(cut.text, "...pp", 5);
    assert_string_equal(cut.text + sizeof cut.text - 11, "p: byte 10");
    assert_string_equal(mcd_show("a\n\x80z", 4).text, "a??z");
    assert_int_equal(strlen(mcd_show(bytes, sizeof bytes).text), 43);
}

#define TEST(f) cmocka_unit_test_teardown(f, scratch_empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_plain),         TEST(reads_packed),
        TEST(tells_damage),        TEST(tells_what_cannot_be_read),
        TEST(writes_and_replaces), TEST(abort_leaves_no_trace),
        TEST(modes_are_as_usual),  TEST(links_stay),
        TEST(writers_do_not_meet), TEST(tells_what_cannot_be_written),
        TEST(tells_a_full_device), TEST(a_full_disk_keeps_the_earlier_file),
        TEST(places_fit),          TEST(bounds_what_has_no_size),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
