/* The signals that ask to stop. */
#include "core/cli/stop.h"

#include <unistd.h>

volatile sig_atomic_t mcd_stop;

/* Only what may be called in a handler. SA_RESETHAND leaves a second signal its usual meaning. */
static void on_signal(int number)
{
    static const char text[] = "\nmcdrop: stopping after this step; once more to stop at once\n";
    (void)number;
    mcd_stop = 1;
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    (void)written;
}

void mcd_stop_install(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESETHAND | SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like a full disk */
}
