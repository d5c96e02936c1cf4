/* Inlining of SVG: expat's events in, elements and attributes of a list out. */
#include "core/report/svg.h"

#include "core/base/error.h"
#include "core/base/number.h"
#include "core/io/place.h"
#include "core/report/html.h"
#include "core/report/svg_uses.h"
#include "core/report/svg_value.h"

#include <expat.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static const double MOST_DRAWN = 1e6; /* elements */

struct inliner {
    XML_Parser parser;
    const char *path, *prefix, *label;
    FILE *out;
    struct mcd_svg_left_out *left_out;
    struct mcd_error *e;
    int status;
    unsigned depth;
    unsigned skipped; /* depth of the element that is left out with all it holds; 0: none */
    unsigned text;    /* depth of the <text> we are in; 0: none */
    int open;         /* the last start tag lacks its '>' */
    struct mcd_svg_uses uses;
};

/* What a figure is made of; sorted. */
static const char *const elements[] = {
    "circle",
    "clipPath",
    "defs",
    "ellipse",
    "feBlend",
    "feColorMatrix",
    "feComposite",
    "feFlood",
    "feGaussianBlur",
    "feMerge",
    "feMergeNode",
    "feOffset",
    "filter",
    "g",
    "image",
    "line",
    "linearGradient",
    "marker",
    "mask",
    "path",
    "pattern",
    "polygon",
    "polyline",
    "radialGradient",
    "rect",
    "stop",
    "svg",
    "symbol",
    "text",
    "tspan",
    "use",
};

/* What says something about a file, but not how it looks. */
static const char *const silent_elements[] = {"desc", "metadata", "title"};
static const char *const silent_attributes[] = {"baseProfile", "class",      "role", "version",
                                                "xlink:title", "xlink:type", "xmlns"};

__attribute__((format(printf, 2, 3))) static void fail(struct inliner *s, const char *format, ...)
{
    char text[160];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct mcd_place place = mcd_place_line(s->path, XML_GetCurrentLineNumber(s->parser),
                                            XML_GetCurrentColumnNumber(s->parser) + 1);
    s->status = mcd_fail(s->e, MCD_INVALID, place.text, "%s", text);
    XML_StopParser(s->parser, XML_FALSE);
}

static void lacks_memory(struct inliner *s)
{
    s->status = mcd_fail(s->e, MCD_NOMEM, mcd_place_file(s->path).text, "no memory to read it");
    XML_StopParser(s->parser, XML_FALSE);
}

static void leave_out(struct inliner *s, const char *what, int is_element)
{
    if (s->left_out->count++ == 0)
        snprintf(s->left_out->first, sizeof s->left_out->first, is_element ? "<%.40s>" : "%.40s",
                 mcd_show_text(what).text);
}

static void end_tag_start(struct inliner *s)
{
    if (s->open)
        putc('>', s->out);
    s->open = 0;
}

/* The element draws what its attribute names. */
static void note_urls(struct inliner *s, const char *value)
{
    const char *id;
    size_t size;
    while (!s->status && (value = mcd_svg_next_url(value, &id, &size)) != NULL)
        if (mcd_svg_uses_refer(&s->uses, id, size))
            lacks_memory(s);
}

static void put_attribute(struct inliner *s, const char *name, const char *value)
{
    note_urls(s, value);
    fprintf(s->out, " %s=\"", name);
    mcd_svg_put_value(s->out, s->prefix, value);
    putc('"', s->out);
}

static void put_style(struct inliner *s, const char *value)
{
    note_urls(s, value);
    fputs(" style=\"", s->out);
    if (mcd_svg_put_style(s->out, s->prefix, value) > 0)
        leave_out(s, "style", 0);
    putc('"', s->out);
}

static void put_reference(struct inliner *s, const char *element, const char *value)
{
    if (mcd_svg_is_local(value)) {
        fprintf(s->out, " href=\"#%s.%s\"", s->prefix, value + 1);
        if (mcd_svg_uses_refer(&s->uses, value + 1, strlen(value + 1)))
            lacks_memory(s);
    } else if (strcmp(element, "image") == 0 && mcd_svg_is_image(value))
        fprintf(s->out, " href=\"%s\"", value); /* of base64's characters */
    else
        leave_out(s, "href", 0);
}

static void put_id(struct inliner *s, const char *value)
{
    fprintf(s->out, " id=\"%s.%s\"", s->prefix, value);
    if (mcd_svg_uses_name(&s->uses, value))
        lacks_memory(s);
}

static int is_silent(const char *attribute)
{
    return mcd_svg_is_listed(silent_attributes, COUNT(silent_attributes), attribute) ||
           strncmp(attribute, "xmlns:", 6) == 0 || strncmp(attribute, "aria-", 5) == 0;
}

static void put_attributes(struct inliner *s, const char *element, const char **attribute)
{
    for (; *attribute && !s->status; attribute += 2) {
        const char *name = attribute[0], *value = attribute[1];
        if (strcmp(name, "id") == 0 && mcd_svg_is_id(value))
            put_id(s, value);
        else if (strcmp(name, "href") == 0 || strcmp(name, "xlink:href") == 0)
            put_reference(s, element, value);
        else if (strcmp(name, "style") == 0)
            put_style(s, value);
        else if (mcd_svg_is_drawing(name) && mcd_svg_is_safe(value))
            put_attribute(s, name, value);
        else if (!is_silent(name))
            leave_out(s, name, 0);
    }
}

static const char *find(const char **attribute, const char *name)
{
    for (; *attribute; attribute += 2)
        if (strcmp(attribute[0], name) == 0)
            return attribute[1];
    return NULL;
}

/* Numbers with blanks or commas between them, at most `most`; a unit px or pt may follow one. */
static int read_numbers(const char *text, int most, double *number)
{
    int n = 0;
    if (text)
        text += strspn(text, " ,\t\n");
    for (; n < most && text && *text; n++) {
        char *end, word[32];
        size_t length = strcspn(text, " ,\t\n");
        snprintf(word, sizeof word, "%.*s", (int)(length < 31 ? length : 31), text);
        if ((end = strstr(word, "px")) || (end = strstr(word, "pt")))
            *end = '\0';
        if (mcd_number_real(word, &number[n]) || !(fabs(number[n]) < 1e6))
            return 0;
        text += length + strspn(text + length, " ,\t\n");
    }
    return text && *text == '\0' ? n : 0;
}

/* The page decides how wide a figure is; the file, how high that makes it. */
static void start_root(struct inliner *s, const char *name, const char **attribute)
{
    double box[4] = {0}, *size = box + 2;
    int has_box = read_numbers(find(attribute, "viewBox"), 4, box) == 4;
    if (!has_box)
        has_box = read_numbers(find(attribute, "width"), 1, &size[0]) == 1 &&
                  read_numbers(find(attribute, "height"), 1, &size[1]) == 1;
    if (strcmp(name, "svg") != 0) {
        fail(s, "it begins with <%s>: expected <svg>", mcd_show_text(name).text);
    } else if (!has_box || !(size[0] >= 1 && size[1] >= 1)) {
        fail(s, "the size of the picture is missing: expected viewBox, or width and height");
    } else {
        static const char *const own[] = {"height", "viewBox", "width"};
        fprintf(s->out, "<svg role=\"img\" aria-labelledby=\"%s\" viewBox=\"%s %s %s %s\"",
                s->label, mcd_number_show(box[0]).text, mcd_number_show(box[1]).text,
                mcd_number_show(size[0]).text, mcd_number_show(size[1]).text);
        fprintf(s->out, " width=\"%.0f\" height=\"%.0f\"", size[0], size[1]);
        s->open = 1;
        for (; *attribute; attribute += 2) {
            const char *one[] = {attribute[0], attribute[1], NULL};
            if (!mcd_svg_is_listed(own, COUNT(own), one[0]))
                put_attributes(s, name, one);
        }
    }
}

static void start(void *data, const char *name, const char **attribute)
{
    struct inliner *s = data;
    int is_known = mcd_svg_is_listed(elements, COUNT(elements), name);
    if (++s->depth > MCD_SVG_DEPTH)
        fail(s, "elements lie in each other: expected at most %d", MCD_SVG_DEPTH);
    if (s->skipped || s->status)
        return;
    if (s->depth > 1 && !is_known && strcmp(name, "a") != 0) {
        if (!mcd_svg_is_listed(silent_elements, COUNT(silent_elements), name))
            leave_out(s, name, 1);
        s->skipped = s->depth;
    } else if (mcd_svg_uses_begin(&s->uses)) {
        lacks_memory(s);
    } else if (s->depth == 1) {
        start_root(s, name, attribute);
    } else {
        if (!s->text && strcmp(name, "text") == 0)
            s->text = s->depth;
        end_tag_start(s);
        fprintf(s->out, "<%s", is_known ? name : "g"); /* a link becomes what it holds */
        s->open = 1;
        if (is_known)
            put_attributes(s, name, attribute);
    }
}

static void end(void *data, const char *name)
{
    struct inliner *s = data;
    unsigned depth = s->depth--;
    if (s->skipped == depth)
        s->skipped = 0;
    else if (!s->skipped && !s->status) {
        mcd_svg_uses_end(&s->uses);
        if (s->open)
            fputs("/>", s->out);
        else
            fprintf(s->out, "</%s>", strcmp(name, "a") == 0 ? "g" : name);
        s->open = 0;
        if (s->text == depth)
            s->text = 0;
    }
}

/* Only what stands in <text> is seen; a character may come in any number of pieces, but whole. */
static void characters(void *data, const char *text, int size)
{
    struct inliner *s = data;
    if (s->skipped || s->status || !s->text)
        return;
    end_tag_start(s);
    mcd_html_bytes(s->out, text, (size_t)size);
}

static void refuse_entity(void *data, const char *name, int is_parameter, const char *value,
                          int size, const char *base, const char *system, const char *public,
                          const char *notation)
{
    (void)is_parameter, (void)value, (void)size, (void)base, (void)system, (void)public;
    (void)notation;
    fail(data, "it declares the entity '%s': expected a picture without entities",
         mcd_show_text(name).text);
}

static void refuse_reference(void *data, const char *name, int is_parameter)
{
    (void)is_parameter;
    fail(data, "it refers to the entity '%s': expected a picture without entities",
         mcd_show_text(name).text);
}

static void settle(struct inliner *s, enum XML_Status parsed)
{
    enum XML_Error code = XML_GetErrorCode(s->parser);
    if (parsed == XML_STATUS_OK || s->status)
        return;
    if (code == XML_ERROR_NO_MEMORY)
        lacks_memory(s);
    else
        fail(s, "it is no well-formed XML: %s", XML_ErrorString(code));
}

/* Browsers put what is referred to in each of its places. */
static void check_drawn(struct inliner *s)
{
    const char *where = mcd_place_file(s->path).text;
    double drawn = s->status ? 0 : mcd_svg_uses_count(&s->uses);
    if (drawn < 0)
        s->status = mcd_fail(s->e, MCD_NOMEM, where, "no memory to count what it draws");
    else if (drawn > MOST_DRAWN && isinf(drawn))
        s->status = mcd_fail(s->e, MCD_INVALID, where,
                             "elements draw themselves by <use> or url(), or each other more than "
                             "%d deep: expected references that end",
                             MCD_SVG_DEPTH);
    else if (drawn > MOST_DRAWN)
        s->status = mcd_fail(s->e, MCD_INVALID, where,
                             "it draws %.3g elements, with what <use> and url() repeat: expected "
                             "at most %g",
                             drawn, MOST_DRAWN);
}

int mcd_svg_inline(const char *path, const void *bytes, size_t size, const char *prefix,
                   const char *label, FILE *out, struct mcd_svg_left_out *left_out,
                   struct mcd_error *e)
{
    static const XML_Memory_Handling_Suite memory = {malloc, realloc, free};
    struct inliner s = {.path = path, .prefix = prefix, .label = label};
    s.out = out;
    s.left_out = left_out;
    s.e = e;
    *left_out = (struct mcd_svg_left_out){.count = 0};
    if (size > INT_MAX)
        return mcd_fail(e, MCD_INVALID, mcd_place_file(path).text, "it is too large for a figure");
    if (!(s.parser = XML_ParserCreate_MM(NULL, &memory, NULL)))
        return mcd_fail(e, MCD_NOMEM, mcd_place_file(path).text, "no memory to read it");
    XML_SetUserData(s.parser, &s);
    XML_SetElementHandler(s.parser, start, end);
    XML_SetCharacterDataHandler(s.parser, characters);
    XML_SetEntityDeclHandler(s.parser, refuse_entity);
    XML_SetSkippedEntityHandler(s.parser, refuse_reference);
    settle(&s, XML_Parse(s.parser, bytes, (int)size, 1));
    check_drawn(&s);
    mcd_svg_uses_clear(&s.uses);
    XML_ParserFree(s.parser);
    return s.status;
}
