/* The signals that ask to stop. */
#include "core/cli/stop.h"

#include "core/cli/exit.h"
#include "core/cli/log.h"

#include <unistd.h>

volatile sig_atomic_t mcd_stop;
static volatile sig_atomic_t has_begun, has_status;

static void say(const char *text, size_t size)
{
    static const char clear[] = "\r\033[K";
    ssize_t written = has_status ? write(STDERR_FILENO, clear, sizeof clear - 1) : 0;
    written += write(STDERR_FILENO, text, size);
    (void)written;
}

/* Only what may be called in a handler. SA_RESETHAND leaves a second signal its usual meaning. */
static void on_signal(int number)
{
    static const char asks[] = "mcdrop: stopping after this step; once more to stop at once\n";
    static const char ends[] = "mcdrop: interrupted\n";
    (void)number;
    mcd_stop = 1;
    if (!has_begun) {
        say(ends, sizeof ends - 1);
        _exit(MCD_EXIT_INTERRUPTED);
    }
    say(asks, sizeof asks - 1);
}

void mcd_stop_install(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESETHAND | SA_RESTART};
    has_status = mcd_log_has_status();
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like a full disk */
}

void mcd_stop_begin(void)
{
    has_begun = 1;
}
