/* What is demanded of a plugin's file and descriptor, before anything is created. */
#include "core/base/error.h"
#include "core/base/host.h"
#include "core/check/check.h"
#include "core/check/elf.h"
#include "core/io/place.h"
#include "core/plugin/module.h"
#include "core/plugin/plugin_file.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* A text of an error without its place, which is the file that is checked. */
static int fail_of(struct mcd_checking *c, const char *expected, const struct mcd_error *e)
{
    return mcd_check_fail(c, e->where, expected, "%s", e->text);
}

/* ---- load ------------------------------------------------------------------------------------ */

static void check_load(struct mcd_checking *c)
{
    static const char expected[] = "a shared object that only its owner can write and that needs "
                                   "nothing but what it is linked with";
    char real[PATH_MAX];
    struct mcd_error e = {0};
    mcd_check_looked(c, 1);
    if (!realpath(c->path, real)) {
        mcd_check_fail(c, c->path, expected, "it is not there");
        return;
    }
    if (mcd_plugin_file_check(c->path, real, &e) != MCD_OK) {
        fail_of(c, expected, &e);
        return;
    }
    void *handle = dlopen(real, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        mcd_check_fail(c, "", expected, "%s", dlerror());
    else
        dlclose(handle);
}

/* ---- symbols --------------------------------------------------------------------------------- */

struct exported {
    struct mcd_checking *c;
    int has_entry;
    char others[300];
};

/* AddressSanitizer marks each variable with a symbol of its own, which no author can hide. */
static void take_symbol(void *arg, const char *name)
{
    struct exported *x = arg;
    size_t used = strlen(x->others);
    if (strncmp(name, "__odr_asan.", 11) == 0)
        return;
    mcd_check_looked(x->c, 1);
    if (strcmp(name, "mcd_entry") == 0)
        x->has_entry = 1;
    else
        snprintf(x->others + used, sizeof x->others - used, "%s%s", used ? ", " : "",
                 mcd_show_text(name).text);
}

static void check_symbols(struct mcd_checking *c)
{
    struct exported x = {.c = c};
    struct mcd_error e = {0};
    if (mcd_check_status(c, c->path, mcd_elf_exported(c->path, take_symbol, &x, &e), &e) != 0)
        return;
    mcd_check_looked(c, 1);
    if (!x.has_entry)
        mcd_check_fail(c, "mcd_entry", "the symbol mcd_entry, and no other", "it exports %s",
                       *x.others ? x.others : "nothing");
    else if (*x.others)
        mcd_check_fail(c, x.others, "the symbol mcd_entry, and no other", "it also exports %s",
                       x.others);
    mcd_check_remedy(c, x.has_entry ? "make them static, or compile with -fvisibility=hidden"
                                    : "define it with MCD_PLUGIN");
}

/* ---- rpath ----------------------------------------------------------------------------------- */

static void take_folder(void *arg, const char *folder)
{
    struct mcd_checking *c = arg;
    struct stat s;
    static const char expected[] =
        "RPATH and RUNPATH name folders by absolute paths, which others cannot write";
    mcd_check_looked(c, 1);
    if (*folder != '/')
        mcd_check_fail(c, folder, expected, "'%s' is not absolute", folder);
    else if (stat(folder, &s) != 0 || !S_ISDIR(s.st_mode))
        mcd_check_fail(c, folder, expected,
                       "there is no folder %s, and who makes it decides what "
                       "is loaded",
                       folder);
    else if (s.st_mode & S_IWOTH)
        mcd_check_fail(c, folder, expected, "others can write %s", folder);
}

static void check_rpath(struct mcd_checking *c)
{
    struct mcd_error e = {0};
    mcd_check_looked(c, 1);
    mcd_check_status(c, c->path, mcd_elf_folders(c->path, take_folder, c, &e), &e);
}

/* ---- descriptor ------------------------------------------------------------------------------ */

/* The loader knows no better than to be content with what is there. */
static void check_texts(struct mcd_checking *c, const struct mcd_plugin *p)
{
    const struct {
        const char *what, *text;
    } texts[] = {{"version", p->version}, {"licence", p->licence}, {"help", p->help}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        mcd_check_looked(c, 1);
        if (!*texts[i].text)
            mcd_check_fail(c, texts[i].what, "a text that says something", "it is empty");
        else if (strchr(texts[i].text, '\n'))
            mcd_check_fail(c, texts[i].what, "one line", "it has several");
    }
}

static int has_entry(const char *path)
{
    struct mcd_checking own = {.verdict = MCD_CHECK_PASSED};
    struct exported x = {.c = &own};
    return mcd_elf_exported(path, take_symbol, &x, NULL) != MCD_OK || x.has_entry;
}

static void check_descriptor(struct mcd_checking *c)
{
    struct mcd_error e = {0};
    struct mcd_module *m;
    if (!has_entry(c->path)) {
        mcd_check_skip(c, "there is no mcd_entry: see symbols");
        return;
    }
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    if (!host || mcd_module_load(host, c->kind, c->path, &m, &e) != MCD_OK) {
        fail_of(c, "a descriptor of this interface, complete, with defaults in their domains", &e);
    } else {
        mcd_check_looked(c, 1);
        check_texts(c, &m->plugin);
        mcd_module_close(host, m);
    }
    mcd_host_destroy(host);
}

enum { ANY = 0x1e };

const struct mcd_check mcd_checks_file[] = {
    {"load", ANY, "the file is safe to load and finds what it needs", check_load},
    {"symbols", ANY, "it exports mcd_entry and nothing else", check_symbols},
    {"rpath", ANY, "it looks for libraries only where others cannot put any", check_rpath},
    {"descriptor", ANY,
     "interface, kind, name, texts, functions and parameters are there and right",
     check_descriptor},
    {0},
};
