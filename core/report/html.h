/* Text on its way into HTML: whatever it holds, it stays text. */
#ifndef CORE_REPORT_HTML_H
#define CORE_REPORT_HTML_H

#include <stddef.h>
#include <stdio.h>

/*
 * UTF-8, escaped for content and for attributes in double quotes. Characters that HTML does not
 * allow, such as control characters, become U+FFFD.
 */
void mcd_html_text(FILE *, const char *text);
void mcd_html_bytes(FILE *, const char *text, size_t size); /* whole characters */

/* A path as a relative reference, for href: everything but letters, digits and -._~/ is %XX. */
void mcd_html_path(FILE *, const char *path);

void mcd_html_base64(FILE *, const unsigned char *bytes, size_t size);

#endif
