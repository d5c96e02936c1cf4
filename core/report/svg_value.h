/* Attributes of SVG: which ones draw a figure, and what their values may be. */
#ifndef CORE_REPORT_SVG_VALUE_H
#define CORE_REPORT_SVG_VALUE_H

#include <stddef.h>
#include <stdio.h>

/* Whether `word` is in a list that is sorted as strcmp does. */
int mcd_svg_is_listed(const char *const *list, size_t count, const char *word);

/* Attributes that draw, none of which is a reference or a list of declarations. */
int mcd_svg_is_drawing(const char *attribute);

/* A letter or '_', then letters, digits, '_', '-' and '.': what an id may be here. */
int mcd_svg_is_id(const char *text);

/* "#ID", nothing else. */
int mcd_svg_is_local(const char *reference);

/* A PNG or JPEG as data, in base64. */
int mcd_svg_is_image(const char *reference);

/* No function but those of colours, transformations and url(#ID), and no escapes. */
int mcd_svg_is_safe(const char *value);

/* Behind the next url(#ID) of a value, whose id is at *id; NULL if there is none. */
const char *mcd_svg_next_url(const char *value, const char **id, size_t *id_size);

/* A safe value, escaped, with PREFIX. before the ids that it refers to. */
void mcd_svg_put_value(FILE *, const char *prefix, const char *value);

/* The declarations of a style attribute that draw and are safe; returns how many are not. */
unsigned mcd_svg_put_style(FILE *, const char *prefix, const char *style);

#endif
