/* What the sampler's reports say of each chain, and the verdict on all. */
#include "core/stats/diagnostics.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

/*
 * Chains on one mode have mean log densities that differ by small parts of their spread, which is
 * about sqrt(dimension / 2); ten times the spread of both is another mode.
 */
static const double APART = 10;

static const double MOST_RHAT = 1.01, LEAST_BFMI = 0.3, LEAST_SIZE = 100; /* size: for each chain */

static void examine_one(uint32_t draws, const struct mcd_transition *each, uint32_t max_depth,
                        struct mcd_chain_health *out)
{
    double energy = 0, moves = 0, spread = 0, squares = 0;
    *out = (struct mcd_chain_health){0};
    for (uint32_t i = 0; i < draws; i++) {
        out->log_density += each[i].log_density / draws;
        out->accept += each[i].accept / draws;
        energy += each[i].energy / draws;
        out->divergent += each[i].divergent;
        out->saturated += max_depth > 0 && each[i].depth >= max_depth;
        out->steps += each[i].steps;
    }
    for (uint32_t i = 0; i < draws; i++) {
        double off = each[i].log_density - out->log_density, from = each[i].energy - energy;
        double move = i ? each[i].energy - each[i - 1].energy : 0;
        squares += off * off / draws;
        spread += from * from;
        moves += move * move;
    }
    out->log_density_sd = sqrt(squares);
    out->bfmi = moves / spread; /* Betancourt, arXiv:1604.00695, equation 1 */
}

void mcd_chains_examine(uint32_t chains, uint32_t draws, const struct mcd_transition *const *each,
                        uint32_t max_depth, struct mcd_chain_health *out)
{
    uint32_t best = 0;
    for (uint32_t c = 0; c < chains; c++) {
        examine_one(draws, each[c], max_depth, &out[c]);
        if (out[c].log_density > out[best].log_density)
            best = c;
    }
    for (uint32_t c = 0; c < chains; c++) {
        double spread = hypot(out[c].log_density_sd, out[best].log_density_sd);
        out[c].behind = out[best].log_density - out[c].log_density;
        out[c].trapped = c != best && out[c].behind > APART * spread;
    }
}

/* The line under construction. */
struct line {
    char *text;
    size_t size, used;
    int bad;
};

static void add(struct line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct line *l, const char *format, ...)
{
    va_list args;
    if (l->used >= l->size)
        return;
    if (l->used) {
        int written = snprintf(l->text + l->used, l->size - l->used, "; ");
        l->used += (size_t)written;
    }
    if (l->used >= l->size)
        return;
    va_start(args, format);
    l->used += (size_t)vsnprintf(l->text + l->used, l->size - l->used, format, args);
    va_end(args);
}

static void judge_chains(struct line *l, uint32_t chains, const struct mcd_chain_health *h)
{
    uint32_t divergent = 0;
    for (uint32_t c = 0; c < chains; c++) {
        divergent += h[c].divergent;
        l->bad |= h[c].trapped || !(h[c].bfmi >= LEAST_BFMI);
        if (h[c].trapped)
            add(l, "chain %u is trapped: its mean log density is %.1f below the best chain's",
                c + 1, h[c].behind);
        if (!(h[c].bfmi >= LEAST_BFMI))
            add(l, "chain %u has E-BFMI %.2f, expected at least %.1f", c + 1, h[c].bfmi,
                LEAST_BFMI);
    }
    l->bad |= divergent > 0;
    if (divergent)
        add(l, "%u divergent transition%s", divergent, divergent == 1 ? "" : "s");
}

/* A quantity that does not move has no R-hat, or one that no decimals can hold. */
static void judge_rhat(struct line *l, double rhat, const char *name)
{
    if (!isfinite(rhat))
        add(l, "%s does not move in some chain: it has no R-hat", name);
    else if (rhat >= MOST_RHAT)
        add(l,
            rhat < 1000 ? "%s has R-hat %.3f, expected below %.2f"
                        : "%s has R-hat %.3g, expected below %.2f",
            name, rhat, MOST_RHAT);
}

static void judge_quantities(struct line *l, uint32_t chains, uint32_t quantities,
                             const struct mcd_diagnosis *d, const char *const *name)
{
    for (uint32_t i = 0; i < quantities; i++) {
        double size = d[i].ess_bulk < d[i].ess_tail ? d[i].ess_bulk : d[i].ess_tail;
        int mixed = d[i].rhat < MOST_RHAT, enough = size >= LEAST_SIZE * chains;
        l->bad |= !mixed || !enough;
        judge_rhat(l, d[i].rhat, name[i]);
        if (mixed && !enough)
            add(l, "%s has %.0f effective draws, expected %.0f", name[i], size,
                LEAST_SIZE * chains);
    }
}

int mcd_chains_verdict(uint32_t chains, const struct mcd_chain_health *h, uint32_t quantities,
                       const struct mcd_diagnosis *d, const char *const *name, char *text,
                       size_t size)
{
    struct line l = {text, size, 0, 0};
    uint32_t saturated = 0;
    if (h)
        judge_chains(&l, chains, h);
    judge_quantities(&l, chains, quantities, d, name);
    for (uint32_t c = 0; h && c < chains; c++)
        saturated += h[c].saturated;
    if (!l.bad)
        add(&l, "converged");
    if (saturated)
        add(&l, "%u transition%s reached the largest depth", saturated, saturated == 1 ? "" : "s");
    return !l.bad;
}
