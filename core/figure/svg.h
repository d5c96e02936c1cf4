/*
 * gnuplot's SVG made fit to stand inside a page, beside others.
 *
 * gnuplot's ids are the same in every file, its colours fixed and its background opaque. Afterwards
 * ids begin with the figure's name, the ink is currentColor (MCD_INK where no page says otherwise)
 * and the background is a rectangle of class "mcd-card", white unless the page's style says what
 * it is. Alone the picture looks as before.
 */
#ifndef CORE_FIGURE_SVG_H
#define CORE_FIGURE_SVG_H

#include <mcdrop/error.h>

#include <stddef.h>

/* The colour of axes and text, as scripts have it and as SVG's rgb(). */
#define MCD_INK "#222222"
enum { MCD_INK_BYTE = 0x22 };

/*
 * `name`: of the figure, letters and digits of which go into ids. `title`: what a screen reader
 * says. The text is owned by the caller; NULL on failure.
 */
char *mcd_svg_adapt(const char *svg, size_t size, const char *name, const char *title,
                    size_t *out_size, struct mcd_error *e);

#endif
