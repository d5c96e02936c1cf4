/*
 * Places in files, and pieces of files, as error messages show them.
 *
 * Both return a small struct by value, so that a message can be made in one expression:
 * mcd_fail(e, MCD_INVALID, mcd_place_byte(path, 10).text, "'%s' is ...", mcd_show(p, n).text).
 */
#ifndef CORE_IO_PLACE_H
#define CORE_IO_PLACE_H

#include <stddef.h>

/* "PATH: byte 10"; the head of a long path gives way to "...", never the place. */
struct mcd_place {
    char text[124];
};

struct mcd_place mcd_place_file(const char *path);
struct mcd_place mcd_place_byte(const char *path, size_t offset);
struct mcd_place mcd_place_line(const char *path, size_t line, size_t column); /* both from 1 */
struct mcd_place mcd_place_item(const char *path, const char *name);           /* "PATH: NAME" */

/* "PATH: MEMBER", the place in a JSON document, of which the head gives way from 80 bytes on. */
struct mcd_place mcd_place_member(const char *path, const char *member);

/*
 * Up to 40 bytes of input; what is not printable ASCII becomes '?', what is longer ends in "...".
 */
struct mcd_shown {
    char text[48];
};

struct mcd_shown mcd_show(const void *bytes, size_t size);
struct mcd_shown mcd_show_text(const char *text);

#endif
