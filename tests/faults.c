/* Wrappers of what allocates, opens, writes and closes: see faults.h. */
#include "faults.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

static const struct {
    const char *name;
    int error;
} kinds[] = {
#define FAULT_ROW(constant, name, error) {name, error},
    FAULTS(FAULT_ROW)
#undef FAULT_ROW
};

static atomic_long live;
static atomic_ulong until; /* calls up to the one that fails, this one included */
static atomic_int armed = FAULT_KINDS, hit, gzip_is_out_of_memory;
static atomic_long ticks;

const char *fault_name(enum fault kind)
{
    return kinds[kind].name;
}

int fault_errno(enum fault kind)
{
    return kinds[kind].error;
}

void faults_start(enum fault kind, unsigned long k)
{
    json_set_alloc_funcs(malloc, free);
    hit = gzip_is_out_of_memory = 0;
    ticks = 0;
    until = k;
    armed = (int)kind;
}

int faults_stop(void)
{
    armed = FAULT_KINDS;
    return hit;
}

long faults_live(void)
{
    return live;
}

/* Whether this call is the one; errno is set then. */
static int must_fail(enum fault kind)
{
    if (armed != (int)kind)
        return 0;
    unsigned long k = until;
    while (k > 0 && !atomic_compare_exchange_weak(&until, &k, k - 1))
        ;
    if (k != 1)
        return 0;
    hit = 1;
    errno = kinds[kind].error;
    return 1;
}

/* Counts what was made. */
static void *counted(void *made)
{
    live += made != NULL;
    return made;
}

/*
 * Each WRAP declares the real function and defines what takes its place, under the names that the
 * linker gives them.
 */
#define WRAP(type, name, parameters)                                                               \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters

/* ---- memory ------------------------------------------------------------------------------ */

WRAP(void *, malloc, (size_t size))
{
    return must_fail(FAULT_MEMORY) ? NULL : counted(__real_malloc(size));
}

WRAP(void *, calloc, (size_t count, size_t size))
{
    return must_fail(FAULT_MEMORY) ? NULL : counted(__real_calloc(count, size));
}

WRAP(void *, aligned_alloc, (size_t alignment, size_t size))
{
    return must_fail(FAULT_MEMORY) ? NULL : counted(__real_aligned_alloc(alignment, size));
}

WRAP(void *, realloc, (void *memory, size_t size))
{
    if (must_fail(FAULT_MEMORY))
        return NULL;
    int is_new = memory == NULL;
    void *moved = __real_realloc(memory, size);
    return is_new ? counted(moved) : moved;
}

WRAP(void, free, (void *memory))
{
    live -= memory != NULL;
    __real_free(memory);
}

WRAP(char *, strdup, (const char *text))
{
    return must_fail(FAULT_MEMORY) ? NULL : counted(__real_strdup(text));
}

WRAP(char *, realpath, (const char *path, char *to))
{
    if (to)
        return __real_realpath(path, to);
    return must_fail(FAULT_MEMORY) ? NULL : counted(__real_realpath(path, to));
}

/* ---- streams and handles ----------------------------------------------------------------- */

/* Two of them: the text is the caller's to free when the stream is closed. */
WRAP(FILE *, open_memstream, (char **text, size_t *size))
{
    FILE *f = must_fail(FAULT_MEMORY) ? NULL : counted(__real_open_memstream(text, size));
    return counted(f);
}

WRAP(FILE *, fdopen, (int file, const char *mode))
{
    return must_fail(FAULT_MEMORY) ? NULL : counted(__real_fdopen(file, mode));
}

WRAP(FILE *, fopen, (const char *path, const char *mode))
{
    return must_fail(FAULT_MEMORY) ? NULL : counted(__real_fopen(path, mode));
}

/* As close does: what was open is gone whether it fails or not. */
WRAP(int, fclose, (FILE * stream))
{
    int fails = must_fail(FAULT_CLOSE), error = errno, result = __real_fclose(stream);
    live--;
    if (!fails)
        return result;
    errno = error;
    return EOF;
}

WRAP(void *, dlopen, (const char *path, int flags))
{
    return counted(__real_dlopen(path, flags));
}

WRAP(int, dlclose, (void *handle))
{
    live--;
    return __real_dlclose(handle);
}

WRAP(DIR *, opendir, (const char *path))
{
    return counted(__real_opendir(path));
}

WRAP(int, closedir, (DIR * folder))
{
    live--;
    return __real_closedir(folder);
}

WRAP(gzFile, gzdopen, (int file, const char *mode))
{
    return must_fail(FAULT_MEMORY) ? NULL : counted(__real_gzdopen(file, mode));
}

/* zlib makes its buffers when it reads first: the failure stays, as zlib's own do. */
WRAP(int, gzread, (gzFile file, void *to, unsigned size))
{
    gzip_is_out_of_memory |= must_fail(FAULT_MEMORY);
    return gzip_is_out_of_memory ? -1 : __real_gzread(file, to, size);
}

WRAP(const char *, gzerror, (gzFile file, int *code))
{
    const char *text = __real_gzerror(file, code);
    if (!gzip_is_out_of_memory)
        return text;
    *code = Z_MEM_ERROR;
    return "out of memory";
}

WRAP(int, gzclose_r, (gzFile file))
{
    live--;
    gzip_is_out_of_memory = 0;
    return __real_gzclose_r(file);
}

/* ---- writing ----------------------------------------------------------------------------- */

WRAP(int, open, (const char *path, int flags, ...))
{
    va_list args;
    va_start(args, flags);
    int mode = flags & O_CREAT ? va_arg(args, int) : 0;
    va_end(args);
    return flags & O_CREAT && must_fail(FAULT_CREATE) ? -1 : __real_open(path, flags, mode);
}

WRAP(size_t, fwrite, (const void *from, size_t size, size_t count, FILE *stream))
{
    return must_fail(FAULT_WRITE) ? 0 : __real_fwrite(from, size, count, stream);
}

WRAP(int, fseeko, (FILE * stream, off_t offset, int whence))
{
    return must_fail(FAULT_SEEK) ? -1 : __real_fseeko(stream, offset, whence);
}

WRAP(int, fflush, (FILE * stream))
{
    return must_fail(FAULT_FLUSH) ? EOF : __real_fflush(stream);
}

/* No test looks at a disk after the power has gone, and thousands of real ones take minutes. */
WRAP(int, fsync, (int file))
{
    (void)file;
    return must_fail(FAULT_SYNC) ? -1 : 0;
}

WRAP(int, rename, (const char *from, const char *to))
{
    return must_fail(FAULT_RENAME) ? -1 : __real_rename(from, to);
}

/* ---- time, so that a run writes the same bytes each time --------------------------------- */

WRAP(int, clock_gettime, (clockid_t clock, struct timespec *now))
{
    (void)clock;
    *now = (struct timespec){.tv_nsec = ticks++ % 1000000000};
    return 0;
}
