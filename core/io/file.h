/*
 * Whole files in, whole files out.
 *
 * Reading gives the bytes of a file, unpacked where it is gzip. Writing goes to a temporary file
 * beside the target, which takes the target's name only when everything has reached the disk: a
 * reader sees the earlier file or the new one, never a part.
 */
#ifndef CORE_IO_FILE_H
#define CORE_IO_FILE_H

#include <mcdrop/error.h>

#include <stddef.h>
#include <stdio.h>

/* What readers allow a file to hold: far beyond any data set that fits in memory. */
#define MCD_FILE_LIMIT ((size_t)1 << 36)

/* What a gzip file may unpack to: it can claim a thousand times its own size. */
#define MCD_GZIP_LIMIT ((size_t)1 << 32)

/* And a pipe or device, of which nobody knows whether it ends. */
#define MCD_STREAM_LIMIT ((size_t)1 << 30)

struct mcd_bytes {
    unsigned char *data; /* owned, NULL when empty; aligned for any element type */
    size_t size;
};

/*
 * Reads the whole of `path`, unpacking gzip (by its first bytes, whatever the name says). A damaged
 * or cut gzip stream and more than `limit` bytes (or MCD_GZIP_LIMIT, unpacked; MCD_STREAM_LIMIT of
 * what is no regular file; the machine's memory) are MCD_INVALID. On failure `b` is empty.
 */
int mcd_file_read(const char *path, size_t limit, struct mcd_bytes *b, struct mcd_error *e);

void mcd_bytes_clear(struct mcd_bytes *b);

/*
 * A file being written. Initialise with {0}; after mcd_output_open, write to `stream` (or with
 * mcd_output_write), then call exactly one of commit and abort. A device or pipe as target is
 * written directly. A symbolic link stays: the file that it points to is replaced.
 */
struct mcd_output {
    FILE *stream;
    char *path;      /* owned: the target, links resolved */
    char *temporary; /* owned: what is written to; NULL for a device or pipe */
};

/* The new file gets the mode of the one it replaces, else what the umask leaves of rw-rw-rw-. */
int mcd_output_open(struct mcd_output *o, const char *path, struct mcd_error *e);

/* fwrite, with the refusal of the operating system as an error. */
int mcd_output_write(struct mcd_output *o, const void *data, size_t size, struct mcd_error *e);

/*
 * Flushes, syncs and renames. Whatever fails here or failed on the stream before, the earlier file
 * is as it was and the temporary one is gone. Closes `o` in either case.
 */
int mcd_output_commit(struct mcd_output *o, struct mcd_error *e);

/* Throws away what was written; harmless on an output that is not open. Keeps errno. */
void mcd_output_abort(struct mcd_output *o);

#endif
