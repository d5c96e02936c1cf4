/* The pieces of the HTML page, for the files page*.c. */
#ifndef CORE_REPORT_PAGE_H
#define CORE_REPORT_PAGE_H

#include "core/report/document.h"

struct mcd_page {
    const struct mcd_document *document;
    const struct mcd_host *host;
    const char *to_folder; /* what links to files begin with */
    FILE *f;
    struct mcd_error *e;
};

int mcd_page_table(const struct mcd_page *, const json_t *item);
int mcd_page_figure(const struct mcd_page *, const json_t *item);
void mcd_page_claims(const struct mcd_page *, const json_t *item);
void mcd_page_commands(const struct mcd_page *, const json_t *item);

/* A file of the document's folder as a link, or its name where it is not there. */
void mcd_page_link(const struct mcd_page *, const char *path);

/* A command line, of which only whole words go to the next line: not "--" without its option. */
void mcd_page_command(const struct mcd_page *, const char *command);

/* An element without attributes around a text. */
void mcd_page_element(const struct mcd_page *, const char *element, const char *text);

#endif
