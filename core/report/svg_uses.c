/* Counting what an SVG draws: the size of each element that is referred to, found once. */
#include "core/report/svg_uses.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct mcd_svg_element {
    char *id;   /* or NULL */
    size_t end; /* number of the first element that is not inside */
};

struct mcd_svg_reference {
    size_t from; /* number of the element that refers */
    char *id;
};

/* ---- the document ------------------------------------------------------------------------ */

/* Room for one more behind `count`, in steps of powers of two; NULL leaves the array as it was. */
static void *grow(void *array, size_t count, size_t bytes)
{
    if (array && (count & (count - 1)) != 0)
        return array;
    return realloc(array, (count ? 2 * count : 1) * bytes);
}

static char *copy(const char *text, size_t size)
{
    char *to = malloc(size + 1);
    if (to) {
        memcpy(to, text, size);
        to[size] = '\0';
    }
    return to;
}

int mcd_svg_uses_begin(struct mcd_svg_uses *u)
{
    struct mcd_svg_element *longer = grow(u->element, u->elements, sizeof *longer);
    if (!longer)
        return -1;
    u->element = longer;
    u->open[u->depth++] = u->elements;
    longer[u->elements++] = (struct mcd_svg_element){0};
    return 0;
}

void mcd_svg_uses_end(struct mcd_svg_uses *u)
{
    u->element[u->open[--u->depth]].end = u->elements;
}

int mcd_svg_uses_name(struct mcd_svg_uses *u, const char *id)
{
    char **of = &u->element[u->elements - 1].id;
    if (!*of)
        *of = copy(id, strlen(id));
    return *of ? 0 : -1;
}

int mcd_svg_uses_refer(struct mcd_svg_uses *u, const char *id, size_t size)
{
    struct mcd_svg_reference *longer = grow(u->reference, u->references, sizeof *longer);
    if (!longer)
        return -1;
    u->reference = longer;
    longer[u->references] =
        (struct mcd_svg_reference){.from = u->elements - 1, .id = copy(id, size)};
    return longer[u->references++].id ? 0 : -1;
}

void mcd_svg_uses_clear(struct mcd_svg_uses *u)
{
    for (size_t i = 0; i < u->elements; i++)
        free(u->element[i].id);
    for (size_t i = 0; i < u->references; i++)
        free(u->reference[i].id);
    free(u->element);
    free(u->reference);
    *u = (struct mcd_svg_uses){0};
}

/* ---- counting ---------------------------------------------------------------------------- */

struct named {
    const char *id;
    size_t element;
    double drawn;  /* 0: not known yet; infinite while it is being found */
    unsigned deep; /* references in a row that lead on from it */
};

struct count {
    const struct mcd_svg_uses *uses;
    size_t names;
    struct named *name; /* by id, each once: the first element that has it */
};

static int compare(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    int order = strcmp(x->id, y->id);
    return order ? order : (x->element > y->element) - (x->element < y->element);
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->id, ((const struct named *)b)->id);
}

static void find_names(struct count *c)
{
    const struct mcd_svg_uses *u = c->uses;
    size_t all = 0;
    for (size_t i = 0; i < u->elements; i++)
        if (u->element[i].id)
            c->name[all++] = (struct named){.id = u->element[i].id, .element = i};
    qsort(c->name, all, sizeof *c->name, compare);
    for (size_t i = 0; i < all; i++)
        if (i == 0 || strcmp(c->name[i].id, c->name[c->names - 1].id) != 0)
            c->name[c->names++] = c->name[i];
}

/* The first reference of an element from this one on. */
static size_t first_reference(const struct mcd_svg_uses *u, size_t element)
{
    size_t low = 0, high = u->references;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (u->reference[middle].from < element)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Elements lie at most MCD_SVG_DEPTH deep, so that a reference is looked at as often at most. */
static double drawn_by(struct count *c, size_t element, unsigned depth, unsigned *deep)
{
    const struct mcd_svg_uses *u = c->uses;
    size_t end = u->element[element].end;
    double drawn = (double)(end - element);
    *deep = 0;
    if (depth > MCD_SVG_DEPTH)
        return INFINITY;
    for (size_t i = first_reference(u, element); i < u->references && u->reference[i].from < end;
         i++) {
        const struct named key = {.id = u->reference[i].id};
        struct named *to = bsearch(&key, c->name, c->names, sizeof key, compare_ids);
        if (!to)
            continue; /* draws nothing */
        if (to->drawn == 0) {
            to->drawn = INFINITY;
            to->drawn = drawn_by(c, to->element, depth + 1, &to->deep);
        }
        drawn += to->drawn;
        *deep = to->deep + 1 > *deep ? to->deep + 1 : *deep;
    }
    return *deep > MCD_SVG_DEPTH ? INFINITY : drawn;
}

double mcd_svg_uses_count(const struct mcd_svg_uses *u)
{
    struct count c = {.uses = u};
    if (u->references == 0)
        return (double)u->elements;
    c.name = calloc(u->elements, sizeof *c.name);
    if (!c.name)
        return -1;
    find_names(&c);
    unsigned deep;
    double drawn = drawn_by(&c, 0, 0, &deep);
    free(c.name);
    return drawn;
}
