/* The header of an NPY file: a small, strict reader of the one dictionary that NumPy writes. */
#include "core/io/npy_header.h"

#include "core/base/error.h"
#include "core/io/endian.h"
#include "core/io/place.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *text;
    uint32_t type;
} descriptions[] = {
    {"f4", MCD_F32}, {"f8", MCD_F64}, {"u1", MCD_U8}, {"i4", MCD_I32}, {"i8", MCD_I64},
};

enum { DESCRIPTIONS = sizeof descriptions / sizeof descriptions[0] };

/* Reads forward through the dictionary; `name` and `begin` are for messages. */
struct cursor {
    const unsigned char *begin, *p, *end;
    const char *name;
    struct mcd_error *e;
};

static int fail(const struct cursor *c, const unsigned char *at, const char *expected)
{
    size_t left = (size_t)(c->end - at);
    if (left == 0)
        return mcd_fail(c->e, MCD_INVALID, mcd_place_byte(c->name, (size_t)(at - c->begin)).text,
                        "the header ends, expected %s", expected);
    return mcd_fail(c->e, MCD_INVALID, mcd_place_byte(c->name, (size_t)(at - c->begin)).text,
                    "the header has '%s', expected %s", mcd_show(at, left < 12 ? left : 12).text,
                    expected);
}

static void skip_space(struct cursor *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\n' || *c->p == '\r'))
        c->p++;
}

/* Takes the character if it comes next. */
static int take(struct cursor *c, char wanted)
{
    skip_space(c);
    if (c->p == c->end || *c->p != (unsigned char)wanted)
        return 0;
    c->p++;
    return 1;
}

static int expect(struct cursor *c, char wanted, const char *expected)
{
    return take(c, wanted) ? MCD_OK : fail(c, c->p, expected);
}

/* A quoted string without escapes: none of those that matter has any. */
static int parse_string(struct cursor *c, const unsigned char **text, size_t *length,
                        const char *expected)
{
    skip_space(c);
    const unsigned char *open = c->p;
    if (open == c->end || (*open != '\'' && *open != '"'))
        return fail(c, open, expected);
    const unsigned char *close = memchr(open + 1, *open, (size_t)(c->end - open - 1));
    if (!close)
        return fail(c, c->end, "a closing quote");
    *text = open + 1;
    *length = (size_t)(close - *text);
    c->p = close + 1;
    return MCD_OK;
}

static int parse_descr(struct cursor *c, struct mcd_npy_header *h)
{
    const unsigned char *text = NULL;
    size_t length = 0;
    int status = parse_string(c, &text, &length, "a quoted dtype like '<f4'");
    if (status)
        return status;
    if (length == 3 && strchr("<>|=", text[0]))
        for (size_t i = 0; i < DESCRIPTIONS; i++)
            if (memcmp(text + 1, descriptions[i].text, 2) == 0)
                h->type = descriptions[i].type;
    if (h->type && (text[0] != '|' || h->type == MCD_U8)) {
        h->little = text[0] == '<' || (text[0] == '=' && mcd_host_is_little());
        return MCD_OK;
    }
    return mcd_fail(c->e, MCD_INVALID, mcd_place_byte(c->name, (size_t)(text - c->begin)).text,
                    "dtype '%s' is not supported: expected f4, f8, u1, i4 or i8 after < or >",
                    mcd_show(text, length).text);
}

static int take_word(struct cursor *c, const char *word)
{
    size_t length = strlen(word);
    skip_space(c);
    if ((size_t)(c->end - c->p) < length || memcmp(c->p, word, length) != 0)
        return 0;
    c->p += length;
    return 1;
}

static int parse_fortran(struct cursor *c, struct mcd_npy_header *h)
{
    h->fortran = take_word(c, "True");
    if (h->fortran || take_word(c, "False"))
        return MCD_OK;
    return fail(c, c->p, "True or False");
}

static int parse_extent(struct cursor *c, int64_t *extent)
{
    skip_space(c);
    const unsigned char *first = c->p;
    *extent = 0;
    for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++)
        if (__builtin_mul_overflow(*extent, 10, extent) ||
            __builtin_add_overflow(*extent, *c->p - '0', extent))
            return fail(c, first, "an extent below 2^63");
    return c->p > first ? MCD_OK : fail(c, first, "an extent or ')'");
}

/* A tuple: (), (3,), (3, 4) or (3, 4,). (3) is a number in Python, so it is refused. */
static int parse_shape(struct cursor *c, struct mcd_npy_header *h)
{
    int status = expect(c, '(', "a shape like (10, 3)"), comma = 1;
    while (status == MCD_OK && !take(c, ')')) {
        if (!comma)
            return fail(c, c->p, "',' or ')' in the shape");
        if (h->rank == MCD_MAX_RANK)
            return fail(c, c->p, "at most 6 dimensions");
        status = parse_extent(c, &h->dim[h->rank++]);
        comma = take(c, ',');
    }
    if (status == MCD_OK && h->rank == 1 && !comma)
        return fail(c, c->p - 1, "',' after the only extent");
    return status;
}

static const struct {
    const char *key;
    int (*parse)(struct cursor *, struct mcd_npy_header *);
} entries[] = {{"descr", parse_descr}, {"fortran_order", parse_fortran}, {"shape", parse_shape}};

enum { ENTRIES = sizeof entries / sizeof entries[0] };

/* One `key: value`; `seen` has a bit for each key that came before. */
static int parse_entry(struct cursor *c, struct mcd_npy_header *h, unsigned *seen)
{
    const char *expected = "the keys 'descr', 'fortran_order' and 'shape', each once";
    const unsigned char *text = NULL;
    size_t length = 0;
    int status = parse_string(c, &text, &length, expected);
    if (status)
        return status;
    for (unsigned i = 0; i < ENTRIES; i++) {
        if (length != strlen(entries[i].key) || memcmp(text, entries[i].key, length) != 0)
            continue;
        if (*seen & 1u << i)
            break;
        *seen |= 1u << i;
        status = expect(c, ':', "':' after the key");
        return status ? status : entries[i].parse(c, h);
    }
    return fail(c, text, expected);
}

static int parse_dictionary(struct cursor *c, struct mcd_npy_header *h)
{
    unsigned seen = 0;
    int status = expect(c, '{', "a dictionary in braces"), comma = 1;
    while (status == MCD_OK && !take(c, '}')) {
        if (!comma)
            return fail(c, c->p, "',' or '}'");
        status = parse_entry(c, h, &seen);
        comma = take(c, ',');
    }
    if (status)
        return status;
    for (unsigned i = 0; i < ENTRIES; i++)
        if (!(seen & 1u << i))
            return mcd_fail(c->e, MCD_INVALID, mcd_place_file(c->name).text,
                            "the header has no key '%s'", entries[i].key);
    skip_space(c);
    return c->p == c->end ? MCD_OK : fail(c, c->p, "spaces to its end");
}

/* Magic, version and length: where the dictionary lies. */
static int parse_preamble(struct cursor *c, size_t size)
{
    const unsigned char *p = c->begin;
    if (size < 10 || memcmp(p, "\x93NUMPY", 6) != 0)
        return mcd_fail(c->e, MCD_INVALID, mcd_place_byte(c->name, 0).text,
                        "not an NPY file: expected \\x93NUMPY and a header");
    if (p[6] < 1 || p[6] > 3 || p[7] != 0)
        return mcd_fail(c->e, MCD_INVALID, mcd_place_byte(c->name, 6).text,
                        "NPY version %d.%d is not supported: expected 1.0, 2.0 or 3.0", p[6], p[7]);
    size_t field = p[6] == 1 ? 2 : 4, start = 8 + field;
    size_t length = size < start ? 0 : (size_t)mcd_load_little(p + 8, field);
    if (size < start || length > size - start)
        return mcd_fail(c->e, MCD_INVALID, mcd_place_byte(c->name, 8).text,
                        "the file is cut in the header: %zu bytes, expected %zu", size,
                        start + length);
    c->p = p + start;
    c->end = c->p + length;
    return MCD_OK;
}

int mcd_npy_header_parse(const unsigned char *bytes, size_t size, const char *name,
                         struct mcd_npy_header *h, struct mcd_error *e)
{
    struct cursor c = {.begin = bytes, .name = name, .e = e};
    *h = (struct mcd_npy_header){0};
    int status = parse_preamble(&c, size);
    if (status == MCD_OK)
        status = parse_dictionary(&c, h);
    if (status == MCD_OK)
        h->start = (size_t)(c.end - bytes);
    return status;
}

static const char *describe(uint32_t type)
{
    for (size_t i = 0; i < DESCRIPTIONS; i++)
        if (descriptions[i].type == type)
            return descriptions[i].text;
    return "";
}

size_t mcd_npy_header_format(const struct mcd_npy_header *h, char text[MCD_NPY_HEADER_MAX])
{
    char order = h->type == MCD_U8 ? '|' : mcd_host_is_little() ? '<' : '>';
    size_t n = 10, max = MCD_NPY_HEADER_MAX;
    n += (size_t)snprintf(text + n, max - n, "{'descr': '%c%s', 'fortran_order': False, 'shape': (",
                          order, describe(h->type));
    for (uint32_t i = 0; i < h->rank; i++)
        n += (size_t)snprintf(text + n, max - n, "%s%" PRId64, i ? ", " : "", h->dim[i]);
    n += (size_t)snprintf(text + n, max - n, "%s), }", h->rank == 1 ? "," : "");
    size_t length = (n + 1 + 63) / 64 * 64;
    memset(text + n, ' ', length - n);
    text[length - 1] = '\n';
    memcpy(text, "\x93NUMPY\1", 8);
    mcd_store_little((unsigned char *)text + 8, 2, length - 10);
    return length;
}
