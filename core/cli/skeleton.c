/*
 * The examples as skeletons, in a folder of their own: a first comment that says what is to be
 * filled in, then the example's lines, renamed word by word.
 */
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
    {"layer", "prelu",
     " * Say here what it makes of one row of input, and where that was published. Until then it "
     "is the\n"
     " * guide's prelu: x where it is positive, a learnt part of x elsewhere. To be filled in:\n"
     " * - PARAMS: what users may set\n"
     " * - create: keeps what build needs of it\n"
     " * - build: records parameters and ops, from which mcdrop makes the gradients\n",
     prelu_source, prelu_makefile},
    {"sampler", "antithetic",
     " * Say here how its passes depend on each other, why each of them is still distributed as "
     "an\n"
     " * independent one, and where that was published. Until then it is the guide's antithetic: "
     "pairs\n"
     " * of passes with opposite random numbers. To be filled in:\n"
     " * - PARAMS: what users may set\n"
     " * - create: keeps what the functions need of it\n"
     " * - group: how many passes depend on each other\n"
     " * - draw: which random numbers a pass reads; or fill, see sampler.h: which units it drops\n",
     antithetic_source, antithetic_makefile},
    {"model", "wide",
     " * Say here how its layers are connected, and where that was published. Until then it is "
     "the\n"
     " * guide's wide: for regression, a hidden layer beside a linear way. To be filled in:\n"
     " * - PARAMS: what users may set\n"
     " * - create: keeps what build needs of it\n"
     " * - build: the layers, from one row of input to the outputs\n"
     " * - recipe: what it is for, its data, and how it is usually trained\n",
     wide_source, wide_makefile},
    {"backend", "loops",
     " * Say here what it computes on, how precisely, and what it refuses. Until then it is the "
     "guide's\n"
     " * loops: plain code for regressions of linear layers. To be filled in:\n"
     " * - info: its type and device\n"
     " * - create: opens what the functions need\n"
     " * - alloc, release, write, read: where tensors are\n"
     " * - ops: a function each; those of mlp: `mcdrop bench --ops --backend reference --model "
     "mlp`\n"
     " * - refused: what of these it cannot do\n",
     loops_source, loops_makefile},
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

static const char end_of_comment[] = " */\n";

/* The commands of the example's first comment, each as a line behind `before`; what follows it. */
static const char *const *put_commands(const struct mcd_skeleton *s, const char *name,
                                       const char *before, FILE *f)
{
    static const char command[] = " *     ";
    const char *const *line = s->source;
    for (; *line && strcmp(*line, end_of_comment) != 0; line++)
        if (strncmp(*line, command, strlen(command)) == 0) {
            fputs(before, f);
            put_line(s, name, *line + strlen(command), f);
        }
    return line;
}

void mcd_skeleton_print_next(const struct mcd_skeleton *s, const char *name, FILE *f)
{
    put_commands(s, name, "", f);
}

static void put_source(const struct mcd_skeleton *s, const char *name, FILE *f)
{
    fprintf(f, "/*\n * %s: a new %s.\n *\n%s", name, s->kind, s->fill_in);
    fputs(" * - MCD_PLUGIN: its licence and one line of help\n *\n", f);
    for (const char *const *line = put_commands(s, name, " *     ", f); *line; line++)
        put_line(s, name, *line, f);
}

static void put_makefile(const struct mcd_skeleton *s, const char *name, FILE *f)
{
    for (const char *const *line = s->makefile; *line; line++)
        put_line(s, name, *line, f);
}

typedef void put(const struct mcd_skeleton *, const char *name, FILE *);

static int write_file(const struct mcd_skeleton *s, put *contents, const char *name,
                      const char *path, struct mcd_error *e)
{
    struct mcd_output o = {0};
    int status = mcd_output_open(&o, path, e);
    if (status)
        return status;
    contents(s, name, o.stream);
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
    int status = write_file(s, put_source, name, source, e);
    if (!status)
        status = write_file(s, put_makefile, name, makefile, e);
    if (!status && rename(beside, folder) != 0)
        status = refuse(folder, e);
    if (status) {
        unlink(source);
        unlink(makefile);
        rmdir(beside);
    }
    return status;
}
