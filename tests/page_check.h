/*
 * A strict reader of the pages that core/report/page.c writes: stricter than HTML, so that it can
 * be short. Tags are closed in order, attributes quoted and unlike each other, ids unique, and what
 * refers to an id finds it; nothing is run, asked for or posted.
 */
#ifndef TESTS_PAGE_CHECK_H
#define TESTS_PAGE_CHECK_H

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_DEPTH = 200, PAGE_IDS = 4000 };

struct page_check {
    char wrong[300]; /* "" while all is well */
    char open[PAGE_DEPTH][24];
    int depth;
    char *id[PAGE_IDS], *reference[PAGE_IDS];
    int ids, references;
};

/* The first complaint stays; it is cut where it is too long. */
__attribute__((format(printf, 2, 3))) static inline void page_wrong(struct page_check *c,
                                                                    const char *format, ...)
{
    va_list args;
    if (c->wrong[0])
        return;
    va_start(args, format);
    vsnprintf(c->wrong, sizeof c->wrong, format, args);
    va_end(args);
}

static inline int page_is_void(const char *tag)
{
    return strcmp(tag, "meta") == 0 || strcmp(tag, "img") == 0;
}

static inline void page_add(struct page_check *c, char **list, int *count, const char *text,
                            size_t n)
{
    if (*count < PAGE_IDS)
        list[(*count)++] = strndup(text, n);
    else
        page_wrong(c, "too many ids");
}

/* What the value of an attribute must be; `n` bytes. */
static inline void page_attribute(struct page_check *c, const char *tag, const char *name,
                                  const char *value, size_t n)
{
    int is_reference = strcmp(name, "href") == 0 || strcmp(name, "src") == 0;
    if (strncmp(name, "on", 2) == 0)
        page_wrong(c, "a handler %s", name);
    if (memchr(value, '<', n))
        page_wrong(c, "'<' in %s", name);
    if (strcmp(name, "id") == 0)
        page_add(c, c->id, &c->ids, value, n);
    if (strcmp(name, "aria-labelledby") == 0)
        page_add(c, c->reference, &c->references, value, n);
    if (is_reference && *value == '#')
        page_add(c, c->reference, &c->references, value + 1, n - 1);
    else if (is_reference && memchr(value, ':', n) &&
             strncmp(value, "data:image/png;base64,", 22) != 0)
        page_wrong(c, "%s of %s is '%.*s'", name, tag, (int)(n < 60 ? n : 60), value);
    for (const char *p = value; (p = strstr(p, "url(")) && p < value + n; p++) {
        const char *end = strchr(p, ')');
        if (p[4] != '#' || !end)
            page_wrong(c, "url(%.20s", p + 4);
        else
            page_add(c, c->reference, &c->references, p + 5, (size_t)(end - p - 5));
    }
}

/* Behind the name of a start tag; returns the end of the tag. */
static inline const char *page_attributes(struct page_check *c, const char *tag, const char *p)
{
    char seen[20][40];
    int count = 0;
    while (*p && *p != '>' && !(*p == '/' && p[1] == '>')) {
        const char *name = p + 1, *equals = name + strcspn(name, "= >/");
        if (!isspace((unsigned char)*p) || equals == name || equals[0] != '=' || equals[1] != '"' ||
            equals - name >= 40 || count == 20) {
            page_wrong(c, "attributes of <%s>: '%.40s'", tag, p);
            return p + strcspn(p, ">");
        }
        snprintf(seen[count], sizeof seen[0], "%.*s", (int)(equals - name), name);
        for (int i = 0; i < count; i++)
            if (strcmp(seen[i], seen[count]) == 0)
                page_wrong(c, "%s twice in <%s>", seen[i], tag);
        const char *value = equals + 2, *end = strchr(value, '"');
        if (!end) {
            page_wrong(c, "%s has no end", seen[count]);
            return p + strlen(p);
        }
        page_attribute(c, tag, seen[count++], value, (size_t)(end - value));
        p = end + 1;
    }
    return p;
}

static inline const char *page_end_tag(struct page_check *c, const char *p)
{
    char tag[24];
    size_t n = strcspn(p, ">");
    snprintf(tag, sizeof tag, "%.*s", (int)n, p);
    if (c->depth == 0 || strcmp(c->open[c->depth - 1], tag) != 0)
        page_wrong(c, "</%s> where %s is open", tag, c->depth ? c->open[c->depth - 1] : "nothing");
    else
        c->depth--;
    return p + n;
}

static inline const char *page_start_tag(struct page_check *c, const char *p)
{
    char tag[24];
    size_t n = strcspn(p, " />");
    snprintf(tag, sizeof tag, "%.*s", (int)n, p);
    if (n == 0 || !isalpha((unsigned char)*p))
        page_wrong(c, "'<%.20s'", p);
    if (strcmp(tag, "script") == 0 || strcmp(tag, "link") == 0 || strcmp(tag, "iframe") == 0 ||
        strcmp(tag, "form") == 0 || strcmp(tag, "object") == 0 || strcmp(tag, "base") == 0)
        page_wrong(c, "<%s>", tag);
    p = page_attributes(c, tag, p + n);
    if (*p == '/')
        return p + 1;
    if (!page_is_void(tag) && c->depth < PAGE_DEPTH)
        strcpy(c->open[c->depth++], tag);
    if (strcmp(tag, "style") == 0 && strstr(p, "</style>")) {
        const char *end = strstr(p, "</style>"), *url = strstr(p, "url("),
                   *import = strstr(p, "@import");
        if ((url && url < end) || (import && import < end))
            page_wrong(c, "a style sheet that asks for something");
        return end - 1;
    }
    return p;
}

/* A character reference, or an ampersand that is none. */
static inline void page_entity(struct page_check *c, const char *p)
{
    static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;"};
    for (size_t i = 0; i < 4; i++)
        if (strncmp(p, known[i], strlen(known[i])) == 0)
            return;
    page_wrong(c, "'%.10s'", p);
}

static inline void page_references(struct page_check *c)
{
    for (int i = 0; i < c->ids; i++)
        for (int k = 0; k < i; k++)
            if (strcmp(c->id[i], c->id[k]) == 0)
                page_wrong(c, "the id %s twice", c->id[i]);
    for (int i = 0; i < c->references; i++) {
        int found = 0;
        for (int k = 0; k < c->ids; k++)
            found |= strcmp(c->reference[i], c->id[k]) == 0;
        if (!found)
            page_wrong(c, "nothing has the id %s", c->reference[i]);
    }
}

/* What is wrong with the page; "" if it is good. The text lies in static memory. */
static inline const char *page_judge(const char *page)
{
    static struct page_check c;
    memset(&c, 0, sizeof c);
    const char *p = page;
    if (strncmp(p, "<!DOCTYPE html>\n<html lang=\"en\">", 32) != 0)
        page_wrong(&c, "it begins with '%.32s'", p);
    else
        p += 16;
    for (; *p && !c.wrong[0]; p += *p != '\0') {
        if (*p == '&')
            page_entity(&c, p);
        else if (*p == '<')
            p = p[1] == '/' ? page_end_tag(&c, p + 2) : page_start_tag(&c, p + 1);
        else if (*p == '>' || (unsigned char)*p == 0x7f ||
                 ((unsigned char)*p < 0x20 && *p != '\n' && *p != '\t'))
            page_wrong(&c, "character %d", *p);
    }
    if (c.depth)
        page_wrong(&c, "<%s> is never closed", c.open[c.depth - 1]);
    if (!strstr(page, "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\""))
        page_wrong(&c, "no content security policy");
    page_references(&c);
    for (int i = 0; i < c.ids; i++)
        free(c.id[i]);
    for (int i = 0; i < c.references; i++)
        free(c.reference[i]);
    return c.wrong;
}

#endif
