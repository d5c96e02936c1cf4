/* Rewrites attributes of gnuplot's SVG tag by tag; text between tags stays as it is. */
#include "core/figure/svg.h"

#include "core/base/error.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A piece of the input. */
struct span {
    const char *p;
    size_t n;
};

struct rewriter {
    const char *p, *end;
    FILE *out;
    char prefix[64];
    const char *title;
    int has_card; /* the background has been met */
};

static int is(struct span s, const char *text)
{
    return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

static int begins(struct span s, const char *text)
{
    return s.n >= strlen(text) && memcmp(s.p, text, strlen(text)) == 0;
}

static void put(struct rewriter *r, struct span s)
{
    fwrite(s.p, 1, s.n, r->out);
}

static void put_escaped(struct rewriter *r, const char *text)
{
    for (; *text; text++) {
        const char *escape = *text == '<'   ? "&lt;"
                             : *text == '>' ? "&gt;"
                             : *text == '&' ? "&amp;"
                             : *text == '"' ? "&quot;"
                                            : NULL;
        if (escape)
            fputs(escape, r->out);
        else
            fputc(*text, r->out);
    }
}

/* "rgb( 34,  34,  34)" becomes currentColor, another one "#rrggbb", black is ink too. */
static int put_colour(struct rewriter *r, struct span value)
{
    char text[40];
    int red, green, blue;
    snprintf(text, sizeof text, "%.*s", (int)(value.n < 39 ? value.n : 39), value.p);
    if (is(value, "black"))
        fputs("currentColor", r->out);
    else if (sscanf(text, "rgb(%d,%d,%d)", &red, &green, &blue) != 3)
        return 0;
    else if (red == MCD_INK_BYTE && green == MCD_INK_BYTE && blue == MCD_INK_BYTE)
        fputs("currentColor", r->out);
    else
        fprintf(r->out, "#%02x%02x%02x", red & 255, green & 255, blue & 255);
    return 1;
}

/* A value that names an id or a colour; anything else as it is. */
static void put_value(struct rewriter *r, struct span name, struct span value)
{
    int colour = is(name, "stroke") || is(name, "fill") || is(name, "color");
    if (is(name, "id"))
        fprintf(r->out, "%s", r->prefix);
    else if ((is(name, "xlink:href") || is(name, "href")) && begins(value, "#"))
        fprintf(r->out, "#%s", r->prefix), value.p++, value.n--;
    else if (begins(value, "url(#"))
        fprintf(r->out, "url(#%s", r->prefix), value.p += 5, value.n -= 5;
    if (!colour || !put_colour(r, value))
        put(r, value);
}

/*
 * Nobody refers to the ids of plots, which panels repeat; a page's styles have nothing to do with
 * gnuplot's classes; a group's colour would keep the page's ink from what is in it.
 */
static int is_wanted(struct span element, struct span name, struct span value)
{
    if (is(element, "g"))
        return !is(name, "color") && !(is(name, "id") && !is(value, "gnuplot_canvas"));
    return !is(name, "class");
}

static void skip_blanks(struct rewriter *r)
{
    while (r->p < r->end && isspace((unsigned char)*r->p))
        r->p++;
}

/* NAME="VALUE" or NAME = 'VALUE'; 0 where something else follows. */
static int next_attribute(struct rewriter *r, struct span *name, struct span *value, char *quote)
{
    const char *start = r->p;
    while (r->p < r->end && (isalnum((unsigned char)*r->p) || strchr(":-_", *r->p)) && *r->p)
        r->p++;
    *name = (struct span){start, (size_t)(r->p - start)};
    skip_blanks(r);
    if (name->n == 0 || r->p == r->end || *r->p++ != '=')
        return 0;
    skip_blanks(r);
    if (r->p == r->end || (*r->p != '"' && *r->p != '\''))
        return 0;
    *quote = *r->p;
    const char *from = r->p + 1, *to = memchr(from, *quote, (size_t)(r->end - from));
    if (!to)
        return 0;
    *value = (struct span){from, (size_t)(to - from)};
    r->p = to + 1;
    return 1;
}

/* What mcdrop adds to an element. */
static void put_extra(struct rewriter *r, struct span element, int white)
{
    if (is(element, "svg")) {
        fprintf(r->out, " color=\"%s\" role=\"img\" aria-label=\"", MCD_INK);
        put_escaped(r, r->title);
        fputc('"', r->out);
    } else if (is(element, "image")) {
        fputs(" image-rendering=\"pixelated\"", r->out);
    } else if (is(element, "rect") && white && !r->has_card) {
        r->has_card = 1;
        fputs(" class=\"mcd-card\"", r->out);
    }
}

/* Behind "<": element, attributes, ">" or "/>". Returns 0 where it is not like that. */
static int rewrite_tag(struct rewriter *r)
{
    struct span element = {r->p, 0}, name, value;
    int white = 0;
    char quote;
    while (r->p < r->end && (isalnum((unsigned char)*r->p) || *r->p == '/'))
        r->p++;
    element.n = (size_t)(r->p - element.p);
    fputc('<', r->out);
    put(r, element);
    for (skip_blanks(r); r->p < r->end && *r->p != '>' && *r->p != '/'; skip_blanks(r)) {
        if (!next_attribute(r, &name, &value, &quote))
            return 0;
        white |= is(name, "fill") && is(value, "#ffffff");
        if (!is_wanted(element, name, value))
            continue;
        fprintf(r->out, " %.*s=%c", (int)name.n, name.p, quote);
        put_value(r, name, value);
        fputc(quote, r->out);
    }
    put_extra(r, element, white);
    const char *close = r->p < r->end ? memchr(r->p, '>', (size_t)(r->end - r->p)) : NULL;
    if (!close)
        return 0;
    put(r, (struct span){r->p, (size_t)(close + 1 - r->p)});
    r->p = close + 1;
    return 1;
}

/* The end of an empty group that begins here, which gnuplot writes many of; else NULL. */
static const char *empty_group(const struct rewriter *r)
{
    struct span rest = {r->p, (size_t)(r->end - r->p)};
    const char *p = begins(rest, "<g ") ? memchr(r->p, '>', rest.n) : NULL;
    if (!p)
        return NULL;
    for (p++; p < r->end && isspace((unsigned char)*p);)
        p++;
    rest = (struct span){p, (size_t)(r->end - p)};
    if (!begins(rest, "</g>"))
        return NULL;
    for (p += 4; p < r->end && isspace((unsigned char)*p);)
        p++;
    return p;
}

/* The end of what is left out: a group without contents, a title (browsers show it as a hint). */
static const char *left_out(const struct rewriter *r)
{
    struct span rest = {r->p, (size_t)(r->end - r->p)};
    if (!begins(rest, "<title>"))
        return empty_group(r);
    const char *end = memmem(r->p, rest.n, "</title>", 8);
    return end ? end + 8 : NULL;
}

static int rewrite(struct rewriter *r)
{
    const char *next;
    while (r->p < r->end) {
        if ((next = left_out(r))) {
            r->p = next;
        } else if (r->p[0] == '<' && r->end - r->p > 1 && (isalnum((unsigned char)r->p[1]))) {
            r->p++;
            if (!rewrite_tag(r))
                return 0;
        } else {
            next = memchr(r->p + 1, '<', (size_t)(r->end - r->p - 1));
            next = next ? next : r->end;
            put(r, (struct span){r->p, (size_t)(next - r->p)});
            r->p = next;
        }
    }
    return 1;
}

/* "NAME-" of letters, digits, - and _. */
static void make_prefix(struct rewriter *r, const char *name)
{
    size_t n = 0;
    if (!isalpha((unsigned char)name[0]))
        r->prefix[n++] = 'f';
    for (; *name && n < sizeof r->prefix - 2; name++)
        r->prefix[n++] = isalnum((unsigned char)*name) || *name == '-' ? *name : '_';
    strcpy(r->prefix + n, "-");
}

char *mcd_svg_adapt(const char *svg, size_t size, const char *name, const char *title,
                    size_t *out_size, struct mcd_error *e)
{
    struct rewriter r = {.p = svg, .end = svg + size, .title = title};
    char *text = NULL;
    make_prefix(&r, name);
    if (!(r.out = open_memstream(&text, out_size))) {
        mcd_fail(e, MCD_NOMEM, name, "no memory for its SVG");
        return NULL;
    }
    int good = rewrite(&r);
    size_t at = (size_t)(r.p - svg);
    if (fclose(r.out) != 0) {
        free(text);
        mcd_fail(e, MCD_NOMEM, name, "no memory for its SVG");
        return NULL;
    }
    if (!good) {
        free(text);
        mcd_fail(e, MCD_INVALID, name, "byte %zu of its SVG: expected attributes of a tag", at);
        return NULL;
    }
    return text;
}
