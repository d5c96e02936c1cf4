/* A band on a grid of characters. */
#include "core/cli/band.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 15, LABEL = 11, FRAME = LABEL + 2, MOST = 120, EMPTY = 0, BAND, MEAN };

/* What a column of the plot has to show: the least and largest of its points. */
struct column {
    double mean_low, mean_high, low, high;
};

struct plot {
    struct column column[MOST];
    unsigned char cell[LINES][MOST]; /* EMPTY, BAND or MEAN; line 0 is at the top */
    int width;
    double low, high; /* values at the lower and upper edge */
};

static void take(struct column *c, double mean, double sd)
{
    if (!isfinite(mean) || !isfinite(mean - 2 * sd) || !isfinite(mean + 2 * sd))
        return;
    c->mean_low = fmin(c->mean_low, mean);
    c->mean_high = fmax(c->mean_high, mean);
    c->low = fmin(c->low, mean - 2 * sd);
    c->high = fmax(c->high, mean + 2 * sd);
}

/* Neighbours share a column where there are more than columns; else each has several. */
static void collect(struct plot *p, const struct mcd_band *b)
{
    p->low = HUGE_VAL;
    p->high = -HUGE_VAL;
    for (int i = 0; i < p->width; i++) {
        struct column *c = &p->column[i];
        int64_t from = i * b->count / p->width, to = (i + 1) * b->count / p->width;
        *c = (struct column){HUGE_VAL, -HUGE_VAL, HUGE_VAL, -HUGE_VAL};
        for (int64_t at = from; at < to || at == from; at++)
            take(c, b->mean[at], b->sd[at]);
        p->low = fmin(p->low, c->low);
        p->high = fmax(p->high, c->high);
    }
}

/* Halves, because a difference may exceed what a double can hold. */
static int line_of(const struct plot *p, double y)
{
    double share = (y / 2 - p->low / 2) / (p->high / 2 - p->low / 2);
    int line = (int)((1 - share) * LINES);
    return line < LINES ? line : LINES - 1;
}

static void fill(struct plot *p)
{
    for (int i = 0; i < p->width; i++) {
        const struct column *c = &p->column[i];
        if (c->low > c->high)
            continue;
        for (int line = line_of(p, c->high); line <= line_of(p, c->low); line++)
            p->cell[line][i] = BAND;
        for (int line = line_of(p, c->mean_high); line <= line_of(p, c->mean_low); line++)
            p->cell[line][i] = MEAN;
    }
}

static void print_line(FILE *out, const struct plot *p, int line, int utf8)
{
    static const char *const mark[2][3] = {{" ", ".", "#"}, {" ", "░", "█"}};
    int end = p->width;
    while (end > 0 && p->cell[line][end - 1] == EMPTY)
        end--;
    if (line % ((LINES - 1) / 2) == 0) { /* top, middle, bottom: the middle of the line's values */
        double share = 1 - (line + 0.5) / LINES;
        fprintf(out, "%*.4g ", LABEL, p->low * (1 - share) + p->high * share);
    } else {
        fprintf(out, "%*s ", LABEL, "");
    }
    fputs(utf8 ? "│" : "|", out);
    for (int i = 0; i < end; i++)
        fputs(mark[utf8][p->cell[line][i]], out);
    putc('\n', out);
}

static void print(FILE *out, const struct plot *p, const struct mcd_band *b, int utf8)
{
    char first[32], last[32];
    for (int line = 0; line < LINES; line++)
        print_line(out, p, line, utf8);
    snprintf(first, sizeof first, "%.4g", b->first);
    snprintf(last, sizeof last, "%.4g", b->last);
    int between = p->width - (int)strlen(first);
    fprintf(out, "%*s%s%*s\n", FRAME, "", first, between > 0 ? between : 0, last);
}

void mcd_band_print(FILE *out, const struct mcd_band *b, int columns, int utf8)
{
    struct plot p = {.width = columns - FRAME < MOST ? columns - FRAME : MOST};
    if (b->count < 1 || p.width < 1)
        return;
    collect(&p, b);
    if (p.low > p.high)
        return;
    if (!(p.high > p.low)) { /* a level line without a band: room around it */
        double room = p.low != 0 ? fabs(p.low) / 2 : 1;
        p.low -= room;
        p.high += room;
    }
    fill(&p);
    print(out, &p, b, utf8 != 0);
}
