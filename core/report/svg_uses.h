/*
 * How many elements an SVG draws when what it refers to is put in each place: <use> and url() can
 * repeat things that repeat things, so that a small file keeps a browser busy for ever.
 *
 * Elements are told in the order of the document, then counted. Functions that fail have no memory.
 */
#ifndef CORE_REPORT_SVG_USES_H
#define CORE_REPORT_SVG_USES_H

#include <stddef.h>

enum { MCD_SVG_DEPTH = 100 }; /* of elements in each other, and of references */

/* Initialise with {0}; mcd_svg_uses_clear in any case. */
struct mcd_svg_uses {
    size_t elements, references;
    struct mcd_svg_element *element;
    struct mcd_svg_reference *reference;
    unsigned depth;
    size_t open[MCD_SVG_DEPTH];
};

/* An element begins, in the one that is open, MCD_SVG_DEPTH at most; it ends. */
int mcd_svg_uses_begin(struct mcd_svg_uses *);
void mcd_svg_uses_end(struct mcd_svg_uses *);

/* The element that was begun last has an id; it draws what has the id of `size` bytes. */
int mcd_svg_uses_name(struct mcd_svg_uses *, const char *id);
int mcd_svg_uses_refer(struct mcd_svg_uses *, const char *id, size_t size);

/*
 * All elements, with those that references repeat; infinite where they lead back to where they
 * began, or through more than MCD_SVG_DEPTH. -1 for lack of memory. All have ended.
 */
double mcd_svg_uses_count(const struct mcd_svg_uses *);

void mcd_svg_uses_clear(struct mcd_svg_uses *);

#endif
