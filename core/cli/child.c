/* Commands in processes of their own. */
#include "core/cli/child.h"

#include "core/base/error.h"
#include "core/cli/command.h"
#include "core/cli/exit.h"
#include "core/cli/log.h"
#include "core/io/place.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- signals ----------------------------------------------------------------------------- */

static volatile sig_atomic_t interrupted;
static volatile pid_t running; /* 0: none */

/* A terminal sends to the whole foreground; what a process sends has come to the caller alone. */
static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)context;
    interrupted = 1;
    if (running > 0 && info->si_code <= 0)
        kill(running, number);
}

void mcd_child_watch(void)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int mcd_child_interrupted(void)
{
    return interrupted;
}

static void block(int how)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(how, &set, NULL);
}

/* While both are blocked: one that came before the fork has not reached the child. */
static void pass_on_pending(pid_t pid)
{
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    if (interrupted || sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM))
        kill(pid, SIGTERM);
}

/* ---- the child --------------------------------------------------------------------------- */

static int call(const char *const *word, size_t words)
{
    char title[64], *argv[MCD_CHILD_WORDS + 1];
    const struct mcd_command *c = mcd_commands;
    while (c->name && strcmp(c->name, word[0]) != 0)
        c++;
    if (!c->name) {
        struct mcd_error e = {0};
        mcd_fail(&e, MCD_INVALID, word[0], "there is no such command in this program");
        mcd_log_error(&e);
        return MCD_EXIT_USAGE;
    }
    snprintf(title, sizeof title, "mcdrop %s", word[0]);
    words = words < MCD_CHILD_WORDS ? words : MCD_CHILD_WORDS;
    argv[0] = title;
    for (size_t i = 1; i < words; i++) /* commands may write into their words */
        if (!(argv[i] = strdup(word[i])))
            return MCD_EXIT_FAILURE;
    argv[words] = NULL;
    return c->run((int)words, argv);
}

static _Noreturn void run_child(const struct mcd_child *c, int err, pid_t parent,
                                const char *const *word, size_t words)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(MCD_EXIT_FAILURE);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    block(SIG_UNBLOCK);
    int out = c->out ? fileno(c->out) : open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (dup2(err, STDERR_FILENO) < 0 || out < 0 || dup2(out, STDOUT_FILENO) < 0) {
        perror("mcdrop");
        _exit(MCD_EXIT_FAILURE);
    }
    mcd_log_level(MCD_LOG_INFO);
    exit(call(word, words));
}

/* ---- the caller -------------------------------------------------------------------------- */

static void take_line(struct mcd_child *c, FILE *log, const char *line)
{
    static const char prefix[] = "mcdrop: ";
    fprintf(log, "%s\n", line);
    fflush(log);
    if (strncmp(line, prefix, sizeof prefix - 1) == 0)
        line += sizeof prefix - 1;
    if (*line && strncmp(line, "Try `", 5) != 0) /* argp's advice below an error */
        snprintf(c->last, sizeof c->last, "%.*s", (int)sizeof c->last - 1, line);
    if (c->on_line)
        c->on_line(c->arg, line);
}

/* Until the child and whatever it started have closed their end. Longer lines come in pieces. */
static void listen(struct mcd_child *c, int fd, FILE *log)
{
    char line[1200];
    size_t n = 0;
    char piece[512];
    for (ssize_t got; (got = read(fd, piece, sizeof piece)) != 0;) {
        if (got < 0 && errno != EINTR)
            break;
        for (ssize_t i = 0; i < got; i++) {
            if (piece[i] != '\n' && n + 1 < sizeof line) {
                line[n++] = piece[i];
                continue;
            }
            line[n] = '\0';
            n = 0;
            take_line(c, log, line);
        }
    }
    line[n] = '\0';
    if (n)
        take_line(c, log, line);
}

static int wait_for(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    running = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int start(struct mcd_child *c, FILE *log, const char *const *word, size_t words,
                 int *exit_status)
{
    int pipe_end[2];
    pid_t parent = getpid();
    if (pipe2(pipe_end, O_CLOEXEC) != 0)
        return -1;
    fflush(NULL);
    block(SIG_BLOCK);
    pid_t pid = fork();
    if (pid == 0)
        run_child(c, pipe_end[1], parent, word, words);
    running = pid;
    if (pid > 0)
        pass_on_pending(pid);
    block(SIG_UNBLOCK);
    close(pipe_end[1]);
    if (pid > 0) {
        listen(c, pipe_end[0], log);
        *exit_status = wait_for(pid);
    }
    close(pipe_end[0]);
    return pid > 0 ? 0 : -1;
}

int mcd_child_run(struct mcd_child *c, const char *const *word, size_t words, int *exit_status,
                  struct mcd_error *e)
{
    FILE *log = fopen(c->log, "ae");
    *c->last = '\0';
    if (!log)
        return mcd_fail(e, MCD_IO, mcd_place_file(c->log).text, "cannot be written: %s",
                        strerror(errno));
    fprintf(log, "$ %s\n", c->title);
    int failed = start(c, log, word, words, exit_status);
    if (failed)
        mcd_fail(e, MCD_IO, word[0], "no process to be had: %s", strerror(errno));
    fclose(log);
    return failed ? MCD_IO : MCD_OK;
}
