/*
 * Whole files in: plain or gzip, through zlib, which passes plain bytes on as they are. Whole files
 * out: under another name until they are complete.
 */
#include "core/io/file.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/io/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <zlib.h>

enum { FIRST_CAPACITY = 1 << 16, CHUNK = 1 << 30 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The operating system's refusal; lack of memory is told apart, it may pass. */
static int fail_system(const char *path, const char *what, int reason, struct mcd_error *e)
{
    return mcd_fail(e, reason == ENOMEM ? MCD_NOMEM : MCD_IO, mcd_place_file(path).text, "%s: %s",
                    what, strerror(reason));
}

static int fail_read(const char *path, int reason, struct mcd_error *e)
{
    return fail_system(path, "cannot be read", reason, e);
}

static int fail_write(const char *path, int reason, struct mcd_error *e)
{
    return fail_system(path, "cannot be written", reason, e);
}

static int fail_folder(const char *path, struct mcd_error *e)
{
    return mcd_fail(e, MCD_IO, mcd_place_file(path).text,
                    "it is a directory: expected the name of a file");
}

/* A file that is being read. */
struct input {
    const char *path;
    gzFile stream;
    int is_regular;
    size_t size, limit; /* as the file system tells it, 0 where it does not; most that is read */
};

/* /dev/zero, /dev/random and their like: of the memory devices only one is empty. */
static int is_endless(const struct stat *about)
{
    enum { MEMORY_DEVICES = 1, NULL_DEVICE = 3 };
    return S_ISCHR(about->st_mode) && major(about->st_rdev) == MEMORY_DEVICES &&
           minor(about->st_rdev) != NULL_DEVICE;
}

static size_t limit_of(const struct input *in, size_t limit)
{
    limit = least(limit, mcd_host_memory());
    if (!in->is_regular)
        limit = least(limit, MCD_STREAM_LIMIT);
    return gzdirect(in->stream) ? limit : least(limit, MCD_GZIP_LIMIT);
}

static int open_input(struct input *in, size_t limit, struct mcd_error *e)
{
    struct stat about;
    int status = MCD_OK, fd = open(in->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_read(in->path, errno, e);
    if (fstat(fd, &about) != 0)
        status = fail_read(in->path, errno, e);
    else if (S_ISDIR(about.st_mode))
        status = fail_folder(in->path, e);
    else if (is_endless(&about))
        status = mcd_fail(e, MCD_INVALID, mcd_place_file(in->path).text,
                          "it is a device without an end: expected a file");
    else if (!(in->stream = gzdopen(fd, "rb")))
        status = fail_read(in->path, ENOMEM, e);
    if (status) {
        close(fd);
        return status;
    }
    in->is_regular = S_ISREG(about.st_mode);
    in->size = in->is_regular && about.st_size > 0 ? (size_t)about.st_size : 0;
    in->limit = limit_of(in, limit);
    return MCD_OK;
}

/* Makes room for at least one byte more; doubles, so that copying stays linear. */
static int grow(const struct input *in, struct mcd_bytes *b, size_t *capacity, struct mcd_error *e)
{
    size_t wanted = *capacity <= in->limit / 2 ? *capacity * 2 : in->limit + 1;
    unsigned char *data = realloc(b->data, wanted);
    if (!data)
        return mcd_fail(e, MCD_NOMEM, mcd_place_file(in->path).text, "no memory for %zu bytes",
                        wanted);
    b->data = data;
    *capacity = wanted;
    return MCD_OK;
}

static int fail_gzip(const struct input *in, size_t done, struct mcd_error *e)
{
    int code;
    const char *text = gzerror(in->stream, &code);
    if (code == Z_ERRNO)
        return fail_read(in->path, errno, e);
    if (code == Z_MEM_ERROR)
        return mcd_fail(e, MCD_NOMEM, mcd_place_file(in->path).text, "no memory to unpack it");
    const char *colon = strrchr(text, ':'); /* zlib puts its own name for the file in front */
    return mcd_fail(e, MCD_INVALID, mcd_place_file(in->path).text,
                    "the gzip stream is cut or damaged (%s) after %zu unpacked bytes",
                    colon ? colon + 2 : text, done);
}

static int fail_size(const struct input *in, struct mcd_error *e)
{
    return mcd_fail(e, MCD_INVALID, mcd_place_file(in->path).text,
                    "holds more than %zu bytes, the most that is read%s", in->limit,
                    in->is_regular ? "" : " of a pipe or device: expected a file");
}

/* Reads to the end. One byte beyond the limit is asked for, so that too much can be told. */
static int read_all(const struct input *in, struct mcd_bytes *b, struct mcd_error *e)
{
    size_t capacity = in->size < FIRST_CAPACITY ? FIRST_CAPACITY : in->size + 1;
    if (capacity > in->limit)
        capacity = in->limit + 1;
    if (!(b->data = malloc(capacity)))
        return mcd_fail(e, MCD_NOMEM, mcd_place_file(in->path).text, "no memory for %zu bytes",
                        capacity);
    for (;;) {
        if (b->size > in->limit)
            return fail_size(in, e);
        if (b->size == capacity && grow(in, b, &capacity, e))
            return MCD_NOMEM;
        size_t room = capacity - b->size;
        int n = gzread(in->stream, b->data + b->size, (unsigned)(room < CHUNK ? room : CHUNK));
        int code;
        gzerror(in->stream, &code);
        if (n < 0 || code != Z_OK)
            return fail_gzip(in, b->size + (n > 0 ? (size_t)n : 0), e);
        if (n == 0)
            return MCD_OK;
        b->size += (size_t)n;
    }
}

int mcd_file_read(const char *path, size_t limit, struct mcd_bytes *b, struct mcd_error *e)
{
    struct input in = {.path = path};
    *b = (struct mcd_bytes){0};
    int status = open_input(&in, limit, e);
    if (status)
        return status;
    status = gzdirect(in.stream) && in.size > in.limit ? fail_size(&in, e) : read_all(&in, b, e);
    gzclose_r(in.stream);
    if (status || b->size == 0)
        mcd_bytes_clear(b);
    return status;
}

void mcd_bytes_clear(struct mcd_bytes *b)
{
    free(b->data);
    *b = (struct mcd_bytes){0};
}

/*
 * The target with links resolved, so that a link is written through as any program would; as it is
 * where there is nothing yet. NULL for lack of memory.
 */
static char *resolve(const char *path)
{
    char *full = realpath(path, NULL);
    return full || errno == ENOMEM ? full : strdup(path);
}

/*
 * Creates "PATH.PID-N.tmp", N the first that is free. open with O_EXCL rather than mkstemp: the
 * kernel applies umask and default ACLs, which a program cannot read without changing them.
 */
static int create_temporary(struct mcd_output *o, struct mcd_error *e)
{
    size_t room = strlen(o->path) + 48;
    if (!(o->temporary = malloc(room)))
        return mcd_fail(e, MCD_NOMEM, mcd_place_file(o->path).text, "no memory to write it");
    int fd = -1;
    for (unsigned n = 0; fd < 0 && n < 1000; n++) {
        snprintf(o->temporary, room, "%s.%ld-%u.tmp", o->path, (long)getpid(), n);
        fd = open(o->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    if (fd >= 0 && (o->stream = fdopen(fd, "wb")))
        return MCD_OK;
    int status = fail_write(o->path, errno, e);
    if (fd >= 0) {
        close(fd);
        unlink(o->temporary);
    }
    return status;
}

/* A device or pipe: renaming a file over it would destroy it. */
static int open_directly(struct mcd_output *o, struct mcd_error *e)
{
    if ((o->stream = fopen(o->path, "wbe")))
        return MCD_OK;
    return fail_write(o->path, errno, e);
}

int mcd_output_open(struct mcd_output *o, const char *path, struct mcd_error *e)
{
    struct stat about;
    *o = (struct mcd_output){.path = resolve(path)};
    if (!o->path)
        return mcd_fail(e, MCD_NOMEM, mcd_place_file(path).text, "no memory to write it");
    int exists = stat(o->path, &about) == 0, status;
    if (exists && S_ISDIR(about.st_mode))
        status = fail_folder(path, e);
    else if (exists && !S_ISREG(about.st_mode))
        status = open_directly(o, e);
    else
        status = create_temporary(o, e);
    if (status == MCD_OK && exists && o->temporary &&
        fchmod(fileno(o->stream), about.st_mode & 0777) != 0)
        status = fail_write(path, errno, e);
    if (status && !o->stream) { /* nothing was created: nothing may be removed */
        free(o->temporary);
        o->temporary = NULL;
    }
    if (status)
        mcd_output_abort(o);
    return status;
}

int mcd_output_write(struct mcd_output *o, const void *data, size_t size, struct mcd_error *e)
{
    if (size == 0 || fwrite(data, 1, size, o->stream) == size)
        return MCD_OK;
    return fail_write(o->path, errno, e);
}

/* Everything on the disk, or the reason why not; an error from earlier on counts. */
static int flush(struct mcd_output *o, struct mcd_error *e)
{
    int earlier = ferror(o->stream);
    if (fflush(o->stream) != 0)
        return fail_write(o->path, errno, e);
    if (earlier)
        return mcd_fail(e, MCD_IO, mcd_place_file(o->path).text,
                        "cannot be written: an earlier write failed");
    if (o->temporary && fsync(fileno(o->stream)) != 0)
        return fail_write(o->path, errno, e);
    return MCD_OK;
}

int mcd_output_commit(struct mcd_output *o, struct mcd_error *e)
{
    int status = flush(o, e);
    if (status == MCD_OK) {
        FILE *stream = o->stream;
        o->stream = NULL;
        if (fclose(stream) != 0 || (o->temporary && rename(o->temporary, o->path) != 0))
            status = fail_write(o->path, errno, e);
    }
    if (status == MCD_OK) {
        free(o->temporary);
        o->temporary = NULL;
    }
    mcd_output_abort(o);
    return status;
}

void mcd_output_abort(struct mcd_output *o)
{
    int saved = errno;
    if (o->stream)
        fclose(o->stream);
    if (o->temporary)
        unlink(o->temporary);
    free(o->temporary);
    free(o->path);
    *o = (struct mcd_output){0};
    errno = saved;
}
