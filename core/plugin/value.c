/* Values of parameters: from text and back. */
#include "core/plugin/value.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/base/number.h"
#include "core/io/place.h"
#include "core/plugin/domain.h"

#include <inttypes.h>
#include <stdio.h>

const char *mcd_kind_name(uint32_t kind)
{
    static const char *const names[] = {NULL, "int", "real", "bool", "enum", "text", "ints"};
    return kind <= MCD_INTS ? names[kind] : NULL;
}

/* "relu|tanh|gelu" as "relu, tanh or gelu". */
static void write_choices(const char *domain, char *to, size_t room)
{
    size_t length, next, used = 0;
    const char *choice;
    for (int i = 0; used < room && (choice = mcd_domain_nth(domain, i, &length)); i++) {
        const char *between = mcd_domain_nth(domain, i + 1, &next) ? ", " : " or ";
        used += (size_t)snprintf(to + used, room - used, "%s%.*s", i ? between : "", (int)length,
                                 choice);
    }
}

struct mcd_wanted mcd_value_wanted(const struct mcd_param *p)
{
    static const char *const words[] = {
        [MCD_INT] = "a whole number",
        [MCD_REAL] = "a number",
        [MCD_BOOL] = "yes or no",
        [MCD_TEXT] = "a text",
        [MCD_INTS] = "whole numbers joined by x, such as 2x3, each",
    };
    struct mcd_wanted w = {""};
    int is_number = p->kind == MCD_INT || p->kind == MCD_REAL || p->kind == MCD_INTS;
    if (p->kind == MCD_ENUM && p->domain)
        write_choices(p->domain, w.text, sizeof w.text);
    else if (is_number && p->domain)
        snprintf(w.text, sizeof w.text, "%s in %s", words[p->kind], p->domain);
    else if (p->kind == MCD_INTS)
        snprintf(w.text, sizeof w.text, "whole numbers joined by x, such as 2x3");
    else if (mcd_kind_name(p->kind) && words[p->kind])
        snprintf(w.text, sizeof w.text, "%s", words[p->kind]);
    return w;
}

/* The message for a text that is no value of `p`. */
static int refuse(const char *where, const struct mcd_param *p, const char *text,
                  struct mcd_error *e)
{
    return mcd_fail(e, MCD_INVALID, where, "'%s': expected %s", mcd_show_text(text).text,
                    mcd_value_wanted(p).text);
}

/* What the answers of domain.h mean for a value. */
static int judge(enum mcd_inside inside, const char *where, const struct mcd_param *p,
                 const char *text, struct mcd_error *e)
{
    if (inside == MCD_DOMAIN_BROKEN)
        return mcd_fail(e, MCD_UNSUPPORTED, where,
                        "domain '%s' cannot be read: expected \"[lo, hi]\"", p->domain);
    return inside == MCD_INSIDE ? MCD_OK : refuse(where, p, text, e);
}

static int parse_int(const char *where, const struct mcd_param *p, const char *text, int64_t *value,
                     struct mcd_error *e)
{
    enum mcd_number number = mcd_number_int(text, value);
    if (number == MCD_NUMBER_OVERFLOW)
        return mcd_fail(e, MCD_INVALID, where, "%s does not fit into 64 bits: expected %s",
                        mcd_show_text(text).text, mcd_value_wanted(p).text);
    if (number != MCD_NUMBER_OK)
        return refuse(where, p, text, e);
    return judge(mcd_domain_has_int(p->domain, *value), where, p, text, e);
}

static int parse_real(const char *where, const struct mcd_param *p, const char *text, double *value,
                      struct mcd_error *e)
{
    if (mcd_number_real(text, value) != MCD_NUMBER_OK)
        return refuse(where, p, text, e);
    return judge(mcd_domain_has_real(p->domain, *value), where, p, text, e);
}

static int parse_bool(const char *where, const struct mcd_param *p, const char *text, int *value,
                      struct mcd_error *e)
{
    *value = strcmp(text, "yes") == 0;
    return *value || strcmp(text, "no") == 0 ? MCD_OK : refuse(where, p, text, e);
}

static int parse_enum(const char *where, const struct mcd_param *p, const char *text, int *value,
                      struct mcd_error *e)
{
    *value = mcd_domain_choice(p->domain, text);
    if (*value == -2)
        return mcd_fail(e, MCD_UNSUPPORTED, where,
                        "domain '%s' cannot be read: expected \"first|second\"",
                        p->domain ? p->domain : "");
    return *value >= 0 ? MCD_OK : refuse(where, p, text, e);
}

/* Fills value[] with the numbers of "2x3"; `copy` is taken apart. */
static int parse_list(const char *where, const struct mcd_param *p, char *copy, int64_t *value,
                      struct mcd_error *e)
{
    int status = MCD_OK;
    for (char *next = copy, *x; status == MCD_OK && next; next = x) {
        x = strchr(next, 'x');
        if (x)
            *x++ = '\0';
        status = parse_int(where, p, next, value++, e);
    }
    return status;
}

static int parse_ints(const struct mcd_host *host, const char *where, const struct mcd_param *p,
                      const char *text, struct mcd_ints *ints, struct mcd_error *e)
{
    size_t count = 1;
    for (const char *x = text; *x; x++)
        count += *x == 'x';
    char *copy = mcd_host_strdup(host, text, e);
    int64_t *value = copy ? mcd_host_zalloc(host, count * sizeof *value, e) : NULL;
    int status = value ? parse_list(where, p, copy, value, e) : MCD_NOMEM;
    host->release(host, copy);
    if (status != MCD_OK)
        host->release(host, value);
    else
        *ints = (struct mcd_ints){(uint32_t)count, value};
    return status;
}

int mcd_value_parse(const struct mcd_host *host, const char *where, const struct mcd_param *p,
                    const char *text, union mcd_value *value, struct mcd_error *e)
{
    switch (p->kind) {
    case MCD_INT:
        return parse_int(where, p, text, &value->whole, e);
    case MCD_REAL:
        return parse_real(where, p, text, &value->real, e);
    case MCD_BOOL:
        return parse_bool(where, p, text, &value->choice, e);
    case MCD_ENUM:
        return parse_enum(where, p, text, &value->choice, e);
    case MCD_TEXT:
        value->text = text;
        return MCD_OK;
    case MCD_INTS:
        return parse_ints(host, where, p, text, &value->ints, e);
    default:
        return mcd_fail(e, MCD_UNSUPPORTED, where, "kind %u is not known", p->kind);
    }
}

void mcd_value_clear(const struct mcd_host *host, const struct mcd_param *p, union mcd_value *value)
{
    if (p->kind == MCD_INTS)
        host->release(host, (void *)(uintptr_t)value->ints.value);
    memset(value, 0, sizeof *value);
}

/* Appends to a buffer and counts what did not fit. */
struct writer {
    char *to;
    size_t room, used;
};

static void put(struct writer *w, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++, w->used++)
        if (w->used + 1 < w->room)
            w->to[w->used] = text[i];
}

static void put_quoted(struct writer *w, const char *text)
{
    put(w, "\"", 1);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            put(w, "\\", 1);
        put(w, text, 1);
    }
    put(w, "\"", 1);
}

static void put_int(struct writer *w, int64_t x)
{
    char digits[24];
    put(w, digits, (size_t)snprintf(digits, sizeof digits, "%" PRId64, x));
}

static void put_value(struct writer *w, const struct mcd_param *p, const union mcd_value *value)
{
    size_t length = 0;
    const char *choice;
    switch (p->kind) {
    case MCD_INT:
        put_int(w, value->whole);
        break;
    case MCD_REAL:
        put(w, mcd_number_show(value->real).text, strlen(mcd_number_show(value->real).text));
        break;
    case MCD_BOOL:
        put(w, value->choice ? "yes" : "no", value->choice ? 3 : 2);
        break;
    case MCD_ENUM:
        choice = mcd_domain_nth(p->domain, value->choice, &length);
        put(w, choice, length);
        break;
    case MCD_TEXT:
        put_quoted(w, value->text);
        break;
    case MCD_INTS:
        for (uint32_t i = 0; i < value->ints.count; i++) {
            put(w, "x", i > 0);
            put_int(w, value->ints.value[i]);
        }
        break;
    }
}

size_t mcd_value_write(const struct mcd_param *p, const union mcd_value *value, char *to,
                       size_t room)
{
    struct writer w = {to, room, 0};
    put_value(&w, p, value);
    if (room > 0)
        to[w.used < room ? w.used : room - 1] = '\0';
    return w.used;
}
