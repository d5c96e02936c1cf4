/* mcdrop new: a working plugin to start from, in a folder of its own. */
#include "core/base/error.h"
#include "core/cli/command.h"
#include "core/cli/log.h"
#include "core/cli/open.h"
#include "core/cli/options.h"
#include "core/cli/skeleton.h"
#include "core/io/place.h"

#include <stdio.h>

enum { KEY_DIR = MCD_OPTION_OWN };

struct start {
    struct mcd_options options; /* first: the shared groups' parsers see it */
    const struct mcd_skeleton *skeleton;
    const char *name, *dir;
};

static void parse_argument(struct argp_state *state, const char *arg, struct start *s)
{
    if (s->name)
        argp_error(state, "'%s': expected a kind and a name", mcd_show_text(arg).text);
    if (!s->skeleton) {
        s->skeleton = mcd_skeleton_find(arg);
        if (!s->skeleton)
            argp_error(state, "'%s': expected layer, sampler, model or backend",
                       mcd_show_text(arg).text);
        return;
    }
    if (!mcd_skeleton_is_name(arg))
        argp_error(state,
                   "'%s': expected a name of at most %d letters, digits and '_', no digit first",
                   mcd_show_text(arg).text, MCD_MAX_PLUGIN_NAME);
    s->name = arg;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct start *s = state->input;
    switch (key) {
    case KEY_DIR:
        if (!*arg)
            argp_error(state, "--dir: expected the name of a new folder");
        s->dir = arg;
        return 0;
    case ARGP_KEY_ARG:
        parse_argument(state, arg, s);
        return 0;
    case ARGP_KEY_END:
        if (!s->name)
            argp_error(state, "expected a kind and a name, such as layer swish");
        return 0;
    default:
        return mcd_options_only(key, arg, state);
    }
}

/* As a shell reads it, whatever the folder is called. */
static void print_cd(const char *dir)
{
    fputs("cd '", stdout);
    for (; *dir; dir++)
        fputs(*dir == '\'' ? "'\\''" : (const char[]){*dir, 0}, stdout);
    puts("'");
}

int mcd_cmd_new(int argc, char **argv)
{
    static const struct argp_child children[] = {{&mcd_options_common, 0, NULL, -1}, {0}};
    static const struct argp_option own[] = {
        {"dir", KEY_DIR, "DIR", 0, "The folder to make (default: NAME, here)", 1}, {0}};
    static const struct argp argp = {
        .options = own,
        .parser = parse,
        .args_doc = "layer|sampler|model|backend NAME",
        .doc =
            "Writes a plugin to start from, source and Makefile, that builds, passes mcdrop check "
            "and runs, and prints the commands that do so.\v"
            "Example: mcdrop new layer swish && cd swish && make && mcdrop check ./swish.so",
        .children = children,
    };
    struct start s = {.options = MCD_OPTIONS};
    struct mcd_error e = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &s);
    const char *dir = s.dir ? s.dir : s.name;
    if (mcd_skeleton_write(s.skeleton, s.name, dir, &e))
        return mcd_report(&e);
    mcd_log(MCD_LOG_INFO, "wrote %s/%s.c and %s/Makefile; what comes next:", dir, s.name, dir);
    print_cd(dir);
    mcd_skeleton_print_next(s.skeleton, s.name, stdout);
    return MCD_EXIT_OK;
}
