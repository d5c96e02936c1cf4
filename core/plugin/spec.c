/* The parser of specifications. It works in a copy of the text, which only ever gets shorter. */
#include "core/plugin/spec.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/io/place.h"

/* Not isalnum, which follows the user's locale. */
static int is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Length of the name's characters at the start of `text`; "." and ".." are no names. */
static size_t name_length(const char *text)
{
    size_t n = 0;
    while (is_word(text[n]) || (n > 0 && (text[n] == '-' || text[n] == '.')))
        n++;
    return n;
}

static int ends_in_so(const char *name, size_t length)
{
    return length >= 3 && memcmp(name + length - 3, ".so", 3) == 0;
}

/* A name that kept a .so would lose it the next time that it is read. */
static int parse_name(char *text, struct mcd_spec *spec, struct mcd_error *e)
{
    char *slash = strrchr(text, '/');
    char *name = slash ? slash + 1 : text;
    size_t length = strlen(name);
    if (ends_in_so(name, length))
        name[length -= 3] = '\0';
    if (length == 0 || name_length(name) != length || ends_in_so(name, length))
        return mcd_fail(e, MCD_INVALID, mcd_show_text(text).text,
                        "not a plugin's name: expected NAME, NAME.so or DIR/NAME.so, perhaps "
                        "followed by :key=value,key=value");
    spec->path = slash ? text : NULL;
    spec->name = name;
    return MCD_OK;
}

/* Removes quotes and backslashes in place. Returns what follows, NULL without a closing quote. */
static char *unquote(char *text)
{
    char *to = text, *from = text + 1;
    while (*from && *from != '"') {
        if (*from == '\\' && (from[1] == '"' || from[1] == '\\'))
            from++;
        *to++ = *from++;
    }
    if (!*from)
        return NULL;
    *to = '\0';
    return from + 1;
}

/* Reads key=value at *cursor and moves it to the next one, or to NULL after the last. */
static int parse_setting(char **cursor, struct mcd_spec *spec, struct mcd_error *e)
{
    char *key = *cursor, *equals = key;
    while (is_word(*equals))
        equals++;
    if (equals == key || *equals != '=')
        return mcd_fail(e, MCD_INVALID, spec->name, "'%s': expected key=value",
                        mcd_show(key, strcspn(key, ",")).text);
    *equals = '\0';
    char *value = equals + 1, *end = value + strcspn(value, ",\"");
    if (*value == '"' && !(end = unquote(value)))
        return mcd_fail(e, MCD_INVALID, spec->name, "%s: the closing quote is missing",
                        mcd_show_text(key).text);
    if (*end && *end != ',')
        return mcd_fail(e, MCD_INVALID, spec->name,
                        "%s: quotes must stand around the whole value: %s=\"...\"",
                        mcd_show_text(key).text, mcd_show_text(key).text);
    *cursor = *end ? end + 1 : NULL;
    *end = '\0';
    spec->setting[spec->count++] = (struct mcd_setting){key, value};
    return MCD_OK;
}

static int parse(struct mcd_spec *spec, struct mcd_error *e)
{
    char *cursor = strchr(spec->text, ':');
    if (cursor)
        *cursor++ = '\0';
    int status = parse_name(spec->text, spec, e);
    while (status == MCD_OK && cursor)
        status = parse_setting(&cursor, spec, e);
    return status;
}

/* Refuses what would break a line of a log or a file. */
static int check_characters(const char *text, struct mcd_error *e)
{
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return mcd_fail(e, MCD_INVALID, mcd_show_text(text).text,
                            "character %td is a control character", p - text + 1);
    return MCD_OK;
}

int mcd_spec_parse(const struct mcd_host *host, const char *text, struct mcd_spec *spec,
                   struct mcd_error *e)
{
    *spec = (struct mcd_spec){0};
    size_t room = 0; /* every setting has an equals sign */
    for (const char *p = text; *p; p++)
        room += *p == '=';
    int status = check_characters(text, e);
    if (status != MCD_OK)
        return status;
    spec->text = mcd_host_strdup(host, text, e);
    spec->setting = mcd_host_zalloc(host, room * sizeof *spec->setting, e);
    status = spec->text && spec->setting ? parse(spec, e) : MCD_NOMEM;
    if (status != MCD_OK)
        mcd_spec_clear(host, spec);
    return status;
}

void mcd_spec_clear(const struct mcd_host *host, struct mcd_spec *spec)
{
    host->release(host, spec->setting);
    host->release(host, spec->text);
    *spec = (struct mcd_spec){0};
}
