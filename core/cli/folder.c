/* Names of output files, and the state of their folder. */
#include "core/cli/folder.h"

#include "core/base/error.h"
#include "core/cli/log.h"
#include "core/cli/open.h"
#include "core/io/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* "mcdrop-lenet" for lenet, lenet.so, ./x/lenet.so:drop=0.1. */
static void name_after_model(char *path, size_t size, const char *model)
{
    size_t length = strcspn(model, ":");
    const char *name = model;
    for (const char *c = model; c < model + length; c++)
        if (*c == '/')
            name = c + 1;
    length -= (size_t)(name - model);
    if (length > 3 && strncmp(name + length - 3, ".so", 3) == 0)
        length -= 3;
    snprintf(path, size, "mcdrop-%.*s", (int)(length < 256 ? length : 256), name);
}

int mcd_folder_name(struct mcd_folder *f, const struct mcd_options *o)
{
    struct mcd_error e = {0};
    if (o->out && (!*o->out || strlen(o->out) >= sizeof f->path))
        mcd_fail(&e, MCD_INVALID, "--out", "expected the name of a folder");
    else if (!o->out && !o->model)
        mcd_fail(&e, MCD_INVALID, "--model",
                 "missing: expected a model, such as lenet or mlp:hidden=400x400");
    if (e.code)
        return mcd_report_option(&e);
    if (o->out)
        snprintf(f->path, sizeof f->path, "%s", o->out);
    else
        name_after_model(f->path, sizeof f->path, o->model);
    snprintf(f->weights, sizeof f->weights, "%s/weights.safetensors", f->path);
    f->is_new = 0;
    snprintf(f->history, sizeof f->history, "%s/history.csv", f->path);
    snprintf(f->result, sizeof f->result, "%s/result.json", f->path);
    return MCD_EXIT_OK;
}

/*
 * The descriptor is left open: the lock goes with the process. Where the file system has no locks
 * nothing is locked.
 */
static int lock(const struct mcd_folder *f, struct mcd_error *e)
{
    int fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return MCD_OK;
    close(fd);
    return mcd_fail(e, MCD_IO, mcd_place_file(f->path).text,
                    "another mcdrop writes here: expected another --out, or its end");
}

int mcd_folder_make(struct mcd_folder *f)
{
    struct mcd_error e = {0};
    struct stat about;
    f->is_new = mkdir(f->path, 0777) == 0;
    if (!f->is_new && errno != EEXIST)
        mcd_fail(&e, MCD_IO, mcd_place_file(f->path).text, "the folder cannot be made: %s%s",
                 strerror(errno), errno == ENOENT ? ": expected the folder around it" : "");
    else if (stat(f->path, &about) == 0 && !S_ISDIR(about.st_mode))
        mcd_fail(&e, MCD_IO, mcd_place_file(f->path).text, "is a file: expected a folder");
    else if (access(f->path, W_OK | X_OK) != 0)
        mcd_fail(&e, MCD_IO, mcd_place_file(f->path).text, "cannot be written to: %s",
                 strerror(errno));
    else
        lock(f, &e);
    return e.code ? mcd_report(&e) : MCD_EXIT_OK;
}

void mcd_folder_unmake(const struct mcd_folder *f)
{
    if (f->is_new)
        rmdir(f->path); /* refuses where there is something in it */
}

/* ---- earlier files ----------------------------------------------------------------------- */

/* The first number under which nothing is kept. */
static unsigned free_number(const struct mcd_folder *f)
{
    const char *const name[] = {f->weights, f->history, f->result};
    char kept[4160];
    unsigned n = 1;
    for (int i = 0; i < 3; i++) {
        snprintf(kept, sizeof kept, "%s~%u~", name[i], n);
        if (access(kept, F_OK) == 0)
            n++, i = -1;
    }
    return n;
}

/* A second link, so that no moment is without the file; a renaming where links are not to be had.
 */
static int keep(const char *name, const char *kept, struct mcd_error *e)
{
    if (access(name, F_OK) != 0 || link(name, kept) == 0 || rename(name, kept) == 0)
        return MCD_OK;
    return mcd_fail(e, MCD_IO, mcd_place_file(kept).text, "cannot be written: %s", strerror(errno));
}

int mcd_folder_set_aside(const struct mcd_folder *f)
{
    struct mcd_error e = {0};
    const char *const name[] = {f->weights, f->history, f->result};
    unsigned n = free_number(f);
    int status = MCD_OK;
    char kept[4160];
    if (access(f->weights, F_OK) != 0)
        return MCD_EXIT_OK;
    for (int i = 0; i < 3 && !status; i++) {
        snprintf(kept, sizeof kept, "%s~%u~", name[i], n);
        status = keep(name[i], kept, &e);
    }
    if (status)
        return mcd_report(&e);
    unlink(f->result); /* it is not the new weights' */
    mcd_log(MCD_LOG_INFO, "files of an earlier run are kept: %s~%u~", f->weights, n);
    return MCD_EXIT_OK;
}

int mcd_folder_keep_result(const struct mcd_folder *f, struct mcd_folder_result *r)
{
    struct mcd_error e = {0};
    *r = (struct mcd_folder_result){0};
    if (access(f->result, F_OK) != 0)
        return MCD_EXIT_OK;
    snprintf(r->kept, sizeof r->kept, "%s~%u~", f->result, free_number(f));
    return keep(f->result, r->kept, &e) ? mcd_report(&e) : MCD_EXIT_OK;
}

static int is_same_file(const char *a, const char *b)
{
    FILE *x = fopen(a, "rbe"), *y = fopen(b, "rbe");
    int c = 0, same = x && y;
    while (same && c != EOF)
        same = (c = getc(x)) == getc(y);
    if (x)
        fclose(x);
    if (y)
        fclose(y);
    return same;
}

void mcd_folder_settle_result(const struct mcd_folder *f, const struct mcd_folder_result *r)
{
    if (!*r->kept)
        return;
    if (access(f->result, F_OK) != 0) /* it was renamed, and nothing came after it */
        rename(r->kept, f->result);
    else if (is_same_file(f->result, r->kept))
        unlink(r->kept);
    else
        mcd_log(MCD_LOG_INFO, "an earlier result is kept as %s", r->kept);
}
