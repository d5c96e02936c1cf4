/* Means by passes of the group, by rows and by sites, and which of them are off. */
#include "core/check/suspects.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { PASSES, ROWS, SITES };

static const uint64_t rows[MCD_SUSPECT_ROWS] = {0, 1, 2, 1000, 70000};
static const uint32_t sites[MCD_SUSPECT_SITES] = {0, 3, 4095};

/* Of what is as it should be, one in a hundred million is farther off. */
static const double STANDARD_ERRORS = 6;

/* Suspects are passes of a group, or runs of them; where groups are single, every 16th of all. */
static uint32_t suspects_of(const struct mcd_asking *a, int kind)
{
    static const uint32_t count[] = {0, MCD_SUSPECT_ROWS, MCD_SUSPECT_SITES};
    if (kind != PASSES)
        return count[kind];
    return a->group > 1 && a->group < MCD_SUSPECT_PASSES ? a->group : MCD_SUSPECT_PASSES;
}

static uint32_t pass_among(const struct mcd_asking *a, uint64_t pass)
{
    if (a->group == 1)
        return (uint32_t)(pass % MCD_SUSPECT_PASSES);
    return (uint32_t)(pass % a->group * suspects_of(a, PASSES) / a->group);
}

struct mcd_look mcd_suspects_look(const struct mcd_asking *a, uint64_t group)
{
    uint32_t row = (uint32_t)(group % MCD_SUSPECT_ROWS);
    uint32_t site = (uint32_t)(group % MCD_SUSPECT_SITES);
    uint64_t pass = mcd_asking_pass(a, group, (uint32_t)group);
    return (struct mcd_look){pass, rows[row], sites[site], {pass_among(a, pass), row, site}};
}

void mcd_suspects_add(struct mcd_suspects *s, const struct mcd_look *look, double value)
{
    for (int kind = 0; kind < MCD_SUSPECT_KINDS; kind++) {
        s->of[kind][look->among[kind]].count++;
        s->of[kind][look->among[kind]].sum += value;
    }
}

static double mean(const struct mcd_suspects *s, int kind, uint32_t i)
{
    uint64_t n = s->of[kind][i].count;
    return n ? s->of[kind][i].sum / (double)n : s->expected;
}

/* How far a mean of n values is from another, in standard errors: infinite where nothing varies. */
static double errors(const struct mcd_suspects *s, double mean, double other, double n)
{
    return mean == other ? 0 : fabs(mean - other) / s->deviation * sqrt(n);
}

static double off(const struct mcd_suspects *s, int kind, uint32_t i)
{
    return errors(s, mean(s, kind, i), s->expected, (double)s->of[kind][i].count);
}

/* Whether one differs from the rest of its kind, and not only from what is expected of all. */
static int stands_out(const struct mcd_suspects *s, int kind, uint32_t i)
{
    double one = (double)s->of[kind][i].count, rest = 0, sum = 0;
    for (uint32_t k = 0; k < suspects_of(s->asking, kind); k++) {
        rest += k == i ? 0 : (double)s->of[kind][k].count;
        sum += k == i ? 0 : s->of[kind][k].sum;
    }
    return errors(s, mean(s, kind, i), sum / rest, one * rest / (one + rest)) > STANDARD_ERRORS;
}

static int name(const struct mcd_asking *a, int kind, uint32_t i, char *text, size_t room)
{
    uint32_t n = suspects_of(a, kind), group = a->group;
    uint32_t first = (i * group + n - 1) / n, last = ((i + 1) * group + n - 1) / n - 1;
    if (kind == ROWS)
        return snprintf(text, room, "row %" PRIu64, rows[i]);
    if (kind == SITES)
        return snprintf(text, room, "site %u", sites[i]);
    if (group == 1)
        return snprintf(text, room, "passes %u, %u, %u and so on", i, i + n, i + 2 * n);
    if (first == last)
        return snprintf(text, room, "pass %u of each group of %u", first, group);
    return snprintf(text, room, "passes %u to %u of each group of %u", first, last, group);
}

/* Says which of a kind are off if one is more so than the others; returns the length. */
static int tell(const struct mcd_suspects *s, int kind, char *text, size_t room)
{
    static const char *const kinds[] = {"passes", "rows", "sites"};
    uint32_t n = suspects_of(s->asking, kind), count = 0, worst = 0;
    char what[80];
    for (uint32_t i = 0; i < n; i++) {
        count += off(s, kind, i) > STANDARD_ERRORS;
        worst = off(s, kind, i) > off(s, kind, worst) ? i : worst;
    }
    if (!stands_out(s, kind, worst))
        return 0;
    name(s->asking, kind, worst, what, sizeof what);
    if (count <= 1)
        return snprintf(text, room, "; off is %s alone: %.4g", what, mean(s, kind, worst));
    return snprintf(text, room, "; off are %u of %u %s%s, the most %s: %.4g", count, n,
                    n < s->asking->group && kind == PASSES ? "runs of " : "", kinds[kind], what,
                    mean(s, kind, worst));
}

void mcd_suspects_tell(const struct mcd_suspects *s, char *text, size_t room)
{
    int used = 0;
    *text = '\0';
    for (int kind = 0; kind < MCD_SUSPECT_KINDS && used < (int)room; kind++)
        used += tell(s, kind, text + used, room - (size_t)used);
    if (!used)
        snprintf(text, room, "; passes, rows and sites are alike in that");
}
