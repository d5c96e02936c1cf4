/* CSV as a stream of fields: quotes, separators, ends of lines, and what a field's text means. */
#include "core/io/csv_field.h"

#include "core/base/error.h"
#include "core/io/place.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int mcd_csv_fail(const struct mcd_csv_reader *r, const struct mcd_csv_field *f, const char *format,
                 ...)
{
    char text[sizeof r->e->text];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return mcd_fail(r->e, MCD_INVALID, mcd_place_line(r->name, f->line, f->column).text, "%s",
                    text);
}

/* Bytes of the end of line at `p`: 0 where there is none. */
static size_t line_end(const struct mcd_csv_reader *r, const unsigned char *p)
{
    if (p < r->end && *p == '\n')
        return 1;
    return r->end - p >= 2 && p[0] == '\r' && p[1] == '\n' ? 2 : 0;
}

/* Text between quotes, where a quote is doubled and lines may end. */
static int take_quoted(struct mcd_csv_reader *r, struct mcd_csv_field *f)
{
    f->quoted = 1;
    f->text = ++r->p;
    for (; r->p < r->end; r->p++) {
        r->line += *r->p == '\n';
        if (*r->p != '"')
            continue;
        if (r->end - r->p < 2 || r->p[1] != '"')
            break;
        r->p++;
    }
    if (r->p == r->end)
        return mcd_csv_fail(r, f, "the quote that opens here is never closed");
    f->length = (size_t)(r->p++ - f->text);
    if (r->p < r->end && *r->p != ',' && !line_end(r, r->p))
        return mcd_csv_fail(r, f, "text after the closing quote, expected a comma");
    return MCD_OK;
}

static int take_plain(struct mcd_csv_reader *r, struct mcd_csv_field *f)
{
    f->text = r->p;
    while (r->p < r->end && *r->p != ',' && !line_end(r, r->p))
        if (*r->p++ == '"')
            return mcd_csv_fail(r, f, "a quote inside a field, expected it at both ends");
    f->length = (size_t)(r->p - f->text);
    return MCD_OK;
}

int mcd_csv_next(struct mcd_csv_reader *r, struct mcd_csv_field *f)
{
    *f = (struct mcd_csv_field){.line = r->line, .column = r->next_column};
    int status = r->p < r->end && *r->p == '"' ? take_quoted(r, f) : take_plain(r, f);
    if (status)
        return status;
    r->next_column++;
    if (r->p < r->end && *r->p == ',') {
        r->p++;
        return MCD_OK;
    }
    f->last = 1;
    r->p += line_end(r, r->p);
    r->line++;
    r->next_column = 1;
    return MCD_OK;
}

int mcd_csv_at_end(const struct mcd_csv_reader *r)
{
    const unsigned char *p = r->p;
    for (size_t n; (n = line_end(r, p)) > 0;)
        p += n;
    return p == r->end;
}

/* nan, inf and infinity as strtod knows them: no names, but no values either. */
static int is_not_finite(const char *text)
{
    text += *text == '+' || *text == '-';
    return strcasecmp(text, "nan") == 0 || strcasecmp(text, "inf") == 0 ||
           strcasecmp(text, "infinity") == 0;
}

enum mcd_csv_kind mcd_csv_classify(const struct mcd_csv_reader *r, const struct mcd_csv_field *f,
                                   double *value)
{
    char text[512], *end;
    const unsigned char *p = f->text;
    size_t n = f->length;
    while (n > 0 && (*p == ' ' || *p == '\t'))
        p++, n--;
    while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t'))
        n--;
    if (n == 0)
        return MCD_CSV_EMPTY;
    if (n >= sizeof text || memchr(p, 0, n))
        return MCD_CSV_TEXT;
    memcpy(text, p, n);
    text[n] = 0;
    if (is_not_finite(text))
        return MCD_CSV_NOT_FINITE;
    if (strspn(text, "0123456789+-.eE") != n) /* strtod would take hexadecimals, too */
        return MCD_CSV_TEXT;
    *value = strtod_l(text, &end, r->locale);
    if (end != text + n)
        return MCD_CSV_TEXT;
    return isfinite(*value) ? MCD_CSV_NUMBER : MCD_CSV_NOT_FINITE;
}

char *mcd_csv_copy(const struct mcd_csv_field *f)
{
    size_t n = 0;
    char *text = malloc(f->length + 1);
    if (!text)
        return NULL;
    for (size_t i = 0; i < f->length; i++) {
        text[n++] = (char)f->text[i];
        i += f->quoted && f->text[i] == '"';
    }
    text[n] = 0;
    return text;
}
