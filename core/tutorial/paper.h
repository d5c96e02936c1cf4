/*
 * Building the tutorial's report.json (core/report/document.h has its form): sections with text,
 * tables, figures, claims, files and commands.
 *
 * Building never fails to its caller: lack of memory is kept, and mcd_paper_write reports it.
 */
#ifndef CORE_TUTORIAL_PAPER_H
#define CORE_TUTORIAL_PAPER_H

#include "core/tutorial/plan.h"
#include "core/tutorial/reading.h"

struct mcd_paper {
    const struct mcd_tutorial *tutorial;
    const struct mcd_steps *steps;
    json_t *root, *sections, *items; /* items: of the section that was begun last */
    json_t *rows;                    /* of the table that was begun last */
    json_t *row;
    int failed;
};

struct mcd_paper_column {
    const char *name, *unit;
    int digits; /* 0: as the renderer thinks fit */
    const char *help;
};

void mcd_paper_begin(struct mcd_paper *p, const char *title, const char *subtitle);
void mcd_paper_run(struct mcd_paper *p, const char *what, const char *value);
void mcd_paper_note(struct mcd_paper *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void mcd_paper_section(struct mcd_paper *p, const char *id, const char *title);
void mcd_paper_text(struct mcd_paper *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Columns end with a name of NULL. Rows and their cells follow. */
void mcd_paper_table(struct mcd_paper *p, const char *id, const char *title, const char *note,
                     const struct mcd_paper_column *column);
void mcd_paper_row(struct mcd_paper *p, const char *name);
/* NaN is an empty cell; an error of NaN is none. */
void mcd_paper_cell(struct mcd_paper *p, double value, double error, const char *kind);
void mcd_paper_words(struct mcd_paper *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The figure that step `id` draws, if it was meant to be drawn. */
void mcd_paper_figure(struct mcd_paper *p, const char *id, const char *title, const char *see);

void mcd_paper_verdict(struct mcd_paper *p, int good, const char *text);

/* Begins the list of claims; then one row each. */
void mcd_paper_claims(struct mcd_paper *p);
void mcd_paper_claim(struct mcd_paper *p, const char *claim, const char *claimed, const char *seen,
                     const char *spread, const char *verdict);

/* Files that steps of this part left, with what they are; commands of all its steps. */
void mcd_paper_sources(struct mcd_paper *p, enum mcd_part part);

/* Any item. Takes over `item`. */
void mcd_paper_add(struct mcd_paper *p, json_t *item);

int mcd_paper_write(const struct mcd_paper *p, const char *path, struct mcd_error *e);
void mcd_paper_clear(struct mcd_paper *p);

#endif
