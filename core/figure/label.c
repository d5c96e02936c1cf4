/* Texts of users: cleaned for the reader, quoted for gnuplot. */
#include "core/figure/label.h"

#include "core/base/json.h"

#include <stdio.h>
#include <string.h>

/* Bytes of the UTF-8 character at `p`, 0 if there is none. */
static size_t character(const char *p)
{
    for (size_t n = 1; n <= 4 && p[n - 1]; n++) {
        char one[5] = "";
        memcpy(one, p, n);
        if (mcd_json_is_text(one))
            return n;
    }
    return 0;
}

/* C0, DEL, C1, and U+FFFE and U+FFFF, which XML does not allow. */
static int is_control(const char *p, size_t n)
{
    unsigned char first = (unsigned char)p[0], second = n > 1 ? (unsigned char)p[1] : 0;
    return first < ' ' || first == 0x7f || (first == 0xc2 && second < 0xa0) ||
           (n == 3 && (memcmp(p, "\xef\xbf\xbe", 3) == 0 || memcmp(p, "\xef\xbf\xbf", 3) == 0));
}

struct mcd_label mcd_label_clean(const char *text)
{
    struct mcd_label label = {""};
    char *to = label.text;
    for (int count = 0; *text && count < MCD_LABEL_CHARACTERS; count++) {
        size_t n = character(text);
        if (n == 0 || is_control(text, n)) {
            *to++ = n == 0 ? '?' : ' ';
        } else {
            memcpy(to, text, n);
            to += n;
        }
        text += n ? n : 1;
    }
    strcpy(to, *text ? "..." : "");
    return label;
}

/*
 * Within single quotes nothing has a meaning but the quote itself, which is doubled. An end of line
 * would end the command: it is joined in from a string in double quotes.
 */
struct mcd_quoted mcd_label_quote(const char *text)
{
    struct mcd_quoted quoted;
    char *to = quoted.text;
    *to++ = '\'';
    for (int i = 0; text[i] && i < 300; i++) {
        const char *escape = text[i] == '\''   ? "''"
                             : text[i] == '\n' ? "'.\"\\n\".'"
                             : text[i] == '\r' ? "'.\"\\r\".'"
                                               : NULL;
        if (escape)
            to += sprintf(to, "%s", escape);
        else
            *to++ = text[i];
    }
    strcpy(to, "'");
    return quoted;
}
