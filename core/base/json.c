/* JSON in memory: text from it, and why jansson returned NULL. */
#include "core/base/json.h"

#include <mcdrop/error.h>

#include <stdint.h>
#include <stdlib.h>

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

/*
 * Reads twice. For lack of memory jansson 2.14 may drop a character of a string and call that
 * success, or call it bad syntax: both will not happen twice in the same way.
 */
int mcd_json_parse(const char *text, size_t size, json_t **json, json_error_t *reason)
{
    json_t *first = json_loadb(text, size, JSON_REJECT_DUPLICATES, reason);
    json_t *second = json_loadb(text, size, JSON_REJECT_DUPLICATES, first ? NULL : reason);
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
