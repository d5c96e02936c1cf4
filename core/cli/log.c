/* Lines on stderr, one at a time, above a status line that is redrawn below them. */
#include "core/cli/log.h"

#include "core/cli/screen.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int threshold = MCD_LOG_INFO;
static char status[512];

void mcd_log_level(int level)
{
    threshold = level;
}

int mcd_log_has_status(void)
{
    const char *term = getenv("TERM");
    return isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

/* A line longer than the terminal is wide would wrap and could not be taken back. */
int mcd_log_columns(void)
{
    return mcd_screen_columns(STDERR_FILENO) - 1;
}

static void draw_status(void)
{
    if (*status)
        fprintf(stderr, "\r%.*s\033[K", mcd_log_columns(), status);
}

static void write_line(const char *before, const char *line)
{
    pthread_mutex_lock(&lock);
    if (*status)
        fputs("\r\033[K", stderr);
    fprintf(stderr, "mcdrop: %s", before);
    for (; *line; line++) /* names of files may hold anything; a terminal would obey it */
        putc((unsigned char)*line < 0x20 || *line == 0x7f ? '?' : *line, stderr);
    putc('\n', stderr);
    draw_status();
    fflush(stderr);
    pthread_mutex_unlock(&lock);
}

void mcd_log_sink_stderr(void *arg, int level, const char *line)
{
    (void)arg;
    static const char *const before[] = {"", "warning: ", "", "debug: "};
    if (level > 0 && level <= threshold)
        write_line(before[level > MCD_LOG_DEBUG ? MCD_LOG_DEBUG : level], line);
}

void mcd_log(int level, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    mcd_log_sink_stderr(NULL, level, line);
}

void mcd_log_error(const struct mcd_error *e)
{
    char line[sizeof e->where + sizeof e->text + 2];
    snprintf(line, sizeof line, "%s%s%s", e->where, *e->where ? ": " : "", e->text);
    write_line("", line);
}

void mcd_log_status(const char *line)
{
    if (!mcd_log_has_status())
        return;
    pthread_mutex_lock(&lock);
    snprintf(status, sizeof status, "%s", line ? line : "");
    if (*status)
        draw_status();
    else
        fputs("\r\033[K", stderr);
    fflush(stderr);
    pthread_mutex_unlock(&lock);
}
