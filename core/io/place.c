/* Places in files and pieces of files for error messages: always one line, always short enough. */
#include "core/io/place.h"

#include <stdio.h>
#include <string.h>

static struct mcd_place place(const char *path, const char *rest)
{
    struct mcd_place p;
    size_t length = strlen(path), tail = strlen(rest), room = sizeof p.text - 1 - tail;
    size_t kept = length < room ? length : room;
    memcpy(p.text, path + length - kept, kept);
    memcpy(p.text + kept, rest, tail + 1);
    if (kept < length)
        memcpy(p.text, "...", 3);
    return p;
}

struct mcd_place mcd_place_file(const char *path)
{
    return place(path, "");
}

struct mcd_place mcd_place_byte(const char *path, size_t offset)
{
    char rest[40];
    snprintf(rest, sizeof rest, ": byte %zu", offset);
    return place(path, rest);
}

struct mcd_place mcd_place_line(const char *path, size_t line, size_t column)
{
    char rest[64];
    snprintf(rest, sizeof rest, ": line %zu, column %zu", line, column);
    return place(path, rest);
}

struct mcd_place mcd_place_item(const char *path, const char *name)
{
    char rest[60];
    snprintf(rest, sizeof rest, ": %s", mcd_show_text(name).text);
    return place(path, rest);
}

struct mcd_place mcd_place_member(const char *path, const char *member)
{
    char rest[90];
    size_t length = strlen(member), kept = length < 80 ? length : 80;
    if (length == 0)
        return place(path, "");
    snprintf(rest, sizeof rest, ": %s%s", kept < length ? "..." : "", member + length - kept);
    return place(path, rest);
}

struct mcd_shown mcd_show(const void *bytes, size_t size)
{
    struct mcd_shown s;
    const unsigned char *p = bytes;
    size_t n = size < 40 ? size : 40;
    for (size_t i = 0; i < n; i++)
        s.text[i] = (char)(p[i] >= 0x20 && p[i] < 0x7f ? p[i] : '?');
    snprintf(s.text + n, sizeof s.text - n, "%s", size > n ? "..." : "");
    return s;
}

struct mcd_shown mcd_show_text(const char *text)
{
    return mcd_show(text, strlen(text));
}
