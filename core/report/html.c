/* Escaping for HTML, for references in it, and base64. */
#include "core/report/html.h"

#include <stdint.h>
#include <string.h>

/*
 * Bytes of the character at `p`; its code in *code. The text is UTF-8, which the caller made sure.
 */
static size_t character(const unsigned char *p, size_t size, uint32_t *code)
{
    size_t length = p[0] < 0xc0 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (length > size)
        length = 1;
    *code = length == 1 ? p[0] : p[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++)
        *code = *code << 6 | (p[i] & 0x3f);
    return length;
}

/* Whether HTML calls the character an error: controls and noncharacters. */
static int is_refused(uint32_t code)
{
    if (code < 0x20)
        return code != '\t' && code != '\n';
    return (code >= 0x7f && code < 0xa0) || (code >= 0xfdd0 && code <= 0xfdef) ||
           (code & 0xfffe) == 0xfffe;
}

static const char *escape(uint32_t code)
{
    switch (code) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    default:
        return is_refused(code) ? "\xef\xbf\xbd" : NULL;
    }
}

void mcd_html_bytes(FILE *f, const char *text, size_t size)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + size;
    while (p < end) {
        uint32_t code;
        size_t length = character(p, (size_t)(end - p), &code);
        const char *instead = escape(code);
        if (instead)
            fputs(instead, f);
        else
            fwrite(p, 1, length, f);
        p += length;
    }
}

void mcd_html_text(FILE *f, const char *text)
{
    mcd_html_bytes(f, text, strlen(text));
}

void mcd_html_path(FILE *f, const char *path)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789-._~/";
    for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
        if (strchr(plain, *p))
            putc(*p, f);
        else
            fprintf(f, "%%%02X", *p);
    }
}

void mcd_html_base64(FILE *f, const unsigned char *bytes, size_t size)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        size_t n = size - i < 3 ? size - i : 3;
        uint32_t x = (uint32_t)bytes[i] << 16;
        x |= n > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
        x |= n > 2 ? bytes[i + 2] : 0;
        putc(digit[x >> 18], f);
        putc(digit[x >> 12 & 63], f);
        putc(n > 1 ? digit[x >> 6 & 63] : '=', f);
        putc(n > 2 ? digit[x & 63] : '=', f);
    }
}
