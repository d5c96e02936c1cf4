/* Whether a constructor takes every value that its table allows, or refuses it in words. */
#include "core/base/host.h"
#include "core/check/life.h"
#include "core/check/maker.h"
#include "core/io/place.h"
#include "core/plugin/domain.h"

#include <stdio.h>

enum { MAX_LIST = 40, LONG_TEXT = 5000 };

/* ---- the table ------------------------------------------------------------------------------- */

static int has_value(const struct mcd_param *p)
{
    int64_t least, greatest;
    double lo, hi;
    switch (p->kind) {
    case MCD_INT:
    case MCD_INTS:
        return mcd_domain_ints(p->domain, &least, &greatest) == 0;
    case MCD_REAL:
        return mcd_domain_reals(p->domain, &lo, &hi) == 0;
    default:
        return 1;
    }
}

/* The first choice that stands in the domain twice, its index from 0; -1 if there is none. */
static int repeated_choice(const char *domain)
{
    size_t length, other;
    const char *a, *b;
    for (int i = 0; (a = mcd_domain_nth(domain, i, &length)); i++)
        for (int j = 0; j < i && (b = mcd_domain_nth(domain, j, &other)); j++)
            if (length == other && memcmp(a, b, length) == 0)
                return i;
    return -1;
}

static int check_row(struct mcd_checking *c, const struct mcd_param *p)
{
    mcd_check_looked(c, 1);
    if (strchr(p->help, '\n'))
        return mcd_check_fail(c, p->name, "help in one line", "several lines");
    if (!has_value(p))
        return mcd_check_fail(c, p->name, "a domain with a value in it", "%s has none", p->domain);
    if (p->kind == MCD_ENUM && repeated_choice(p->domain) >= 0)
        return mcd_check_fail(c, p->name, "choices that differ", "one stands twice in %s",
                              p->domain);
    return 0;
}

/* ---- values ---------------------------------------------------------------------------------- */

/* Every way in which one failed creation can be wrong. */
static int judge(struct mcd_checking *c, const char *where, const char *name, int status,
                 const struct mcd_error *e)
{
    static const char expected[] = "an object, or a refusal in words";
    if (status == MCD_OK)
        return 0;
    if (mcd_maker_was_silent(status, e))
        return mcd_check_fail(c, where, expected, "status %d without a text", status);
    if (strchr(e->text, '\n') || strchr(e->where, '\n'))
        return mcd_check_fail(c, where, "a refusal of one line", "several lines: %s", e->text);
    if (status == MCD_INVALID && !strstr(e->where, name) && !strstr(e->text, name))
        return mcd_check_fail(c, where, "a refusal that names the parameter", "%s%s%s", e->where,
                              *e->where ? ": " : "", e->text);
    if (status != MCD_INVALID && status != MCD_NOMEM && status != MCD_UNSUPPORTED &&
        status != MCD_DEVICE)
        return mcd_check_fail(c, where, expected, "status %d, %s", status, e->text);
    return 0;
}

/* One creation with parameter i as `value`, the others as they are checked. */
static int try_value(struct mcd_checking *c, const struct mcd_maker *m, uint32_t i,
                     union mcd_value value)
{
    const struct mcd_param *p = &m->args.table[i];
    union mcd_value usual = m->args.value[i];
    struct mcd_error e = {0};
    char where[160], written[100];
    void *self;
    uint64_t before = mcd_host_live(m->host);
    mcd_value_write(p, &value, written, sizeof written);
    snprintf(where, sizeof where, "%s=%s", p->name, mcd_show_text(written).text);
    m->args.value[i] = value;
    int status = mcd_maker_create(m, &self, &e);
    if (status == MCD_OK)
        mcd_maker_destroy(m, self);
    m->args.value[i] = usual;
    mcd_check_looked(c, 1);
    if (status != MCD_OK && mcd_host_live(m->host) != before) /* else it is destroy's mistake */
        return mcd_check_fail(c, where, "no memory is left behind", "%lld allocations are left",
                              (long long)(mcd_host_live(m->host) - before));
    return judge(c, where, p->name, status, &e);
}

static void try_whole(struct mcd_checking *c, const struct mcd_maker *m, uint32_t i)
{
    const struct mcd_param *p = &m->args.table[i];
    int64_t end[2];
    mcd_domain_ints(p->domain, &end[0], &end[1]);
    for (int k = 0; k < 2; k++) {
        int64_t list[MAX_LIST];
        for (int n = 0; n < MAX_LIST; n++)
            list[n] = end[k];
        if (p->kind == MCD_INT) {
            try_value(c, m, i, (union mcd_value){.whole = end[k]});
            continue;
        }
        try_value(c, m, i, (union mcd_value){.ints = {1, list}});
        try_value(c, m, i, (union mcd_value){.ints = {MAX_LIST, list}});
    }
}

static void try_real(struct mcd_checking *c, const struct mcd_maker *m, uint32_t i)
{
    double end[2];
    mcd_domain_reals(m->args.table[i].domain, &end[0], &end[1]);
    for (int k = 0; k < 2; k++)
        try_value(c, m, i, (union mcd_value){.real = end[k]});
}

static void try_choices(struct mcd_checking *c, const struct mcd_maker *m, uint32_t i)
{
    const struct mcd_param *p = &m->args.table[i];
    size_t length;
    int count = 2;
    if (p->kind == MCD_ENUM)
        for (count = 0; mcd_domain_nth(p->domain, count, &length);)
            count++;
    for (int k = 0; k < count; k++)
        try_value(c, m, i, (union mcd_value){.choice = k});
}

static void try_texts(struct mcd_checking *c, const struct mcd_maker *m, uint32_t i)
{
    char long_text[LONG_TEXT + 1];
    const char *const texts[] = {"", "%s%n", "\\ \" , : =", long_text};
    memset(long_text, 'a', LONG_TEXT);
    long_text[LONG_TEXT] = '\0';
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
        try_value(c, m, i, (union mcd_value){.text = texts[k]});
}

static void try_parameter(struct mcd_checking *c, const struct mcd_maker *m, uint32_t i)
{
    switch (m->args.table[i].kind) {
    case MCD_INT:
    case MCD_INTS:
        try_whole(c, m, i);
        break;
    case MCD_REAL:
        try_real(c, m, i);
        break;
    case MCD_TEXT:
        try_texts(c, m, i);
        break;
    default:
        try_choices(c, m, i);
    }
}

void mcd_check_parameters(struct mcd_checking *c)
{
    struct mcd_maker m;
    if (mcd_maker_open(c, &m) == 0) {
        if (m.args.count == 0)
            mcd_check_skip(c, "it has none");
        for (uint32_t i = 0; i < m.args.count; i++)
            if (check_row(c, &m.args.table[i]) == 0)
                try_parameter(c, &m, i);
    }
    mcd_maker_close(&m);
}
