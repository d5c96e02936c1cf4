/* Forked children, their results through a pipe and what they print in a file without a name. */
#include "core/check/isolate.h"

#include "core/base/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- the child --------------------------------------------------------------------------- */

/* Memory that a child has in common with its parent; NULL in processes that are no child. */
static char *doing;

void mcd_isolate_doing(const char *what)
{
    if (doing)
        snprintf(doing, MCD_DOING, "%s", what);
}

static uint32_t count_threads(void)
{
    uint32_t n = 0;
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks)
        return 1;
    for (struct dirent *d; (d = readdir(tasks));)
        n += d->d_name[0] != '.';
    closedir(tasks);
    return n;
}

/* Threads of this process; those that have ended but not yet gone get half a second to go. */
static uint32_t wait_for_threads(uint32_t expected)
{
    uint32_t n = count_threads();
    for (int i = 0; n > expected && i < 50; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        n = count_threads();
    }
    return n;
}

static void write_all(int to, const void *from, size_t bytes)
{
    const char *p = from;
    for (ssize_t n; bytes > 0; p += n, bytes -= (size_t)n) {
        n = write(to, p, bytes);
        if (n < 0 && errno != EINTR)
            _exit(EXIT_FAILURE);
        n = n < 0 ? 0 : n;
    }
}

/*
 * The child ends with its parent, leaves no core file, and neither reads nor shows anything. A
 * crash ends it, whatever its parent does about crashes.
 */
static void settle(pid_t parent, int printed)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
    const struct rlimit none = {0, 0};
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
        signal(crashes[i], SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CORE, &none);
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (getppid() != parent || nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 ||
        dup2(printed, STDOUT_FILENO) < 0 || dup2(printed, STDERR_FILENO) < 0)
        _exit(EXIT_FAILURE);
    close(nothing);
}

/* What parent and child have in common. */
struct channel {
    int end[2];    /* of the pipe for results */
    int printed;   /* an open file */
    char *message; /* the parent's room for arg and the number of threads */
    char *doing;   /* MCD_DOING bytes of shared memory */
};

static _Noreturn void run_child(void (*f)(void *), void *arg, size_t bytes, int results)
{
    uint32_t before = count_threads();
    f(arg);
    fflush(NULL);
    uint32_t left = wait_for_threads(before) - before;
    write_all(results, arg, bytes);
    write_all(results, &left, sizeof left);
    _exit(EXIT_SUCCESS);
}

/* ---- the parent -------------------------------------------------------------------------- */

/* Whether a child that began at `start` has not used up its limit. */
static int has_time(pid_t pid, double start, double limit)
{
    clockid_t clock;
    struct timespec used;
    if (seconds() - start >= MCD_ISOLATE_PATIENCE * limit)
        return 0;
    return clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0 ||
           (double)used.tv_sec + 1e-9 * (double)used.tv_nsec < limit;
}

/* Reads until the end, until `bytes` are there, or until the writer's time is up: 0. */
static int read_all(int from, char *to, size_t bytes, size_t *got, pid_t writer, double limit)
{
    enum { LOOK_MS = 50 };
    struct pollfd p = {.fd = from, .events = POLLIN};
    double start = seconds();
    for (*got = 0; *got < bytes;) {
        if (!has_time(writer, start, limit))
            return 0;
        if (poll(&p, 1, LOOK_MS) <= 0)
            continue;
        ssize_t n = read(from, to + *got, bytes - *got);
        if (n == 0 || (n < 0 && errno != EINTR))
            break;
        *got += n > 0 ? (size_t)n : 0;
    }
    return 1;
}

static void read_printed(int from, char *text, size_t room)
{
    ssize_t n = pread(from, text, room - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    for (char *c = text; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    if (n > 0 && !*text) /* an empty line is output, too */
        snprintf(text, room, "an empty line");
}

static int wait_for(pid_t pid, size_t *peak)
{
    struct rusage usage = {0};
    int status = 0;
    while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR)
        ;
    *peak = (size_t)usage.ru_maxrss * 1024;
    return status;
}

/*
 * Returns 1 if the whole message came, which says what f found whatever became of the child then.
 */
static int follow(pid_t pid, int results, char *message, size_t bytes, double limit,
                  struct mcd_isolated *how)
{
    size_t got, peak;
    int in_time = read_all(results, message, bytes, &got, pid, limit);
    if (!in_time)
        kill(pid, SIGKILL);
    int status = wait_for(pid, &peak);
    if (!in_time)
        how->ending = MCD_TIMED_OUT;
    else if (WIFSIGNALED(status))
        *how = (struct mcd_isolated){.ending = MCD_SIGNALLED, .code = WTERMSIG(status)};
    else if (got < bytes || WEXITSTATUS(status) != 0)
        *how = (struct mcd_isolated){.ending = MCD_EXITED, .code = WEXITSTATUS(status)};
    else
        how->ending = MCD_RETURNED;
    how->peak = peak;
    return got == bytes;
}

static int run(void (*f)(void *), void *arg, size_t bytes, double limit, struct channel *c,
               struct mcd_isolated *how)
{
    pid_t parent = getpid();
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        return -1;
    if (pid == 0) {
        free(c->message);
        doing = c->doing;
        settle(parent, c->printed);
        run_child(f, arg, bytes, c->end[1]);
    }
    close(c->end[1]);
    c->end[1] = -1;
    if (follow(pid, c->end[0], c->message, bytes + sizeof how->threads, limit, how)) {
        memcpy(arg, c->message, bytes);
        memcpy(&how->threads, c->message + bytes, sizeof how->threads);
    }
    read_printed(c->printed, how->printed, sizeof how->printed);
    snprintf(how->doing, sizeof how->doing, "%.*s", MCD_DOING - 1, c->doing);
    return 0;
}

static int channel_open(struct channel *c, size_t bytes)
{
    *c = (struct channel){.end = {-1, -1}, .printed = memfd_create("printed", MFD_CLOEXEC)};
    c->message = malloc(bytes);
    c->doing = mmap(NULL, MCD_DOING, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (c->doing == MAP_FAILED)
        c->doing = NULL;
    return c->message && c->doing && c->printed >= 0 && pipe2(c->end, O_CLOEXEC) == 0 ? 0 : -1;
}

static void channel_close(struct channel *c)
{
    for (int i = 0; i < 2; i++)
        if (c->end[i] >= 0)
            close(c->end[i]);
    if (c->printed >= 0)
        close(c->printed);
    if (c->doing)
        munmap(c->doing, MCD_DOING);
    free(c->message);
}

int mcd_isolate(void (*f)(void *arg), void *arg, size_t bytes, double limit,
                struct mcd_isolated *how, struct mcd_error *e)
{
    struct channel c;
    *how = (struct mcd_isolated){0};
    int failed = channel_open(&c, bytes + sizeof how->threads) != 0 ||
                 run(f, arg, bytes, limit, &c, how) != 0;
    if (failed)
        mcd_fail(e, MCD_IO, "", "no process to be had: %s", strerror(errno));
    channel_close(&c);
    return failed ? MCD_IO : MCD_OK;
}
