/* JSON in memory: text from it, and why jansson returned NULL. */
#include "core/base/json.h"

#include <mcdrop/error.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * Not json_dumps: in jansson 2.14 it loses a key when its buffer cannot grow, and calls that
 * success. json_dumpb needs no buffer of its own.
 */
char *mcd_json_text(const json_t *json, size_t flags, size_t *size)
{
    size_t length = json ? json_dumpb(json, NULL, 0, flags) : 0;
    char *text = length > 0 ? malloc(length / 8 * 8 + 8) : NULL;
    if (!text || json_dumpb(json, text, length, flags) != length) {
        free(text);
        return NULL;
    }
    text[length] = '\0';
    if (size)
        *size = length;
    return text;
}

static int has_memory(size_t size)
{
    void *memory = malloc(size);
    free(memory);
    return memory != NULL;
}

/* Most bytes between two quotation marks. */
static size_t longest_string(const char *text, size_t size)
{
    size_t longest = 0, begin = 0;
    for (size_t i = 0; i < size; i++)
        if (text[i] == '\\') {
            i++;
        } else if (text[i] == '"') {
            longest = i - begin > longest ? i - begin : longest;
            begin = i;
        }
    return longest;
}

/*
 * Puts a plain string before the text, on a line of its own, which makes jansson's buffer as long
 * as any of the strings needs. To be freed; NULL for lack of memory.
 */
static char *guarded(const char *text, size_t size, size_t pad, size_t *length)
{
    char *all = malloc(pad + size + 16), *at = all;
    if (!all)
        return NULL;
    *at++ = '[';
    *at++ = '"';
    memset(at, 'a', pad);
    at += pad;
    memcpy(at, "\",\n", 3);
    memcpy(at + 3, text, size);
    memcpy(at + 3 + size, "\n]", 2);
    *length = (size_t)(at - all) + 3 + size + 2;
    return all;
}

/*
 * For lack of memory jansson 2.14 drops the character for which its buffer would have had to grow.
 * Where that is the one after a backslash it aborts the program, where it is a closing quotation
 * mark it writes beyond its memory. So the buffer grows before, at a string that cannot hurt: it
 * grows where its length is a power of two less one, where this string does not end.
 */
static json_t *load(const char *text, size_t size, json_error_t *reason)
{
    size_t pad = longest_string(text, size) + 64, length = 0;
    if (((pad + 2) & (pad + 1)) == 0)
        pad++;
    char *all = guarded(text, size, pad, &length);
    if (reason)
        memset(reason, 0, sizeof *reason);
    json_t *list = all ? json_loadb(all, length, JSON_REJECT_DUPLICATES, reason) : NULL;
    json_t *found = NULL;
    free(all);
    if (json_array_size(list) == 2 && json_string_length(json_array_get(list, 0)) == pad)
        found = json_incref(json_array_get(list, 1));
    else if (json_array_size(list) > 2 && reason)
        strcpy(reason->text, "one value expected");
    if (reason && reason->line > 1)
        reason->line--;
    json_decref(list);
    return found;
}

/*
 * Reads twice. For lack of memory jansson 2.14 may drop a character of a string and call that
 * success, or call it bad syntax: both will not happen twice in the same way.
 */
int mcd_json_parse(const char *text, size_t size, json_t **json, json_error_t *reason)
{
    json_t *first = load(text, size, reason);
    json_t *second = load(text, size, first ? NULL : reason);
    int same = first && second && json_equal(first, second), neither = !first && !second;
    json_decref(second);
    *json = same ? first : NULL;
    if (same)
        return MCD_OK;
    json_decref(first);
    int no_memory = reason->text[0] == '\0' || json_error_code(reason) == json_error_out_of_memory;
    return neither && !no_memory && has_memory(size + 65536) ? MCD_INVALID : MCD_NOMEM;
}

/* Bytes of the character at `p`, 0 if it is none. */
static int character(const unsigned char *p)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    int length = p[0] < 0x80 ? 1 : p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (length < 2 || p[0] > 0xf4)
        return length == 1;
    uint32_t code = p[0] & (0x7fu >> length);
    for (int i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3f);
    }
    return code >= least[length] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? length
                                                                                         : 0;
}

int mcd_json_is_text(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    while (*p) {
        int length = character(p);
        if (length == 0)
            return 0;
        p += length;
    }
    return 1;
}

json_t *mcd_json_real(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

json_t *mcd_json_natural(uint64_t x)
{
    return x <= INT64_MAX ? json_integer((json_int_t)x)
                          : json_sprintf("%llu", (unsigned long long)x);
}

json_t *mcd_json_complete(json_t *built, int failed)
{
    if (!failed)
        return built;
    json_decref(built);
    return NULL;
}
