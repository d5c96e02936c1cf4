/* Values of SVG attributes, judged by what they may be rather than by what they must not. */
#include "core/report/svg_value.h"

#include "core/report/html.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

enum { LONGEST_DECLARATION = 400 };

static int compare(const void *a, const void *b)
{
    return strcmp(a, *(const char *const *)b);
}

int mcd_svg_is_listed(const char *const *list, size_t count, const char *word)
{
    return bsearch(word, list, count, sizeof *list, compare) != NULL;
}

/* Sorted as strcmp does. */
static const char *const drawing[] = {
    "alignment-baseline",
    "baseline-shift",
    "clip-path",
    "clip-rule",
    "clipPathUnits",
    "color",
    "color-interpolation-filters",
    "cx",
    "cy",
    "d",
    "display",
    "dominant-baseline",
    "dx",
    "dy",
    "fill",
    "fill-opacity",
    "fill-rule",
    "filter",
    "filterUnits",
    "flood-color",
    "flood-opacity",
    "font-family",
    "font-size",
    "font-style",
    "font-variant",
    "font-weight",
    "fx",
    "fy",
    "gradientTransform",
    "gradientUnits",
    "height",
    "image-rendering",
    "in",
    "in2",
    "k1",
    "k2",
    "k3",
    "k4",
    "lengthAdjust",
    "letter-spacing",
    "marker-end",
    "marker-mid",
    "marker-start",
    "markerHeight",
    "markerUnits",
    "markerWidth",
    "mask",
    "maskContentUnits",
    "maskUnits",
    "mode",
    "offset",
    "opacity",
    "operator",
    "orient",
    "overflow",
    "patternContentUnits",
    "patternTransform",
    "patternUnits",
    "points",
    "preserveAspectRatio",
    "primitiveUnits",
    "r",
    "refX",
    "refY",
    "result",
    "rotate",
    "rx",
    "ry",
    "shape-rendering",
    "spreadMethod",
    "stdDeviation",
    "stop-color",
    "stop-opacity",
    "stroke",
    "stroke-dasharray",
    "stroke-dashoffset",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-miterlimit",
    "stroke-opacity",
    "stroke-width",
    "text-anchor",
    "text-decoration",
    "text-rendering",
    "textLength",
    "transform",
    "type",
    "values",
    "vector-effect",
    "viewBox",
    "visibility",
    "width",
    "word-spacing",
    "x",
    "x1",
    "x2",
    "xml:space",
    "y",
    "y1",
    "y2",
};

int mcd_svg_is_drawing(const char *attribute)
{
    return mcd_svg_is_listed(drawing, COUNT(drawing), attribute);
}

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
static const char id_characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
                                    "0123456789-.";

/* Bytes of the id at the beginning; 0 if there is none. */
static size_t id_length(const char *text)
{
    return *text && strchr(letters, *text) ? strspn(text, id_characters) : 0;
}

int mcd_svg_is_id(const char *text)
{
    size_t length = id_length(text);
    return length > 0 && text[length] == '\0';
}

int mcd_svg_is_local(const char *reference)
{
    return reference[0] == '#' && mcd_svg_is_id(reference + 1);
}

int mcd_svg_is_image(const char *reference)
{
    static const char *const heads[] = {"data:image/png;base64,", "data:image/jpeg;base64,"};
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                 "+/= \n\t";
    for (size_t i = 0; i < COUNT(heads); i++) {
        size_t n = strlen(heads[i]);
        if (strncmp(reference, heads[i], n) == 0)
            return reference[n + strspn(reference + n, base64)] == '\0';
    }
    return 0;
}

/*
 * "url(#ID)", the id in quotes or not. Returns its bytes, 0 where it is something else; the id is
 * at *id.
 */
static size_t local_url(const char *text, const char **id, size_t *id_size)
{
    if (strncasecmp(text, "url(", 4) != 0)
        return 0;
    const char *p = text + 4;
    char quote = *p == '"' || *p == '\'' ? *p++ : '\0';
    if (*p++ != '#')
        return 0;
    *id = p;
    *id_size = id_length(p);
    p += *id_size;
    if (*id_size == 0 || (quote && *p++ != quote) || *p != ')')
        return 0;
    return (size_t)(p + 1 - text);
}

/* Whether the name that ends before `open`, a parenthesis in `value`, is a harmless function. */
static int is_function(const char *value, const char *open)
{
    static const char *const functions[] = {"hsl",    "hsla",  "matrix", "rgb",   "rgba",
                                            "rotate", "scale", "skewX",  "skewY", "translate"};
    const char *start = open;
    char name[16];
    while (start > value && (strchr(letters, start[-1]) || start[-1] == '-'))
        start--;
    size_t length = (size_t)(open - start);
    if (length >= sizeof name)
        return 0;
    memcpy(name, start, length);
    name[length] = '\0';
    return mcd_svg_is_listed(functions, COUNT(functions), name);
}

int mcd_svg_is_safe(const char *value)
{
    for (const char *p = value; *p;) {
        const char *id;
        size_t id_size, length = local_url(p, &id, &id_size);
        if (*p == '\\' || (*p == '(' && !is_function(value, p)))
            return 0;
        p += length > 0 ? length : 1;
    }
    return 1;
}

const char *mcd_svg_next_url(const char *value, const char **id, size_t *id_size)
{
    size_t length = 0;
    while (*value && (length = local_url(value, id, id_size)) == 0)
        value++;
    return length > 0 ? value + length : NULL;
}

void mcd_svg_put_value(FILE *f, const char *prefix, const char *value)
{
    const char *p = value, *done = value;
    while (*p) {
        const char *id;
        size_t id_size, length = local_url(p, &id, &id_size);
        if (length > 0) {
            mcd_html_bytes(f, done, (size_t)(p - done));
            fprintf(f, "url(#%s.%.*s)", prefix, (int)id_size, id);
            done = p + length;
        }
        p += length > 0 ? length : 1;
    }
    mcd_html_bytes(f, done, (size_t)(p - done));
}

static char *trim(char *text)
{
    text += strspn(text, " \t\r\n");
    for (size_t n = strlen(text); n > 0 && strchr(" \t\r\n", text[n - 1]); n--)
        text[n - 1] = '\0';
    return text;
}

/* One declaration, "NAME: VALUE", which is taken apart; 0 where it is left out. */
static int put_declaration(FILE *f, const char *prefix, char *one, int is_first)
{
    char *value = strchr(one, ':');
    if (!value)
        return 0;
    *value++ = '\0';
    if (!mcd_svg_is_drawing(trim(one)) || !mcd_svg_is_safe(value))
        return 0;
    fprintf(f, "%s%s:", is_first ? "" : ";", trim(one));
    mcd_svg_put_value(f, prefix, trim(value));
    return 1;
}

unsigned mcd_svg_put_style(FILE *f, const char *prefix, const char *style)
{
    char one[LONGEST_DECLARATION];
    unsigned left_out = 0, kept = 0;
    for (size_t n; *style; style += n + (style[n] != '\0')) {
        n = strcspn(style, ";");
        if (n < sizeof one) {
            memcpy(one, style, n);
            one[n] = '\0';
        }
        if (n >= sizeof one)
            left_out++;
        else if (*trim(one) && put_declaration(f, prefix, one, kept == 0))
            kept++;
        else if (*trim(one))
            left_out++;
    }
    return left_out;
}
