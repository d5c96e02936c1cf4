/* Names of output files, and the state of their folder. */
#include "core/cli/folder.h"

#include "core/cli/log.h"
#include "core/cli/open.h"
#include "core/error.h"
#include "core/io/place.h"

#include <errno.h>
#include <string.h>
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
    snprintf(f->aside, sizeof f->aside, "%s/weights.safetensors~", f->path);
    snprintf(f->history, sizeof f->history, "%s/history.csv", f->path);
    snprintf(f->result, sizeof f->result, "%s/result.json", f->path);
    return MCD_EXIT_OK;
}

int mcd_folder_make(const struct mcd_folder *f)
{
    struct mcd_error e = {0};
    struct stat about;
    if (mkdir(f->path, 0777) != 0 && errno != EEXIST)
        mcd_fail(&e, MCD_IO, mcd_place_file(f->path).text, "the folder cannot be made: %s",
                 strerror(errno));
    else if (stat(f->path, &about) == 0 && !S_ISDIR(about.st_mode))
        mcd_fail(&e, MCD_IO, mcd_place_file(f->path).text, "is a file: expected a folder");
    else if (access(f->path, W_OK | X_OK) != 0)
        mcd_fail(&e, MCD_IO, mcd_place_file(f->path).text, "cannot be written to: %s",
                 strerror(errno));
    return e.code ? mcd_report(&e) : MCD_EXIT_OK;
}

/*
 * A second link, so that no moment is without the file; a renaming where links are not to be had.
 */
int mcd_folder_set_aside(const struct mcd_folder *f)
{
    struct mcd_error e = {0};
    if (access(f->weights, F_OK) != 0)
        return MCD_EXIT_OK;
    if ((unlink(f->aside) != 0 && errno != ENOENT) ||
        (link(f->weights, f->aside) != 0 && rename(f->weights, f->aside) != 0)) {
        mcd_fail(&e, MCD_IO, mcd_place_file(f->aside).text, "cannot be written: %s",
                 strerror(errno));
        return mcd_report(&e);
    }
    mcd_log(MCD_LOG_INFO, "weights of an earlier run are kept as %s", f->aside);
    return MCD_EXIT_OK;
}
