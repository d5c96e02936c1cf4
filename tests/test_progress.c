/* core/cli/progress.c, log.c: a bar that a terminal can take back, plain lines elsewhere. */
#include "core/cli/log.h"
#include "core/cli/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Behind the headers above, whose inline functions use a member called fail. */
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char seen[4096];

/*
 * Reads what has arrived. A terminal passes bytes on when the kernel has time: until it is quiet.
 */
static void take(int from)
{
    struct pollfd ready = {.fd = from, .events = POLLIN};
    size_t size = 0;
    while (size < sizeof seen - 1 && poll(&ready, 1, size > 0 ? 300 : 10000) > 0) {
        ssize_t n = read(from, seen + size, sizeof seen - 1 - size);
        assert_true(n > 0);
        size += (size_t)n;
    }
    assert_true(size > 0);
    seen[size] = '\0';
}

/* What a job with one log line in its middle writes to stderr while that is `file`. */
static void watch(int file, int from)
{
    int saved = dup(STDERR_FILENO);
    struct mcd_progress p;
    assert_true(dup2(file, STDERR_FILENO) >= 0);
    mcd_progress_start(&p, "training", "images", 200, 50);
    mcd_progress_update(&p, 60, NULL); /* too early to be shown */
    p.started -= 20;
    p.shown -= 20;
    mcd_progress_update(&p, 100, "loss 0.5");
    mcd_log(MCD_LOG_WARNING, "careful");
    mcd_log(MCD_LOG_DEBUG, "not to be seen");
    mcd_progress_end(&p);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    take(from);
}

static void lines_go_to_a_pipe(void **state)
{
    (void)state;
    int end[2];
    assert_int_equal(pipe(end), 0);
    watch(end[1], end[0]);
    close(end[0]);
    close(end[1]);
    assert_string_equal(seen, "mcdrop: training  50 %  100/200 images  2.5/s  0:40 left  loss 0.5\n"
                              "mcdrop: warning: careful\n");
}

static int open_terminal(int *user)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0)
        return -1;
    *user = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    return *user < 0 ? -1 : terminal;
}

static void a_bar_goes_to_a_terminal(void **state)
{
    (void)state;
    int user, terminal = open_terminal(&user);
    if (terminal < 0)
        return;
    setenv("TERM", "vt100", 1);
    watch(user, terminal);
    assert_string_equal(
        seen,
        "\rtraining [############............]  50 %  100/200 images  2.5/s  0:40 left  lo\033[K"
        "\r\033[Kmcdrop: warning: careful\r\n"
        "\rtraining [############............]  50 %  100/200 images  2.5/s  0:40 left  lo\033[K"
        "\r\033[K");
    setenv("TERM", "dumb", 1);
    watch(user, terminal);
    assert_non_null(strstr(seen, "mcdrop: training  50 %"));
    close(user);
    close(terminal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_go_to_a_pipe),
        cmocka_unit_test(a_bar_goes_to_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
