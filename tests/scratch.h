/*
 * For tests that touch files: a folder of their own, files in it, and checks of errors.
 *
 * Include after cmocka.h. Static inline, so that every test program stays one file.
 */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include <mcdrop/error.h>

#include <dirent.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch_dir[PATH_MAX];

/* A group setup: makes the folder. */
static inline int scratch_setup(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(scratch_dir, sizeof scratch_dir, "%s/mcdrop-test-XXXXXX", tmp ? tmp : "/tmp");
    return mkdtemp(scratch_dir) ? 0 : -1;
}

/* The path of NAME in the folder; four at a time. */
static inline const char *scratch_path(const char *name)
{
    static char ring[4][2 * PATH_MAX];
    static unsigned turn;
    char *path = ring[turn++ % 4];
    snprintf(path, sizeof ring[0], "%s/%s", scratch_dir, name);
    return path;
}

static inline const char *scratch_write(const char *name, const void *bytes, size_t size)
{
    const char *path = scratch_path(name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
    return path;
}

static inline const char *scratch_text(const char *name, const char *text)
{
    return scratch_write(name, text, strlen(text));
}

/* How many entries the folder has: nothing temporary may be left. */
static inline int scratch_count(void)
{
    int n = 0;
    DIR *d = opendir(scratch_dir);
    assert_non_null(d);
    for (struct dirent *entry; (entry = readdir(d));)
        n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(d);
    return n;
}

static inline int scratch_remove_one(const char *path, const struct stat *s, int t, struct FTW *f)
{
    (void)s, (void)t, (void)f;
    return remove(path);
}

static inline void scratch_remove(const char *path)
{
    nftw(path, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Empties the folder. A test's teardown. */
static inline int scratch_empty(void **state)
{
    (void)state;
    scratch_remove(scratch_dir);
    return mkdir(scratch_dir, 0777);
}

/* A group teardown. */
static inline int scratch_teardown(void **state)
{
    (void)state;
    scratch_remove(scratch_dir);
    return 0;
}

/* The error has this code and contains these two texts; it is one line without a full stop. */
#define assert_error(e, status, place, part)                                                       \
    do {                                                                                           \
        if ((e).code != (int)(status) || !strstr((e).where, place) || !strstr((e).text, part))     \
            fail_msg("expected %d '%s' '%s', got %d '%s: %s'", (int)(status), place, part,         \
                     (int)(e).code, (e).where, (e).text);                                          \
        assert_null(strchr((e).text, '\n'));                                                       \
        assert_null(strchr((e).where, '\n'));                                                      \
        assert_int_not_equal((e).text[strlen((e).text) - 1], '.');                                 \
    } while (0)

/* The call succeeds; otherwise its message is shown. */
#define assert_ok(call, e)                                                                         \
    do {                                                                                           \
        if ((call) != MCD_OK)                                                                      \
            fail_msg("%s: %s: %s", #call, (e).where, (e).text);                                    \
    } while (0)

#endif
