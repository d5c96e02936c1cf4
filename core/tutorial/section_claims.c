/* What the tutorial claims, beside what was seen here. */
#include "core/tutorial/sections.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The spread that the answer was judged by, in words. */
static const char *show_spread(const struct mcd_claim *c, const char *of_one, char text[120])
{
    if (c->runs > 1)
        snprintf(text, 120, "sd %.3g over %zu seeds, margin %.3g", c->sd, c->runs, c->margin);
    else if (c->error > 0)
        snprintf(text, 120, "%s error %.2g, one network", of_one, c->error);
    else
        snprintf(text, 120, c->runs ? "one seed: none" : "-");
    return text;
}

/* ---- errors ------------------------------------------------------------------------------ */

/*
 * That the second has fewer errors than the first, seed by seed, in the end; with `epochs`, after
 * so many of them. Errors that still fall, by the same rule, say nothing about where they will end:
 * against a claim they do not count.
 */
static void fewer(struct mcd_paper *p, const char *claim, int more, int less, int epochs, int ties)
{
    struct mcd_reading_errors a[MCD_CLAIM_RUNS], b[MCD_CLAIM_RUNS];
    size_t n = mcd_section_errors(p, more, epochs, a), m = mcd_section_errors(p, less, epochs, b);
    struct mcd_claim c = {.ties = ties, .runs = n < m ? n : m}, falling = {.runs = c.runs};
    char seen[200], spread[120], claimed[120], when[40] = "";
    double mean = 0;
    for (size_t i = 0; i < c.runs; i++) {
        c.seen[i] = a[i].final - b[i].final;
        falling.seen[i] = b[i].fall;
        mean += b[i].final / (double)c.runs;
    }
    if (!c.runs)
        return;
    mcd_claim_judge(&c);
    mcd_claim_judge(&falling);
    int unfinished = c.answer == MCD_CLAIM_FAILS && falling.answer == MCD_CLAIM_HOLDS;
    if (epochs)
        snprintf(when, sizeof when, " after %d epochs", epochs);
    snprintf(claimed, sizeof claimed, "%s %s %s%s", mcd_plan_nets[less].label,
             ties ? "at most as many errors as" : "fewer errors than", mcd_plan_nets[more].label,
             when);
    snprintf(seen, sizeof seen, "%.1f against %.1f: %.1f %s%s", mean, mean + c.mean, fabs(c.mean),
             c.mean >= 0 ? "fewer" : "more", unfinished ? ", and still falling" : "");
    mcd_paper_claim(p, claim, claimed, seen, show_spread(&c, "", spread),
                    mcd_claim_word(unfinished ? MCD_CLAIM_OPEN : c.answer));
}

/* ---- bands ------------------------------------------------------------------------------- */

static void opens(struct mcd_paper *p, const char *claim, int fit, int below)
{
    struct mcd_claim c = {.bound = 2, .below = below, .runs = 1};
    char seen[120], spread[120];
    c.seen[0] = mcd_section_band_ratio(p, fit, &c.error);
    if (!isfinite(c.seen[0]))
        return;
    mcd_claim_judge(&c);
    snprintf(seen, sizeof seen, "%.2f times as wide", c.seen[0]);
    mcd_paper_claim(p, claim,
                    below ? "less than 2 times as wide at x = 3.5 as at 1.7"
                          : "at least 2 times as wide at x = 3.5 as at 1.7",
                    seen, show_spread(&c, "Monte-Carlo", spread), mcd_claim_word(c.answer));
}

/* ---- the Gaussian process ---------------------------------------------------------------- */

static void agrees(struct mcd_paper *p)
{
    json_t *json = mcd_section_posterior(p, MCD_POSTERIOR);
    double z = mcd_section_worst_z(json);
    char seen[120];
    json_decref(json);
    if (!isfinite(z))
        return;
    snprintf(seen, sizeof seen, "at most %.1f Monte-Carlo errors apart", z);
    mcd_paper_claim(p, "Sampling and quadrature agree on the Gaussian process",
                    "posterior means within 4 Monte-Carlo errors", seen,
                    "in Monte-Carlo errors already",
                    mcd_claim_word(z <= 4 ? MCD_CLAIM_HOLDS : MCD_CLAIM_FAILS));
}

/* ---- the turned image -------------------------------------------------------------------- */

/* One run's classes as text; whether it is taken for a one first and for a seven at last. */
static int show_classes(const int class[], const char *claimed, char text[80], int *same)
{
    size_t used = 0;
    *same = 0;
    for (int i = 0; i < MCD_TURNED_IMAGES; i++) {
        used += (size_t)snprintf(text + used, 80 - used, "%s%d", i ? " " : "", class[i]);
        *same += class[i] == claimed[2 * i] - '0';
    }
    return class[0] == 1 && class[MCD_TURNED_IMAGES - 1] == 7;
}

/* The first network's classes are shown, all of them are asked. */
static void turns(struct mcd_paper *p, int net, const char *claimed)
{
    int class[MCD_TURNED_IMAGES], same, first_same = 0, runs = 0, like = 0;
    char text[80], seen[80] = "", claim[120], spread[120];
    if (strcmp(p->tutorial->images, "mnist") != 0)
        return;
    for (int run = 0; run < mcd_plan_seeds(p->tutorial, &mcd_plan_nets[net]); run++) {
        if (!mcd_section_classes(p, net, run, class, MCD_TURNED_IMAGES))
            continue;
        like += show_classes(class, claimed, text, &same);
        if (runs++ == 0) {
            memcpy(seen, text, sizeof seen);
            first_same = same;
        }
    }
    if (!runs)
        return;
    enum mcd_claim_answer answer = like == runs            ? MCD_CLAIM_HOLDS
                                   : like == 0 && runs > 1 ? MCD_CLAIM_FAILS
                                                           : MCD_CLAIM_OPEN;
    snprintf(claim, sizeof claim, "A one that is turned becomes a seven (%s)",
             mcd_plan_nets[net].label);
    snprintf(spread, sizeof spread, "%d of 12 as there; %d of %d network%s from 1 to 7", first_same,
             like, runs, runs == 1 ? "" : "s");
    mcd_paper_claim(p, claim, claimed, seen, spread, mcd_claim_word(answer));
}

void mcd_section_claims(struct mcd_paper *p)
{
    mcd_paper_section(p, "claims", "What was claimed, and what was seen");
    mcd_paper_text(p, "Errors are compared seed by seed: a difference settles a claim where it is "
                      "larger than chance between seeds explains (Student's t, one-sided 95 %%); a "
                      "tie is a difference of no more than its standard deviation between seeds. "
                      "One seed settles nothing about errors. Ratios of bands are judged by their "
                      "Monte-Carlo error. The turned one holds where every seed's network takes it "
                      "for a 1 at first and for a 7 at last, and fails where none of several "
                      "does.");
    mcd_paper_claims(p);
    fewer(p, "Dropout in the hidden layers lowers the mlp's final errors", MCD_NET_PLAIN,
          MCD_NET_HIDDEN, 0, 0);
    fewer(p, "Dropout in the input too lowers them, or ties", MCD_NET_HIDDEN, MCD_NET_INPUT, 0, 1);
    fewer(p, "The lenet beats the mlp", MCD_NET_INPUT, MCD_NET_LENET,
          p->tutorial->scale->lenet_epochs, 0);
    fewer(p, "Dropout improves the lenet", MCD_NET_LENET, MCD_NET_LENET_DROP, 0, 0);
    turns(p, MCD_NET_INPUT, "1 1 1 1 1 3 3 7 7 7 7 7");
    turns(p, MCD_NET_LENET_DROP, "1 1 1 1 1 1 7 7 7 7 7 7");
    opens(p, "Away from the data the relu band opens", MCD_FIT_RELU, 0);
    opens(p, "The tanh band does not", MCD_FIT_TANH, 1);
    agrees(p);
}
