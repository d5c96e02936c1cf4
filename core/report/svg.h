/*
 * SVG files on their way into an HTML page.
 *
 * A file may come from anywhere, so it is not searched for what is bad: expat parses it, and what a
 * figure is drawn with - elements, attributes, references within the file - is written anew. What
 * is not on that list (scripts, handlers, style sheets, foreign content, references to elsewhere)
 * is left out and counted.
 */
#ifndef CORE_REPORT_SVG_H
#define CORE_REPORT_SVG_H

#include <mcdrop/error.h>

#include <stddef.h>
#include <stdio.h>

struct mcd_svg_left_out {
    unsigned count;
    char first[48]; /* "<script>", "onload", "href"; printable ASCII */
};

/*
 * Writes the picture as an <svg> element. Its ids become "PREFIX.ID", so that several pictures can
 * stand in one page; `label` is the id of what describes it. What is no SVG, is not well-formed,
 * declares entities, is nested too deeply or has no size is MCD_INVALID with the line, and so is
 * what draws more than a million elements once <use> and url() are followed, without one; `out`
 * then holds a part that is worth nothing.
 */
int mcd_svg_inline(const char *path, const void *bytes, size_t size, const char *prefix,
                   const char *label, FILE *out, struct mcd_svg_left_out *left_out,
                   struct mcd_error *e);

#endif
