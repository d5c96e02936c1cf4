/* Starts gnuplot, listens to what it complains of, and waits for it, but not for ever. */
#include "core/figure/gnuplot.h"

#include "core/base/error.h"
#include "core/io/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { HEARD = 4096 };

struct child {
    pid_t pid;
    int pipe; /* what it prints */
    char heard[HEARD];
    size_t length;
};

const char *mcd_gnuplot_program(void)
{
    const char *chosen = getenv("MCDROP_GNUPLOT");
    return chosen && *chosen ? chosen : "gnuplot";
}

/* In a group of its own, so that what it may start itself can be ended with it. */
static int spawn(struct child *c, const char *folder, char *const *argv, int out)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int reason = posix_spawn_file_actions_init(&files);
    if (reason)
        return reason;
    if ((reason = posix_spawnattr_init(&attributes))) {
        posix_spawn_file_actions_destroy(&files);
        return reason;
    }
    if (!(reason = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP)) &&
        !(reason = posix_spawn_file_actions_addchdir_np(&files, folder)) &&
        !(reason = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)) &&
        !(reason = posix_spawn_file_actions_adddup2(&files, out, 1)) &&
        !(reason = posix_spawn_file_actions_adddup2(&files, out, 2)))
        reason = posix_spawn(&c->pid, argv[0], &files, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return reason;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Until everything is said (1) or the time is up (0); what is beyond the room is passed over. */
static int listen_until(struct child *c, double deadline)
{
    for (;;) {
        struct pollfd p = {.fd = c->pipe, .events = POLLIN};
        double left = deadline - now();
        if (left <= 0)
            return 0;
        int ready = poll(&p, 1, (int)(left * 1000) + 1);
        if (ready < 0 && errno != EINTR)
            return 1;
        if (ready <= 0)
            continue;
        char chunk[1024];
        ssize_t n = read(c->pipe, chunk, sizeof chunk);
        if (n <= 0 && !(n < 0 && errno == EINTR))
            return 1;
        for (ssize_t i = 0; i < n && c->length < HEARD - 1; i++)
            c->heard[c->length++] = chunk[i];
    }
}

/* The wait status; -1 if the time is up: then it has been ended. */
static int wait_until(struct child *c, double deadline)
{
    int status = 0;
    pid_t done = 0;
    int heard = listen_until(c, deadline);
    while ((done = waitpid(c->pid, &status, WNOHANG)) != c->pid && now() < deadline) {
        if (done < 0 && errno != EINTR)
            return -1;
        nanosleep(&(struct timespec){0, 5000000}, NULL);
    }
    if (done == c->pid && heard)
        return status;
    kill(-c->pid, SIGKILL);
    while (done != c->pid && waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
        ;
    return -1;
}

/* On one line, without repeated blanks; the end of what is long, where the reason stands. */
static const char *on_one_line(struct child *c)
{
    size_t to = 0;
    for (size_t i = 0; i < c->length; i++) {
        unsigned char byte = (unsigned char)c->heard[i];
        char shown = byte < ' ' || byte >= 0x7f ? ' ' : (char)byte;
        if (shown != ' ' || (to > 0 && c->heard[to - 1] != ' '))
            c->heard[to++] = shown;
    }
    while (to > 0 && c->heard[to - 1] == ' ')
        to--;
    c->heard[to] = '\0';
    return to == 0 ? "it said nothing" : to > 250 ? c->heard + to - 250 : c->heard;
}

static int judge(struct child *c, int status, int seconds, const char *script, struct mcd_error *e)
{
    struct mcd_place place = mcd_place_file(script);
    const char *where = place.text, *heard = on_one_line(c);
    if (status == -1)
        return mcd_fail(e, MCD_IO, where, "%s did not end within %d seconds: %s",
                        mcd_gnuplot_program(), seconds, heard);
    if (WIFSIGNALED(status))
        return mcd_fail(e, MCD_IO, where, "%s was ended by signal %d: %s", mcd_gnuplot_program(),
                        WTERMSIG(status), heard);
    if (WEXITSTATUS(status))
        return mcd_fail(e, MCD_IO, where, "%s ended with status %d: %s", mcd_gnuplot_program(),
                        WEXITSTATUS(status), heard);
    return MCD_OK;
}

/* DIRECTORY/NAME, absolute, because it will be started in another folder; 0 if there is none. */
static int find_in(const char *directory, size_t length, const char *name, char path[PATH_MAX])
{
    char one[PATH_MAX];
    int n = snprintf(one, sizeof one, "%.*s/%s", (int)length, length ? directory : ".", name);
    return n > 0 && n < (int)sizeof one && access(one, X_OK) == 0 && realpath(one, path) != NULL;
}

/*
 * A name with a slash is a path, any other one is looked for in PATH. Looked for here rather than
 * by posix_spawnp, which may have nothing but an exit status to say that there was none.
 */
static int find_program(char path[PATH_MAX])
{
    const char *program = mcd_gnuplot_program(), *places = getenv("PATH");
    if (strchr(program, '/'))
        return realpath(program, path) != NULL;
    for (places = places ? places : "/usr/local/bin:/usr/bin:/bin";; places++) {
        size_t length = strcspn(places, ":");
        if (find_in(places, length, program, path))
            return 1;
        places += length;
        if (!*places)
            return 0;
    }
}

int mcd_gnuplot_run(const char *folder, const char *settings, const char *script, int seconds,
                    int *missing, struct mcd_error *e)
{
    struct child c = {.length = 0};
    char program[PATH_MAX], defaults[] = "-d", command[] = "-e";
    int ends[2];
    char *argv[] = {program, defaults, command, (char *)settings, (char *)script, NULL};
    *missing = !find_program(program);
    if (*missing)
        return MCD_OK;
    if (access(program, X_OK) != 0 || pipe2(ends, O_CLOEXEC) != 0)
        return mcd_fail(e, MCD_IO, mcd_gnuplot_program(), "cannot be started: %s", strerror(errno));
    int reason = spawn(&c, folder, argv, ends[1]), status = 0;
    close(ends[1]);
    c.pipe = ends[0];
    if (!reason)
        status = wait_until(&c, now() + seconds);
    close(ends[0]);
    if (reason)
        return mcd_fail(e, reason == ENOMEM ? MCD_NOMEM : MCD_IO, mcd_gnuplot_program(),
                        "cannot be started: %s", strerror(reason));
    return judge(&c, status, seconds, script, e);
}
