/* The examples as skeletons: their lines, renamed word by word, in a folder of their own. */
#include "core/cli/skeleton.h"

#include "core/base/error.h"
#include "core/io/file.h"
#include "core/io/place.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of each example NAME: NAME_source and NAME_makefile, made from examples/NAME/. */
#include "core/cli/skeletons.inc"

static const struct mcd_skeleton skeletons[] = {
    {"layer", "prelu", prelu_source, prelu_makefile},
    {"sampler", "antithetic", antithetic_source, antithetic_makefile},
    {"model", "wide", wide_source, wide_makefile},
    {"backend", "loops", loops_source, loops_makefile},
};

const struct mcd_skeleton *mcd_skeleton_find(const char *kind)
{
    for (size_t i = 0; i < sizeof skeletons / sizeof *skeletons; i++)
        if (strcmp(skeletons[i].kind, kind) == 0)
            return &skeletons[i];
    return NULL;
}

/* Whatever the locale takes for letters. */
static int is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

int mcd_skeleton_is_name(const char *name)
{
    size_t length = 0;
    while (is_word(name[length]))
        length++;
    return length > 0 && length <= MCD_MAX_PLUGIN_NAME && !name[length] &&
           !(*name >= '0' && *name <= '9');
}

/* The line with every word that is the example's name replaced. */
static void put_line(const struct mcd_skeleton *s, const char *name, const char *line, FILE *f)
{
    while (*line) {
        size_t length = 0;
        while (is_word(line[length]))
            length++;
        if (length == strlen(s->name) && strncmp(line, s->name, length) == 0)
            fputs(name, f);
        else
            fwrite(line, 1, length ? length : 1, f);
        line += length ? length : 1;
    }
}

void mcd_skeleton_print_next(const struct mcd_skeleton *s, const char *name, FILE *f)
{
    static const char command[] = " *     ";
    for (const char *const *line = s->source; *line && strcmp(*line, " */\n"); line++)
        if (strncmp(*line, command, strlen(command)) == 0)
            put_line(s, name, *line + strlen(command), f);
}

static int write_file(const struct mcd_skeleton *s, const char *const *line, const char *name,
                      const char *path, struct mcd_error *e)
{
    struct mcd_output o = {0};
    int status = mcd_output_open(&o, path, e);
    if (status)
        return status;
    for (; *line; line++)
        put_line(s, name, *line, o.stream);
    return mcd_output_commit(&o, e);
}

static int refuse(const char *folder, struct mcd_error *e)
{
    const char *why = strerror(errno), *expected = "";
    if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR)
        expected = ": expected the name of a new folder";
    else if (errno == ENOENT)
        expected = ": expected the folder around it";
    return mcd_fail(e, MCD_IO, mcd_place_file(folder).text, "the folder cannot be made: %s%s", why,
                    expected);
}

/*
 * Both files in a folder beside it, which then takes its name: rename replaces nothing but an empty
 * one.
 */
int mcd_skeleton_write(const struct mcd_skeleton *s, const char *name, const char *folder,
                       struct mcd_error *e)
{
    char beside[PATH_MAX], source[PATH_MAX + MCD_MAX_PLUGIN_NAME + 8], makefile[PATH_MAX + 16];
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/')
        length--;
    int n = snprintf(beside, sizeof beside, "%.*s~%ld~", (int)length, folder, (long)getpid());
    if (n >= (int)sizeof beside || length > INT_MAX) {
        errno = ENAMETOOLONG;
        return refuse(folder, e);
    }
    if (mkdir(beside, 0777) != 0)
        return refuse(folder, e);
    snprintf(source, sizeof source, "%s/%s.c", beside, name);
    snprintf(makefile, sizeof makefile, "%s/Makefile", beside);
    int status = write_file(s, s->source, name, source, e);
    if (!status)
        status = write_file(s, s->makefile, name, makefile, e);
    if (!status && rename(beside, folder) != 0)
        status = refuse(folder, e);
    if (status) {
        unlink(source);
        unlink(makefile);
        rmdir(beside);
    }
    return status;
}
