/* The text of a progress bar, and when it is due. */
#include "core/cli/progress.h"

#include "core/cli/log.h"

#include <stdio.h>
#include <time.h>

enum { BAR_WIDTH = 24 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void mcd_progress_start(struct mcd_progress *p, const char *what, const char *unit, uint64_t total,
                        uint64_t first)
{
    double time = now();
    *p = (struct mcd_progress){.what = what,
                               .unit = unit,
                               .total = total,
                               .first = first,
                               .started = time,
                               .shown = time,
                               .is_terminal = mcd_log_has_status()};
}

/* "1:02:03", "2:03". */
static const char *show_time(double seconds, char text[32])
{
    double whole = seconds < 3.6e8 ? seconds : 3.6e8;
    long s = (long)(whole + 0.5);
    if (s >= 3600)
        snprintf(text, 32, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(text, 32, "%ld:%02ld", s / 60, s % 60);
    return text;
}

static void show_bar(const struct mcd_progress *p, uint64_t done, char bar[BAR_WIDTH + 3])
{
    int full = p->total ? (int)((double)done / (double)p->total * BAR_WIDTH) : BAR_WIDTH;
    if (full > BAR_WIDTH)
        full = BAR_WIDTH;
    memset(bar, '.', BAR_WIDTH + 2);
    memset(bar + 1, '#', (size_t)full);
    bar[0] = '[';
    bar[BAR_WIDTH + 1] = ']';
    bar[BAR_WIDTH + 2] = '\0';
}

static void show(const struct mcd_progress *p, double time, uint64_t done, const char *note)
{
    char bar[BAR_WIDTH + 3] = "", left[32] = "?", line[512];
    double rate = (double)(done - p->first) / (time - p->started);
    if (rate > 0 && done <= p->total)
        show_time((double)(p->total - done) / rate, left);
    if (p->is_terminal && mcd_log_columns() >= 3 * BAR_WIDTH) /* figures come before it */
        show_bar(p, done, bar);
    snprintf(line, sizeof line, "%s %s%s%3.0f %%  %llu/%llu %s  %.*f/s  %s left%s%s", p->what, bar,
             *bar ? " " : "", p->total ? 100.0 * (double)done / (double)p->total : 100.0,
             (unsigned long long)done, (unsigned long long)p->total, p->unit, rate < 10 ? 1 : 0,
             rate, left, note ? "  " : "", note ? note : "");
    if (p->is_terminal)
        mcd_log_status(line);
    else
        mcd_log(MCD_LOG_INFO, "%s", line);
}

void mcd_progress_update(struct mcd_progress *p, uint64_t done, const char *note)
{
    double time = now(), interval = p->is_terminal ? 0.1 : 10;
    if (time - p->shown < interval || done < p->first)
        return;
    p->shown = time;
    show(p, time, done, note);
}

void mcd_progress_step(void *progress, uint64_t done, uint64_t of)
{
    struct mcd_progress *p = progress;
    p->total = of;
    mcd_progress_update(p, done, NULL);
}

void mcd_progress_end(struct mcd_progress *p)
{
    if (p->is_terminal)
        mcd_log_status(NULL);
}
