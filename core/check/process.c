/* What of the process a plugin must leave as it is. */
#include "core/check/life.h"
#include "core/check/maker.h"

#include <dirent.h>
#include <fenv.h>
#include <float.h>
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct state {
    char locale[300], folder[PATH_MAX];
    char *environment; /* all of it, joined by newlines */
    struct sigaction action[NSIG];
    sigset_t mask;
    mode_t umask;
    int rounding, traps, keeps_denormals, files;
};

static char *copy_environment(void)
{
    size_t size = 1;
    for (char **e = environ; e && *e; e++)
        size += strlen(*e) + 1;
    char *all = calloc(1, size), *to = all;
    for (char **e = environ; all && e && *e; e++)
        to += sprintf(to, "%s\n", *e);
    return all;
}

static int count_files(void)
{
    int n = 0;
    DIR *files = opendir("/proc/self/fd");
    for (struct dirent *d; files && (d = readdir(files));)
        n += d->d_name[0] != '.';
    if (files)
        closedir(files);
    return n;
}

static void take(struct state *s)
{
    volatile double least = DBL_MIN;
    const char *locale = setlocale(LC_ALL, NULL);
    *s = (struct state){.environment = copy_environment()};
    snprintf(s->locale, sizeof s->locale, "%s", locale ? locale : "");
    if (!getcwd(s->folder, sizeof s->folder))
        *s->folder = '\0';
    for (int i = 1; i < NSIG; i++)
        sigaction(i, NULL, &s->action[i]);
    sigprocmask(SIG_SETMASK, NULL, &s->mask);
    s->umask = umask(0);
    umask(s->umask);
    s->rounding = fegetround();
    s->traps = fegetexcept();
    s->keeps_denormals = least / 2 > 0;
    s->files = count_files();
}

/* The signal whose handling or blocking differs; 0: none. */
static int changed_signal(const struct state *a, const struct state *b)
{
    for (int i = 1; i < NSIG; i++)
        if (a->action[i].sa_handler != b->action[i].sa_handler ||
            a->action[i].sa_flags != b->action[i].sa_flags ||
            sigismember(&a->mask, i) != sigismember(&b->mask, i))
            return i;
    return 0;
}

static int has_same_environment(const struct state *a, const struct state *b)
{
    return a->environment && b->environment && strcmp(a->environment, b->environment) == 0;
}

/* Returns what differs, NULL if nothing does. */
static const char *difference(const struct state *a, const struct state *b)
{
    if (strcmp(a->locale, b->locale) != 0)
        return "the locale";
    if (strcmp(a->folder, b->folder) != 0)
        return "the working folder";
    if (!has_same_environment(a, b))
        return "the environment";
    if (changed_signal(a, b))
        return "how a signal is taken";
    if (a->umask != b->umask)
        return "the mask of new files";
    if (a->rounding != b->rounding)
        return "the rounding of floating point";
    if (a->traps != b->traps)
        return "what traps in floating point";
    return a->keeps_denormals != b->keeps_denormals ? "denormal numbers" : NULL;
}

static void compare(struct mcd_checking *c, const struct state *before, const char *when)
{
    struct state now;
    take(&now);
    const char *what = difference(before, &now);
    mcd_check_looked(c, 1);
    if (what)
        mcd_check_fail(c, what, "the process is as it was before the plugin was loaded",
                       "after %s %s differs", when, what);
    free(now.environment);
}

/* Files may be open for as long as the plugin needs them. */
void mcd_check_process(struct mcd_checking *c)
{
    struct state before;
    struct mcd_maker m;
    struct mcd_error e = {0};
    void *self;
    take(&before);
    if (mcd_maker_open(c, &m) == 0) {
        compare(c, &before, "loading");
        if (mcd_check_status(c, "create", mcd_maker_create(&m, &self, &e), &e) == 0) {
            compare(c, &before, "creating");
            mcd_maker_destroy(&m, self);
        }
    }
    mcd_maker_close(&m);
    compare(c, &before, "unloading");
    if (count_files() > before.files)
        mcd_check_fail(c, "files", "what was opened is closed", "%d files are left open",
                       count_files() - before.files);
    free(before.environment);
}
